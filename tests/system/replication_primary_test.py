"""The primary's end of replication: Redis, and Redis's tools, follow kvstash."""

import os
import signal
import socket
import subprocess
import time

from tests.support import sample_values, servers
from tests.support.writers import Writers

CROSSES_THREADS = True

FAR_MS = "33177117420000"
FAST = ("--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes")


def _primary(lab, *args):
    return lab.start(*FAST, *args)


def _replica(lab, primary, *args):
    redis = servers.oracle(
        lab.build, ["--enable-debug-command", "yes", "--replicaof", f"127.0.0.1 {primary.port}", *args])
    lab.started.append(redis)
    return redis


def _call(server, *words, timeout=30):
    with server.connect(timeout=timeout) as connection:
        return connection.call(*words)


def _is_up(replica):
    return replica.info("replication").get("master_link_status") == "up"


def _wait_until_up(lab, *replicas):
    for replica in replicas:
        lab.eventually(lambda: _is_up(replica), 30)


def _fill(connection):
    """Values of all types, without scores that Redis 7.0 and this server tell with other digits in their digests."""
    sample_values.fill(connection)
    connection.call("DEL", "zset-extreme")


def _digest(server):
    return _call(server, "DEBUG", "DIGEST")[1]


def _settle(lab, primary, *replicas):
    """Waits until the replicas have all that the primary has."""
    for replica in replicas:
        lab.eventually(lambda: _is_up(replica) and int(replica.info("replication")["slave_repl_offset"])
                       >= int(primary.info("replication")["master_repl_offset"]), 30)


def _assert_equal(lab, primary, *replicas):
    _settle(lab, primary, *replicas)
    for replica in replicas:
        lab.eventually(lambda: _digest(replica) == _digest(primary), 10)


def a_redis_follows_under_load_from_the_first_byte_to_the_last(lab):
    primary = _primary(lab)
    with primary.connect(timeout=30) as connection:
        _fill(connection)
        connection.call("SET", "deadline", "v", "PXAT", FAR_MS)
        connection.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    with Writers(primary) as load:
        lab.eventually(lambda: load.writes > 100, 60)
        replica = _replica(lab, primary)
        _wait_until_up(lab, replica)
        more = load.writes + 100
        lab.eventually(lambda: load.writes > more, 60)
    time.sleep(0.4)  # Until the deadlines are over.
    _assert_equal(lab, primary, replica)
    assert b"lib" in repr(_call(replica, "FUNCTION", "LIST")).encode()
    line = primary.info("replication")["slave0"]
    assert f"port={replica.port}" in line and "state=online" in line, line
    assert primary.info("stats")["sync_full"] == "1"


def a_snapshot_through_a_file_is_one_too(lab):
    primary = _primary(lab, "--repl-diskless-sync", "no")
    with primary.connect(timeout=30) as connection:
        _fill(connection)
    with Writers(primary):
        replica = _replica(lab, primary)
        _wait_until_up(lab, replica)
    time.sleep(0.4)
    _assert_equal(lab, primary, replica)


def a_replica_whose_link_was_cut_goes_on_from_where_it_was(lab):
    primary = _primary(lab)
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with Writers(primary):
        for _ in range(3):
            assert _call(primary, "CLIENT", "KILL", "TYPE", "replica") == (b":", b"1")
            lab.eventually(lambda: int(primary.info("replication")["connected_slaves"]) == 1, 20)
            _wait_until_up(lab, replica)
    time.sleep(0.4)
    _assert_equal(lab, primary, replica)
    stats = primary.info("stats")
    assert (stats["sync_full"], stats["sync_partial_ok"], stats["sync_partial_err"]) == ("1", "3", "0"), stats


def a_replica_that_is_too_far_behind_gets_everything_anew(lab):
    primary = _primary(lab, "--repl-backlog-size", "16kb")
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    replica.process.send_signal(signal.SIGSTOP)
    assert _call(primary, "CLIENT", "KILL", "TYPE", "replica") == (b":", b"1")
    with primary.connect(timeout=30) as connection:
        for number in range(20):
            connection.call("SET", f"big{number}", "v" * 100_000)
    replica.process.send_signal(signal.SIGCONT)
    lab.eventually(lambda: primary.info("stats")["sync_full"] == "2", 20)
    _wait_until_up(lab, replica)
    _assert_equal(lab, primary, replica)
    assert primary.info("stats")["sync_partial_err"] == "1"
    assert "lack of backlog" in primary.log()


def replicas_that_ask_together_share_a_snapshot(lab):
    primary = lab.start(
        "--repl-diskless-sync-delay", "60", "--repl-diskless-sync-max-replicas", "2", "--enable-debug-command", "yes")
    with primary.connect(timeout=30) as connection:
        _fill(connection)
    replicas = [_replica(lab, primary), _replica(lab, primary)]
    _wait_until_up(lab, *replicas)
    _call(primary, "SET", "k", "v")
    _assert_equal(lab, primary, *replicas)
    assert primary.info("stats")["sync_full"] == "2"
    assert primary.log().count("Starting BGSAVE for SYNC") == 1
    assert primary.info("replication")["connected_slaves"] == "2"


def wait_is_answered_when_the_replicas_have_it(lab):
    primary = _primary(lab)
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with primary.connect() as connection:
        for number in range(20):
            connection.call("SET", f"k{number}", "v")
            began = time.monotonic()
            assert connection.call("WAIT", "1", "5000") == (b":", b"1")
            assert time.monotonic() - began < 0.9  # It was asked, and did not wait for the next second.
        assert connection.call("WAIT", "2", "100") == (b":", b"1")
        replica.process.send_signal(signal.SIGSTOP)
        connection.call("SET", "k", "w")
        assert connection.call("WAIT", "1", "200") == (b":", b"0")
        connection.send("WAIT", "1", "0")
        replica.process.send_signal(signal.SIGCONT)
        assert connection.read(10) == (b":", b"1")


def writes_need_as_many_replicas_as_the_operator_wants(lab):
    primary = _primary(lab, "--min-replicas-to-write", "1", "--min-replicas-max-lag", "2")
    refused = (b"-", b"NOREPLICAS Not enough good replicas to write.")
    with primary.connect() as connection:
        assert connection.call("SET", "k", "v") == refused
        assert connection.call("GET", "k") == (b"$", None)
        assert b"NOREPLICAS" in connection.call("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k")[1]
        connection.call("MULTI")
        assert connection.call("SET", "k", "v") == refused
        assert connection.call("EXEC")[1].startswith(b"EXECABORT")
        replica = _replica(lab, primary)
        _wait_until_up(lab, replica)
        lab.eventually(lambda: connection.call("SET", "k", "v") == (b"+", b"OK"))
        assert primary.info("replication")["min_slaves_good_slaves"] == "1"
        replica.process.send_signal(signal.SIGSTOP)
        lab.eventually(lambda: connection.call("SET", "k", "v") == refused)
        replica.process.send_signal(signal.SIGCONT)
        lab.eventually(lambda: connection.call("SET", "k", "v") == (b"+", b"OK"))
        connection.call("CONFIG", "SET", "min-replicas-to-write", "0")
        assert "min_slaves_good_slaves" not in primary.info("replication")


def messages_reach_subscribers_of_a_replica(lab):
    primary = _primary(lab)
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with replica.connect() as subscriber, primary.connect() as publisher:
        subscriber.call("SUBSCRIBE", "channel")
        publisher.call("PUBLISH", "channel", "hello")
        assert subscriber.read(10) == (b"*", [(b"$", b"message"), (b"$", b"channel"), (b"$", b"hello")])


def the_log_is_turned_on_and_off_while_a_replica_follows(lab):
    primary = _primary(lab, "--appendonly", "yes")
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with Writers(primary), primary.connect(timeout=30) as connection:
        for wanted in ("no", "yes", "no", "yes"):
            connection.call("CONFIG", "SET", "appendonly", wanted)
            lab.eventually(lambda: primary.info("persistence")["aof_enabled"] == ("1" if wanted == "yes" else "0"), 20)
            time.sleep(0.1)
    time.sleep(0.4)
    _assert_equal(lab, primary, replica)
    assert primary.info("stats")["sync_full"] == "1" and primary.info("stats")["sync_partial_ok"] == "0"
    before = _digest(primary)
    primary.end()
    primary.begin()
    assert _digest(primary) == before


def a_replica_goes_on_behind_a_restart_of_its_primary(lab):
    """With the log, and with a saved file: what is on the disk tells where the stream stood."""
    for durable in (["--appendonly", "yes"], ["--save", "3600 1"]):
        primary = _primary(lab, *durable)
        _call(primary, "SET", "k", "v")
        replica = _replica(lab, primary)
        _wait_until_up(lab, replica)
        _call(primary, "SET", "k", "w")
        _settle(lab, primary, replica)
        old = primary.info("replication")
        assert primary.end() == 0
        primary.begin()
        _wait_until_up(lab, replica)
        new = primary.info("replication")
        assert new["master_replid2"] == old["master_replid"] != new["master_replid"]
        _call(primary, "SET", "l", "v")
        _assert_equal(lab, primary, replica)
        stats = primary.info("stats")
        assert (stats["sync_full"], stats["sync_partial_ok"]) == ("0", "1"), (durable, stats)
        replica.stop()
        primary.stop()


def a_killed_replica_leaves_nothing_behind(lab):
    primary = _primary(lab)
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with Writers(primary):
        replica.end(signal.SIGKILL)
        lab.eventually(lambda: primary.info("replication")["connected_slaves"] == "0")
        replica.begin()
        _wait_until_up(lab, replica)
    time.sleep(0.4)
    _assert_equal(lab, primary, replica)


def a_backlog_without_replicas_is_given_up_in_time(lab):
    primary = _primary(lab, "--repl-backlog-ttl", "1")
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    replid = primary.info("replication")["master_replid"]
    assert primary.info("replication")["repl_backlog_active"] == "1"
    replica.process.send_signal(signal.SIGSTOP)
    _call(primary, "CLIENT", "KILL", "TYPE", "replica")
    lab.eventually(lambda: primary.info("replication")["repl_backlog_active"] == "0")
    _call(primary, "SET", "unrecorded", "v")
    replica.process.send_signal(signal.SIGCONT)
    lab.eventually(lambda: primary.info("replication")["repl_backlog_active"] == "1", 20)
    _wait_until_up(lab, replica)
    assert primary.info("replication")["master_replid"] != replid
    _assert_equal(lab, primary, replica)


def a_slow_replica_is_closed_past_its_limit_and_the_primary_goes_on(lab):
    primary = _primary(lab, "--client-output-buffer-limit", "replica 4mb 0 0")
    with primary.connect(timeout=30) as connection:
        with socket.create_connection(("127.0.0.1", primary.port)) as deaf:
            deaf.sendall(b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n")
            lab.eventually(lambda: "state=online" in primary.info("replication").get("slave0", ""))
            for _ in range(80):
                connection.call("SET", "k", "v" * 200_000)
            lab.eventually(lambda: primary.info("replication")["connected_slaves"] == "0")
        assert "output buffer limit" in primary.log()
        assert int(primary.info("stats")["client_output_buffer_limit_disconnections"]) == 1


def what_a_stranger_asks_is_answered_as_by_redis(lab):
    """Byte for byte, where no random name is told."""
    redis = servers.oracle(lab.build, ["--repl-diskless-sync-delay", "0"])
    lab.started.append(redis)
    talks = [
        ["REPLCONF"], ["REPLCONF", "listening-port"], ["REPLCONF", "listening-port", "x"],
        ["REPLCONF", "listening-port", "6380", "capa", "eof", "capa", "psync2"], ["REPLCONF", "nonsense", "1"],
        ["REPLCONF", "ip-address", "10.0.0.1"], ["REPLCONF", "rdb-filter-only", "keys"], ["PSYNC", "?"],
        ["PSYNC", "?", "x"], ["MULTI"], ["SYNC"], ["DISCARD"], ["EVAL", "return redis.call('sync')", "0"],
        ["COMMAND", "INFO", "psync", "sync", "replconf"], ["COMMAND", "DOCS", "psync", "sync", "replconf"],
    ]
    primary = _primary(lab)
    with primary.connect() as ours, redis.connect() as theirs:
        for words in talks:
            mine, its = ours.call(*words), theirs.call(*words)
            assert mine == its, (words, mine, its)


def redis_cli_takes_snapshots_and_the_stream(lab):
    primary = _primary(lab)
    with primary.connect(timeout=30) as connection:
        _fill(connection)
        connection.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    folder = lab.folder()
    for option, name in (("--rdb", "all.rdb"), ("--functions-rdb", "functions.rdb")):
        path = os.path.join(folder, name)
        status, out, err = lab.run(lab.tool("redis-cli"), "-p", primary.port, option, path)
        assert status == 0, out + err
        status, out, err = lab.run(lab.tool("redis-check-rdb"), path)
        assert status == 0, out + err
    loaded = servers.oracle(
        lab.build, ["--dir", folder, "--dbfilename", "all.rdb", "--enable-debug-command", "yes"])
    lab.started.append(loaded)
    assert _digest(loaded) == _digest(primary)
    only = servers.oracle(lab.build, ["--dir", folder, "--dbfilename", "functions.rdb"])
    lab.started.append(only)
    assert _call(only, "DBSIZE") == (b":", b"0")
    assert b"lib" in repr(_call(only, "FUNCTION", "LIST")).encode()
    lab.eventually(lambda: primary.info("replication")["connected_slaves"] == "0")

    with subprocess.Popen([lab.tool("redis-cli"), "-p", str(primary.port), "--replica"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as cli:
        try:
            lab.eventually(lambda: "state=online" in primary.info("replication").get("slave0", ""))
            _call(primary, "SET", "seen", "by the tool")
            text, deadline = b"", time.monotonic() + 10
            while b"by the tool" not in text and time.monotonic() < deadline:
                text += cli.stdout.readline()
            assert b"by the tool" in text, text
        finally:
            cli.kill()


def a_replica_is_seen_as_one(lab):
    primary = _primary(lab)
    replica = _replica(lab, primary)
    _wait_until_up(lab, replica)
    with primary.connect() as connection:
        lines = connection.call("CLIENT", "LIST", "TYPE", "replica")[1].decode().splitlines()
        assert len(lines) == 1 and " flags=S " in lines[0], lines
        assert primary.info("clients")["connected_clients"] == "2"  # This one, and the one that asks.
        connection.call("CONFIG", "SET", "timeout", "1")
        time.sleep(2.5)
        assert primary.info("replication")["connected_slaves"] == "1"


def a_silent_replica_is_closed(lab):
    primary = _primary(lab, "--repl-timeout", "2")
    with socket.create_connection(("127.0.0.1", primary.port)) as silent:
        silent.sendall(b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n")
        lab.eventually(lambda: "state=online" in primary.info("replication").get("slave0", ""))
        lab.eventually(lambda: primary.info("replication")["connected_slaves"] == "0")
    assert "Disconnecting timedout replica (streaming sync)" in primary.log()
    redis = _replica(lab, primary)
    _wait_until_up(lab, redis)
    time.sleep(3)
    assert _is_up(redis) and primary.info("stats")["sync_full"] == "2"
