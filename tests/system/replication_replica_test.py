"""A replica of a redis-server: it takes a snapshot, follows the stream, resumes after losses, is promoted; and it stands
what a broken primary sends."""

import os
import random
import signal
import socket
import threading
import time

from tests.support import resp, sample_values, servers

CROSSES_THREADS = True

DEBUG = ["--enable-debug-command", "yes"]
FUNCTION = ("#!lua name=lib\nredis.register_function('seven', function(keys) redis.call('set', keys[1], 7) "
            "return 7 end)")
READONLY = (b"-", b"READONLY You can't write against a read only replica.")
MASTERDOWN = (b"-", b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")


def _redis(lab, *args):
    redis = servers.oracle(lab.build, [*DEBUG, "--repl-diskless-sync-delay", "0", *map(str, args)])
    lab.started.append(redis)
    return redis


def _ours(lab, *args):
    return lab.start(*DEBUG, *args)


def _follow(lab, ours, primary, seconds=30.0):
    with ours.connect() as connection:
        assert connection.call("REPLICAOF", "127.0.0.1", str(primary.port)) == (b"+", b"OK")
    _wait_until_up(lab, ours, seconds)


def _wait_until_up(lab, ours, seconds=30.0):
    lab.eventually(lambda: ours.info("replication").get("master_link_status") == "up", seconds)


def _digest(server):
    with server.connect(timeout=60) as connection:
        return connection.call("DEBUG", "DIGEST")[1]


def _offset(server):
    return int(server.info("replication")["master_repl_offset"])


def _wait_until_equal(lab, ours, primary, seconds=30.0):
    """Waits until the replica has applied what the primary has recorded, and compares the data."""
    lab.eventually(lambda: _offset(ours) >= _offset(primary), seconds)
    if _digest(ours) == _digest(primary):
        return
    # Something was recorded meanwhile, such as an expired key.
    lab.eventually(lambda: _offset(ours) == _offset(primary) and _digest(ours) == _digest(primary), seconds)


def _values(server):
    """What clients see. (Of some scores and encodings Redis 7.0 and this server make different digests.)"""
    with server.connect(timeout=30) as connection:
        values = {key: sample_values.shown(connection, key)[0] for key in sample_values.keys(connection)}
        deadlines = {key: connection.call("PEXPIRETIME", key)[1] for key in values}
        sizes = [line for line in connection.call("INFO", "keyspace")[1].decode().split() if line.startswith("db")]
        return values, deadlines, [size.split(",avg_ttl")[0] for size in sizes]


def _wait_until_same_values(lab, ours, primary):
    lab.eventually(lambda: _offset(ours) >= _offset(primary))
    assert _values(ours) == _values(primary)


def _run(server, *commands):
    with server.connect(timeout=30) as connection:
        for command in commands:
            reply = connection.call(*command)
            assert reply[0] != b"-", (command, reply)


def _write_for(server, seconds, seed, wrong):
    """Changes of all kinds in several databases, until the time is over."""
    rand = random.Random(seed)
    until = time.monotonic() + seconds
    try:
        with server.connect(timeout=30) as connection, server.connect(timeout=30) as waiting:
            while time.monotonic() < until:
                connection.call("SELECT", str(rand.choice((0, 0, 0, 3, 9))))
                keys = [f"{seed}:{rand.randrange(200)}" for _ in range(3)]
                a, b, c = keys
                waiting.send("BLPOP", f"queue {seed}", "0.5")
                commands = (
                    ["SET", a, str(rand.random())], ["SET", f"t{a}", "v", "PX", str(rand.randrange(1, 300))],
                    ["DEL", a, b], ["INCR", f"n{a}"], ["APPEND", f"s{a}", "xyz"],
                    ["RPUSH", f"l{a}", a, b, c], ["LPOP", f"l{b}"], ["LMOVE", f"l{a}", f"l{b}", "LEFT", "RIGHT"],
                    ["SADD", f"set{a}", a, b, c], ["SPOP", f"set{b}", "2"], ["SUNIONSTORE", f"set{a}", f"set{b}", f"set{c}"],
                    ["ZADD", f"z{a}", str(rand.randrange(100)), b], ["ZPOPMIN", f"z{b}"],
                    ["HSET", f"h{a}", b, c], ["HINCRBY", f"hn{a}", "n", "3"], ["HDEL", f"h{b}", a],
                    ["XADD", f"x{a}", "MAXLEN", "~", "50", "*", "f", b],
                    ["MSET", a, "1", b, "2", c, "3"], ["RENAME", f"n{a}", f"n{b}"], ["COPY", a, f"c{b}"],
                    ["EVAL", "redis.call('set', KEYS[1], 1) redis.call('incr', KEYS[2]) redis.call('del', KEYS[3])",
                     "3", f"e{a}", f"e{b}", f"e{c}"],
                    ["PFADD", f"hll{a}", a, b], ["SETBIT", f"b{a}", "7", "1"], ["EXPIRE", f"s{b}", "1"],
                    ["LPUSH", f"queue {seed}", "for whoever waits"], ["PUBLISH", "news", "text"])
                for command in rand.sample(commands, 8):
                    connection.call(*command)
                connection.call("MULTI")
                for command in rand.sample(commands[:20], 3):
                    connection.call(*command)
                connection.call("EXEC")
                connection.call("LPUSH", f"queue {seed}", "x")
                waiting.read(5)
    except Exception as error:  # pylint: disable=broad-except
        wrong.append(error)


def _write_beside(server, seconds, work):
    """Runs `work` while two clients write; returns when they have ended."""
    wrong = []
    writers = [threading.Thread(target=_write_for, args=(server, seconds, seed, wrong)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    work()
    for writer in writers:
        writer.join()
    assert not wrong, wrong


def a_snapshot_of_a_redis_server_is_taken_with_values_of_all_types(lab):
    for args in (["--repl-diskless-sync", "yes"], ["--repl-diskless-sync", "no"]):
        redis = _redis(lab, *args)
        with redis.connect(timeout=30) as connection:
            sample_values.fill(connection)
        _run(redis, ["FUNCTION", "LOAD", FUNCTION], ["SELECT", "5"], ["SET", "elsewhere", "v"],
             ["SET", "deadline", "v", "PXAT", "33177117420000"])
        ours = _ours(lab)
        _run(ours, ["SET", "old", "data"])
        _follow(lab, ours, redis)
        _wait_until_same_values(lab, ours, redis)
        with ours.connect() as connection, redis.connect() as there:
            assert connection.call("FUNCTION", "LIST") == there.call("FUNCTION", "LIST")
            assert connection.call("EXISTS", "old") == (b":", b"0")
            assert connection.call("ROLE")[1][:4] == [
                (b"$", b"slave"), (b"$", b"127.0.0.1"), (b":", str(redis.port).encode()), (b"$", b"connected")]
        # The stream goes on in the database that it was in.
        _run(redis, ["SELECT", "5"], ["SET", "later", "v"], ["SELECT", "7"], ["SET", "later", "v"])
        _wait_until_same_values(lab, ours, redis)
        ours.stop()
        redis.stop()


def the_stream_is_followed_under_load_from_the_snapshot_on(lab):
    redis = _redis(lab)
    _run(redis, *[["SET", f"before {n}", "v" * 100] for n in range(2000)], ["FUNCTION", "LOAD", FUNCTION])
    ours = _ours(lab)
    _write_beside(redis, 6.0, lambda: _follow(lab, ours, redis))
    _run(redis, ["FCALL", "seven", "1", "by a function"], ["SWAPDB", "0", "3"], ["FUNCTION", "DELETE", "lib"],
         ["XADD", "stream", "*", "f", "v"], ["XGROUP", "CREATE", "stream", "group", "0"],
         ["XREADGROUP", "GROUP", "group", "me", "STREAMS", "stream", ">"])
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("FUNCTION", "LIST") == (b"*", [])
    _run(redis, ["SELECT", "9"], ["FLUSHDB"])
    _wait_until_equal(lab, ours, redis)
    _run(redis, ["FLUSHALL"])
    _wait_until_equal(lab, ours, redis)
    assert "CRITICAL" not in ours.log()


def a_lost_connection_is_resumed(lab):
    redis = _redis(lab, "--repl-backlog-size", "64mb")
    ours = _ours(lab)
    _follow(lab, ours, redis)

    def cut():
        for _ in range(4):
            time.sleep(0.7)
            with redis.connect() as connection:
                connection.call("CLIENT", "KILL", "TYPE", "replica")
            _wait_until_up(lab, ours)

    _write_beside(redis, 4.0, cut)
    _wait_until_up(lab, ours)
    _wait_until_equal(lab, ours, redis)
    assert "Successful partial resynchronization" in ours.log()
    assert int(redis.info("stats")["sync_full"]) == 1


def a_primary_that_starts_anew_is_synchronized_with_anew(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _run(redis, ["SET", "a", "1"])
    _follow(lab, ours, redis)
    _wait_until_equal(lab, ours, redis)
    redis.end(signal.SIGKILL)
    lab.eventually(lambda: ours.info("replication")["master_link_status"] == "down")
    assert int(ours.info("replication")["master_link_down_since_seconds"]) >= 0
    redis.begin()
    _run(redis, ["SET", "b", "2"])
    _wait_until_up(lab, ours)
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("EXISTS", "a") == (b":", b"0")


def an_empty_primary_does_not_empty_its_replica_unless_it_is_told_to(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _run(redis, ["SET", "a", "1"])
    _follow(lab, ours, redis)
    _wait_until_equal(lab, ours, redis)
    redis.end(signal.SIGKILL)
    redis.begin()
    lab.eventually(lambda: ours.info("replication").get("master_refused_empty") == "1")
    with ours.connect() as connection:
        assert connection.call("GET", "a") == (b"$", b"1")
        assert "has come back empty" in ours.log()
        reply = connection.call("REPLICAOF", "127.0.0.1", str(redis.port))
        assert reply == (b"+", b"OK Already connected to specified master")
    _wait_until_up(lab, ours)
    assert "master_refused_empty" not in ours.info("replication")
    with ours.connect() as connection:
        assert connection.call("DBSIZE") == (b":", b"0")
        assert connection.call("CONFIG", "SET", "replica-accept-empty-primary", "yes") == (b"+", b"OK")
    _run(redis, ["SET", "a", "2"])
    _wait_until_equal(lab, ours, redis)
    redis.end(signal.SIGKILL)
    redis.begin()
    lab.eventually(lambda: ours.info("keyspace").get("db0") is None)


def a_replica_is_promoted_and_comes_back(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _run(redis, ["SET", "a", "1"])
    _follow(lab, ours, redis)
    _wait_until_equal(lab, ours, redis)
    before = ours.info("replication")
    with ours.connect() as connection:
        assert connection.call("SET", "b", "2") == READONLY
        assert connection.call("REPLICAOF", "NO", "ONE") == (b"+", b"OK")
        assert connection.call("SET", "b", "2") == (b"+", b"OK")
        assert connection.call("ROLE")[1][0] == (b"$", b"master")
    info = ours.info("replication")
    assert info["role"] == "master" and info["master_replid2"] == before["master_replid"] != info["master_replid"]
    # The old name holds up to the promotion; what was written since is the new one's.
    assert int(before["master_repl_offset"]) < int(info["second_repl_offset"]) <= int(info["master_repl_offset"])
    # A promoted server expires its keys itself.
    _run(ours, ["SET", "short", "v", "PX", "50"])
    lab.eventually(lambda: ours.info("keyspace")["db0"].startswith("keys=2,"))
    _follow(lab, ours, redis)
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("EXISTS", "b") == (b":", b"0")


def a_promotion_under_load_ends_at_a_place_in_the_stream(lab):
    """Units over several keys are there as a whole or not at all, in the order of the stream."""
    redis = _redis(lab)
    for _ in range(3):
        ours = _ours(lab)
        _follow(lab, ours, redis)
        stops = threading.Event()

        def write():
            number = 0
            with redis.connect(timeout=30) as connection:
                while not stops.is_set():
                    number += 1
                    connection.send("MSET", *[text for n in range(8) for text in (f"key {n}", str(number))])
                    for n in range(8):
                        connection.send("SET", f"single {n}", str(number))
                    for _ in range(9):
                        connection.read(10)

        writer = threading.Thread(target=write)
        writer.start()
        with ours.connect() as connection:
            lab.eventually(lambda: connection.call("GET", "single 7")[1] is not None)
        time.sleep(0.3)
        with ours.connect() as connection:
            for command in (["MULTI"], ["SLAVEOF", "NO", "ONE"], ["CLIENT", "KILL", "TYPE", "normal"]):
                connection.send(*command)
            connection.send("EXEC")
            assert [connection.read(10)[0] for _ in range(4)][3] == b"*"
        stops.set()
        writer.join()
        with ours.connect() as connection:
            together = {connection.call("GET", f"key {n}")[1] for n in range(8)}
            assert len(together) == 1, together
            numbers = [int(connection.call("GET", f"single {n}")[1]) for n in range(8)]
            assert numbers == sorted(numbers, reverse=True) and numbers[0] - numbers[-1] <= 1, numbers
            assert int(next(iter(together))) in (numbers[0], numbers[0] + 1), (together, numbers)
        ours.stop()


def clients_of_a_replica_may_read_and_not_write(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _run(redis, ["SET", "a", "1"], ["RPUSH", "list", "x"])
    with ours.connect() as waiting:
        waiting.send("BLPOP", "nothing", "0")
        ours.settle(waiting)
        _follow(lab, ours, redis)
        assert waiting.read(5)[1] == (b"UNBLOCKED force unblock from blocking operation, instance state changed "
                                      b"(master -> replica?)")
        assert resp.is_closed(waiting)
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        for command in (["SET", "a", "2"], ["BLPOP", "list", "1"], ["FLUSHALL"], ["SPOP", "s"], ["SORT", "list"],
                        ["EVAL", "#!lua\nreturn 1", "0"]):
            assert connection.call(*command) == READONLY, command
        assert connection.call("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "a")[1].startswith(b"READONLY ")
        assert connection.call("EVAL", "return redis.call('get', KEYS[1])", "1", "a") == (b"$", b"1")
        assert connection.call("GET", "a") == (b"$", b"1")
        assert connection.call("MULTI") == (b"+", b"OK")
        assert connection.call("SET", "a", "2") == READONLY
        assert connection.call("EXEC")[1].startswith(b"EXECABORT ")
        # A writable replica has data of its own, which the primary does not see.
        assert connection.call("CONFIG", "SET", "replica-read-only", "no") == (b"+", b"OK")
        assert connection.call("SET", "own", "v") == (b"+", b"OK")
        assert connection.call("CONFIG", "SET", "replica-read-only", "yes") == (b"+", b"OK")
        assert connection.call("SET", "own", "w") == READONLY


def a_replica_whose_data_is_old_says_so_if_it_is_to(lab):
    redis = _redis(lab)
    ours = _ours(lab, "--replica-serve-stale-data", "no")
    _run(redis, ["SET", "a", "1"])
    _follow(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("GET", "a") == (b"$", b"1")
        redis.end(signal.SIGKILL)
        lab.eventually(lambda: connection.call("GET", "a") == MASTERDOWN)
        assert connection.call("PING") == MASTERDOWN
        assert connection.call("INFO", "server")[0] == b"$"
        assert connection.call("CONFIG", "SET", "replica-serve-stale-data", "yes") == (b"+", b"OK")
        assert connection.call("GET", "a") == (b"$", b"1")
        assert connection.call("CONFIG", "SET", "replica-serve-stale-data", "no") == (b"+", b"OK")
        assert connection.call("GET", "a") == MASTERDOWN
        assert connection.call("REPLICAOF", "NO", "ONE") == (b"+", b"OK")
        assert connection.call("GET", "a") == (b"$", b"1")


def a_replica_keeps_what_its_primary_keeps_whatever_its_own_limit_of_memory(lab):
    redis = _redis(lab)
    _run(redis, *[["SET", f"key {n}", "v" * 10000] for n in range(300)])
    ours = _ours(lab, "--maxmemory", "1mb", "--maxmemory-policy", "allkeys-lru")
    _follow(lab, ours, redis)
    _run(redis, *[["SET", f"more {n}", "v" * 10000] for n in range(300)])
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("DBSIZE") == (b":", b"600")
        # A limit that counts is kept to as soon as it counts.
        assert connection.call("CONFIG", "SET", "replica-ignore-maxmemory", "no") == (b"+", b"OK")
        lab.eventually(lambda: int(connection.call("DBSIZE")[1]) < 200)


def keys_expire_when_the_primary_says_so(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _follow(lab, ours, redis)
    _run(redis, ["DEBUG", "SET-ACTIVE-EXPIRE", "0"], ["SET", "short", "v", "PX", "100"])
    _wait_until_equal(lab, ours, redis)
    time.sleep(0.3)
    with ours.connect() as connection:
        assert connection.call("GET", "short") == (b"$", None)
        assert connection.call("EXISTS", "short") == (b":", b"0")
        assert connection.call("DBSIZE") == (b":", b"1")
        _run(redis, ["DEBUG", "SET-ACTIVE-EXPIRE", "1"])
        lab.eventually(lambda: connection.call("DBSIZE") == (b":", b"0"))
    _wait_until_equal(lab, ours, redis)


def messages_of_the_primary_reach_subscribers_of_the_replica(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _follow(lab, ours, redis)
    with ours.connect() as connection:
        connection.call("SUBSCRIBE", "news")
        _run(redis, ["PUBLISH", "news", "text"])
        assert connection.read(5)[1][2] == (b"$", b"text")


def wait_on_the_primary_counts_the_replica(lab):
    redis = _redis(lab)
    ours = _ours(lab)
    _follow(lab, ours, redis)
    with redis.connect() as connection:
        for n in range(20):
            connection.call("SET", f"k{n}", "v")
            assert connection.call("WAIT", "1", "5000") == (b":", b"1")
            with ours.connect() as there:
                assert there.call("GET", f"k{n}") == (b"$", b"v")


def clients_are_told_while_a_snapshot_is_loaded(lab):
    redis = _redis(lab)
    _run(redis, *[["SET", f"key {n}", "v"] for n in range(300)])
    ours = _ours(lab, "--key-load-delay", "10000")
    with ours.connect() as connection:
        connection.call("REPLICAOF", "127.0.0.1", str(redis.port))
        lab.eventually(lambda: connection.call("GET", "key 1")[1] is not None and
                       connection.call("GET", "key 1")[1].startswith(b"LOADING "))
        info = ours.info("persistence", "replication")
        assert info["loading"] == "1" and info["master_sync_in_progress"] == "1"
        # Whoever ends the server now has no half of the data saved.
        ours.end(signal.SIGTERM)
    assert ours.process.returncode == 0


def a_replica_that_is_killed_while_it_loads_begins_anew(lab):
    redis = _redis(lab)
    _run(redis, *[["SET", f"key {n}", "v"] for n in range(300)])
    ours = _ours(lab, "--key-load-delay", "2000", "--replicaof", f"127.0.0.1 {redis.port}")
    lab.eventually(lambda: ours.info("persistence")["loading"] == "1")
    ours.end(signal.SIGKILL)
    ours.begin()
    _wait_until_up(lab, ours)
    _wait_until_equal(lab, ours, redis)


def a_replica_with_a_log_has_what_it_followed_after_a_restart(lab):
    redis = _redis(lab)
    _run(redis, ["SET", "before", "v"])
    ours = _ours(lab, "--appendonly", "yes")
    _run(ours, ["SET", "old", "data"])
    _follow(lab, ours, redis)
    lab.eventually(lambda: ours.info("persistence")["aof_enabled"] == "1")
    _run(redis, ["SET", "later", "v"], ["MSET", "a", "1", "b", "2", "c", "3"])
    _wait_until_equal(lab, ours, redis)
    with ours.connect() as connection:
        assert connection.call("REPLICAOF", "NO", "ONE") == (b"+", b"OK")
    ours.end(signal.SIGTERM)
    ours.begin()
    assert _digest(ours) == _digest(redis)


def a_wrong_password_leaves_the_data_as_it_is(lab):
    redis = _redis(lab, "--requirepass", "secret")
    ours = _ours(lab, "--masterauth", "wrong")
    _run(ours, ["SET", "own", "data"])
    with ours.connect() as connection:
        connection.call("REPLICAOF", "127.0.0.1", str(redis.port))
        lab.eventually(lambda: "Unable to AUTH to MASTER" in ours.log())
        assert connection.call("GET", "own") == (b"$", b"data")
        connection.call("CONFIG", "SET", "masterauth", "secret")
        _wait_until_up(lab, ours)
        assert connection.call("EXISTS", "own") == (b":", b"0")


def the_configuration_names_the_present_primary(lab):
    redis = _redis(lab)
    folder = lab.folder()
    path = f"{folder}/kvstash.conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"replicaof 127.0.0.1 {redis.port}\n")
    ours = servers.Server([os.path.abspath(lab.binary), path], ["--shards", lab.shards, "--save", "", *DEBUG])
    lab.started.append(ours)
    _wait_until_up(lab, ours)
    with ours.connect() as connection:
        assert connection.call("CONFIG", "GET", "replicaof")[1][1] == (b"$", f"127.0.0.1 {redis.port}".encode())
        assert connection.call("REPLICAOF", "NO", "ONE") == (b"+", b"OK")
        assert connection.call("CONFIG", "REWRITE") == (b"+", b"OK")
        with open(path, encoding="ascii") as file:
            assert "replicaof" not in file.read()
        assert connection.call("REPLICAOF", "127.0.0.1", "1") == (b"+", b"OK")
        assert connection.call("CONFIG", "REWRITE") == (b"+", b"OK")
        with open(path, encoding="ascii") as file:
            assert "replicaof 127.0.0.1 1" in file.read()


class FakePrimary:
    """Answers one replica after the other with the given bytes behind its greeting, and closes."""

    def __init__(self, answers):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answers = answers
        self.served = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.served < len(self.answers):
            client, _ = self.socket.accept()
            client.settimeout(10)
            try:
                seen = b""
                while b"PSYNC" not in seen:
                    got = client.recv(4096)
                    if not got:
                        break
                    seen += got
                    for _ in range(got.count(b"PING") + got.count(b"REPLCONF")):
                        client.sendall(b"+OK\r\n")
                client.sendall(self.answers[self.served])
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):  # To close before the replica does could take back what it has not read.
                    pass
            except OSError:
                pass
            self.served += 1
            client.close()


def _snapshot_bytes(lab):
    redis = _redis(lab)
    _run(redis, ["SET", "theirs", "v"])
    with redis.connect() as connection:
        assert connection.call("REPLCONF", "capa", "eof", "capa", "psync2") == (b"+", b"OK")
        connection.send("PSYNC", "?", "-1")
        connection.socket.settimeout(5)
        seen = b""
        while seen.count(b"$EOF:") == 0 or seen.count(seen[seen.index(b"$EOF:") + 5:][:40]) < 2:
            seen += connection.socket.recv(65536)
    mark = seen[seen.index(b"$EOF:") + 5:][:40]
    return seen[seen.index(b"$EOF:") + 47:seen.rindex(mark)]


def a_primary_that_sends_garbage_does_no_harm(lab):
    full = b"+FULLRESYNC " + b"a" * 40 + b" 100\r\n"
    snapshot = _snapshot_bytes(lab)
    damaged = snapshot[:-20] + bytes([snapshot[-20] ^ 1]) + snapshot[-19:]
    sized = b"$%d\r\n"
    before_data = [
        b"garbage\r\n", b"-ERR no\r\n", b"+CONTINUE\r\n", b"+FULLRESYNC x y\r\n", full + b"$-5\r\n", full + b"*1\r\n",
        full + b"$5\r\nhello", full + sized % len(snapshot) + snapshot[:-3], full + sized % len(damaged) + damaged,
        full + sized % 3 + b"abc", full + b"$EOF:" + b"m" * 40 + b"\r\n" + snapshot[:20] + b"m" * 40,
        b"\x00" * 5000]
    fake = FakePrimary(before_data)
    ours = _ours(lab)
    _run(ours, ["SET", "own", "data"])
    with ours.connect() as connection:
        connection.call("REPLICAOF", "127.0.0.1", str(fake.port))
        lab.eventually(lambda: fake.served == len(before_data), 60)
        assert connection.call("GET", "own") == (b"$", b"data")
    # Behind a sound snapshot the stream is damaged, or says what no stream may say.
    sound = full + sized % len(snapshot) + snapshot
    streams = [
        sound + b"garbage\r\n", sound + b"*-1\r\n", sound + b"*1\r\n$4\r\nEXEC\r\n",
        sound + b"*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n",
        sound + b"".join(resp.encode(command) for command in (
            ["SHUTDOWN", "NOSAVE"], ["DEBUG", "SEGFAULT"], ["NO-SUCH-COMMAND", "x"], ["SET", "x"], ["SELECT", "999999"],
            ["SET", "lost", "v"], ["SELECT", "0"], ["EVAL", "return 1", "0"], ["SUBSCRIBE", "c"], ["BLPOP", "l", "0"],
            ["MIGRATE", "127.0.0.1", "1", "k", "0", "10"], ["REPLICAOF", "NO", "ONE"], ["CLIENT", "KILL", "TYPE", "normal"],
            ["AUTH", "x"], ["LPUSH", "theirs", "wrong type"], ["SET", "after", "v"]))]
    fake = FakePrimary(streams)
    with ours.connect() as connection:
        connection.call("REPLICAOF", "127.0.0.1", str(fake.port))
        lab.eventually(lambda: fake.served == len(streams), 60)
        lab.eventually(lambda: connection.call("GET", "after") == (b"$", b"v"))
        assert connection.call("GET", "theirs") == (b"$", b"v")
        assert connection.call("EXISTS", "lost") == (b":", b"0")
        assert "== CRITICAL ==" in ours.log()
        assert connection.call("REPLICAOF", "NO", "ONE") == (b"+", b"OK")
        assert connection.call("PING") == (b"+", b"PONG")
