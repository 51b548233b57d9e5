"""MIGRATE: keys that move to another server, to Redis and between servers of ours, while clients use them."""

import random
import select
import socket
import threading
import time

from tests.support import resp, sample_values, servers

CROSSES_THREADS = True

OK, NOKEY = (b"+", b"OK"), (b"+", b"NOKEY")
FAR_MS = "33177117420000"


def _start(lab, *args):
    return lab.start("--save", "", "--enable-debug-command", "yes", "--rdb-version", "10", *args)


def _redis(lab, *args):
    redis = servers.oracle(lab.build, ["--enable-debug-command", "yes", *args])
    lab.started.append(redis)
    return redis


def _digest(server):
    with server.connect(timeout=30) as connection:
        return connection.call("DEBUG", "DIGEST")[1]


def _values(server):
    with server.connect(timeout=30) as connection:
        keys = sample_values.keys(connection)
        return {key: (sample_values.shown(connection, key)[0], connection.call("PEXPIRETIME", key)[1]) for key in keys}


def _migrate(connection, target, *keys, db=0, timeout=5000, options=()):
    return connection.call("MIGRATE", "127.0.0.1", target.port, "", db, timeout, *options, "KEYS", *keys)


def everything_moves_to_redis_and_back(lab):
    ours, redis = _start(lab), _redis(lab)
    with ours.connect(timeout=30) as here, redis.connect(timeout=30) as there:
        sample_values.fill(here)
        here.call("SET", "deadline", "v", "PXAT", FAR_MS)
        before = _values(ours)
        keys = sorted(before)
        assert _migrate(here, redis, *keys) == OK
        assert here.call("DBSIZE") == (b":", b"0")
        moved = _values(redis)
        assert {key: value for key, value in moved.items() if key != b"deadline" and key != "deadline"} == {
            key: value for key, value in before.items() if key != b"deadline" and key != "deadline"}
        assert abs(int(there.call("PEXPIRETIME", "deadline")[1]) - int(FAR_MS)) < 5000
        for key in keys:
            assert there.call("MIGRATE", "127.0.0.1", ours.port, key, 0, 5000) == OK, key
        assert there.call("DBSIZE") == (b":", b"0")
        assert here.call("DBSIZE") == (b":", str(len(keys)).encode())
        assert {key: value[0] for key, value in _values(ours).items()} == {key: value[0] for key, value in before.items()}


def replies_are_those_of_redis(lab):
    """The same requests to both, each with a target of its own kind that has the same keys."""
    replies = []
    for start in (_start, _redis):
        source, target = start(lab), start(lab)
        secret = start(lab, "--requirepass", "secret")
        with source.connect() as here, target.connect() as there:
            def one(key, *options, port=None, db=0, timeout=1000):
                return here.call("MIGRATE", "127.0.0.1", port or target.port, key, db, timeout, *options)

            for key in "abcdefgh":
                here.call("SET", key, key)
            there.call("SET", "b", "theirs")
            refused = servers.free_port()
            replies.append([
                one("missing"), one("a"), one("a"), here.call("EXISTS", "a"), there.call("GET", "a"),
                one("b"), here.call("GET", "b"), there.call("GET", "b"),
                one("b", "REPLACE"), here.call("EXISTS", "b"), there.call("GET", "b"),
                one("c", "COPY"), here.call("GET", "c"), there.call("GET", "c"),
                one("c", "copy"), one("c", "copy", "replace"), one("c", "REPLACE", "COPY", "KEYS"),
                one("", "KEYS"), one("", "KEYS", "no", "none"),
                one("", "KEYS", "d", "c", "no", "e"), here.call("EXISTS", "c", "d", "e"), there.call("EXISTS", "c", "d", "e"),
                one("f", db=3), there.call("EXISTS", "f"), one("g", db=99), one("g", db="x"), one("g", timeout="x"),
                one("g", "NONE"), one("g", "AUTH"), one("g", "AUTH2", "u"), one("g", "COPY", "AUTH"),
                one("g", port=refused), one("g", port="abc"), here.call("EXISTS", "g"),
                one("g", port=secret.port), one("g", "AUTH", "wrong", port=secret.port), here.call("EXISTS", "g"),
                one("g", "AUTH", "secret", port=secret.port), here.call("EXISTS", "g"),
                one("h", "AUTH2", "default", "secret", "KEYS", port=secret.port),
                one("", "AUTH2", "default", "secret", "KEYS", "h", port=secret.port), here.call("EXISTS", "h"),
                here.call("MIGRATE", "127.0.0.1", target.port, "a", 0),
                here.call("MIGRATE", "host.invalid", target.port, "missing", 0, 100),
            ])
    ours, theirs = replies
    for number, (our, their) in enumerate(zip(ours, theirs)):
        assert our == their, (number, our, their)


def a_target_that_does_not_answer_stops_nobody(lab):
    ours = _start(lab)
    with socket.socket() as silent, ours.connect() as mover, ours.connect() as other, ours.connect() as writer:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for i in range(8):
            other.call("SET", f"k{i}", "v")
        began = time.monotonic()
        mover.send("MIGRATE", "127.0.0.1", silent.getsockname()[1], "", 0, 1500, "KEYS", *[f"k{i}" for i in range(4)])
        time.sleep(0.2)
        # Writes to the keys wait, and nothing else.
        writer.send("SET", "k0", "new")
        for i in range(8):
            assert other.call("GET", f"k{i}") == (b"$", b"v")
        for i in range(4, 8):
            assert other.call("SET", f"k{i}", "new") == OK
        assert other.call("DBSIZE") == (b":", b"8")
        assert time.monotonic() - began < 1.0
        assert mover.read(10) == (b"-", b"IOERR error or timeout reading to target instance")
        assert time.monotonic() - began > 1.4
        assert writer.read(10) == OK
        assert other.call("GET", "k0") == (b"$", b"new")
        assert other.call("GET", "k1") == (b"$", b"v")


def writes_meanwhile_are_neither_lost_nor_doubled(lab):
    """Counters are raised at the source while they move again and again; each raise is found on one of the sides."""
    ours, target = _start(lab), _start(lab)
    stop, raised = threading.Event(), {}

    def raise_counters(number, script):
        with ours.connect() as connection:
            draw = random.Random(number)
            while not stop.is_set():
                key = f"counter {draw.randrange(6)}"
                if script:  # The key is not declared, so the gate does not know it.
                    reply = connection.call("EVAL", f"return redis.call('incr', '{key}')", "0")
                elif draw.randrange(2):
                    reply = connection.call("INCR", key)
                else:
                    for command in (["MULTI"], ["INCR", key], ["EXEC"]):
                        reply = connection.call(*command)
                assert reply[0] in b":*", reply
                raised[number] = raised.get(number, 0) + 1

    threads = [threading.Thread(target=raise_counters, args=(n, n == 3)) for n in range(4)]
    for thread in threads:
        thread.start()
    total, moves = 0, 0
    with ours.connect() as mover, target.connect() as there:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            keys = [f"counter {i}" for i in range(6)]
            reply = _migrate(mover, target, *keys)
            # A script that changes an undeclared key all the time may keep it here.
            assert reply in (OK, NOKEY) or b"and stays here" in reply[1], reply
            moves += 1
            for key in keys:
                value = there.call("GETDEL", key)[1]
                total += int(value or 0)
        stop.set()
        for thread in threads:
            thread.join(20)
        for i in range(6):
            total += int(mover.call("GET", f"counter {i}")[1] or 0)
    assert moves > 20
    assert total == sum(raised.values()), (total, raised)


def what_changes_past_the_gate_is_sent_again(lab):
    """FLUSHALL, and scripts that do not name their keys, change keys while they move: the target has what was there
    last, and not what was deleted."""
    ours, target = _start(lab), _start(lab)
    with socket.socket() as slow, ours.connect() as mover, ours.connect() as other, target.connect() as there:
        slow.bind(("127.0.0.1", 0))
        slow.listen()
        other.call("MSET", "a", "1", "b", "2", "c", "3")

        def relay():
            """Passes everything on, but holds back the first replies until the keys have changed."""
            client, _ = slow.accept()
            with client, socket.create_connection(("127.0.0.1", target.port)) as server:
                held = b""  # Until it has the replies to SELECT and three keys.
                while True:
                    ready, _, _ = select.select([client, server], [], [], 10)
                    if client in ready:
                        data = client.recv(1 << 20)
                        if not data:
                            return
                        server.sendall(data)
                    if server in ready:
                        data = server.recv(1 << 20)
                        if held is None:
                            client.sendall(data)
                            continue
                        held += data
                        if held.count(b"+OK") == 4:
                            other.call("FLUSHALL")
                            other.call("EVAL", "redis.call('set', 'b', 'anew')", "0")
                            client.sendall(held)
                            held = None

        thread = threading.Thread(target=relay)
        thread.start()
        reply = mover.call("MIGRATE", "127.0.0.1", slow.getsockname()[1], "", 0, 3000, "KEYS", "a", "b", "c")
        thread.join(20)
        assert reply == OK, reply
        assert there.call("MGET", "a", "b", "c") == (b"*", [(b"$", None), (b"$", b"anew"), (b"$", None)])
        assert other.call("EXISTS", "a", "b", "c") == (b":", b"0")


def what_moved_is_deleted_in_the_log(lab):
    ours, target = _start(lab, "--appendonly", "yes", "--appendfsync", "always"), _start(lab)
    with ours.connect() as connection:
        for i in range(300):
            connection.call("SET", f"k{i}", "v" * i)
        assert _migrate(connection, target, *[f"k{i}" for i in range(200)]) == OK
        assert connection.call("DBSIZE") == (b":", b"100")
    before = _digest(ours)
    ours.end(9)
    ours.begin()
    assert _digest(ours) == before
    with target.connect() as there:
        assert there.call("DBSIZE") == (b":", b"200")


def others_are_told_of_the_deletion(lab):
    ours, target = _start(lab, "--notify-keyspace-events", "KEA"), _start(lab)
    with ours.connect() as mover, ours.connect() as listener, ours.connect() as watcher:
        mover.call("SET", "k", "v")
        listener.send("PSUBSCRIBE", "__key*__:*")
        listener.read(10)
        for command in (["WATCH", "k"], ["MULTI"], ["SET", "other", "v"]):
            watcher.call(*command)
        changes = int(ours.info("persistence")["rdb_changes_since_last_save"])
        assert mover.call("MIGRATE", "127.0.0.1", target.port, "k", 0, 5000) == OK
        assert listener.read(10)[1][2:] == [(b"$", b"__keyspace@0__:k"), (b"$", b"del")]
        assert listener.read(10)[1][2:] == [(b"$", b"__keyevent@0__:del"), (b"$", b"k")]
        assert watcher.call("EXEC")[1] is None
        assert int(ours.info("persistence")["rdb_changes_since_last_save"]) == changes + 1


def it_is_refused_where_nobody_may_wait_and_where_keys_are_forbidden(lab):
    ours, target = _start(lab), _start(lab)
    with ours.connect() as connection:
        connection.call("SET", "k", "v")
        connection.call("SET", "hidden", "v")
        refused = b"ERR MIGRATE waits for another server, so it is not for MULTI and scripts"
        connection.call("MULTI")
        connection.call("MIGRATE", "127.0.0.1", target.port, "k", 0, 100)
        assert connection.call("EXEC") == (b"*", [(b"-", refused)])
        reply = connection.call("EVAL", f"return redis.call('migrate', '127.0.0.1', {target.port}, 'k', 0, 100)", "1", "k")
        assert reply[0] == b"-" and b"not for MULTI and scripts" in reply[1], reply
        connection.call("ACL", "SETUSER", "limited", "on", "nopass", "~k", "+@all")
        connection.call("AUTH", "limited", "")
        assert _migrate(connection, target, "k", "hidden")[1].startswith(b"NOPERM")
        assert connection.call("MIGRATE", "127.0.0.1", target.port, "hidden", 0, 100)[1].startswith(b"NOPERM")
        assert connection.call("MIGRATE", "127.0.0.1", target.port, "k", 0, 5000) == OK


def passwords_are_hidden_in_the_slow_log(lab):
    ours = _start(lab, "--slowlog-log-slower-than", "0")
    with ours.connect() as connection:
        connection.call("MIGRATE", "127.0.0.1", "1", "k", "0", "10", "AUTH2", "user-name", "pass-word", "KEYS")
        connection.call("MIGRATE", "127.0.0.1", "1", "k", "0", "10", "AUTH", "pass-word")
        shown = repr(connection.call("SLOWLOG", "GET", "10"))
        assert "MIGRATE" in shown and "pass-word" not in shown and "user-name" not in shown, shown


def the_server_ends_while_a_move_waits(lab):
    ours = _start(lab)
    with socket.socket() as silent, ours.connect() as mover, ours.connect() as other:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        other.call("SET", "k", "v")
        mover.send("MIGRATE", "127.0.0.1", silent.getsockname()[1], "k", 0, 60000)
        time.sleep(0.2)
        began = time.monotonic()
        try:
            other.call("SHUTDOWN", "NOSAVE", "NOW")
        except (resp.Closed, OSError):
            pass
        assert ours.process.wait(15) == 0
        assert time.monotonic() - began < 12
