"""FAILOVER: a primary gives its place to a replica, kvstash and Redis in either place, and no acknowledged write is lost."""

import threading
import time

from tests.support import servers

CROSSES_THREADS = True

FAST = ("--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes")


def _node(lab, *args, primary=None):
    if primary is not None:
        args = (*args, "--replicaof", "127.0.0.1", primary.port)
    return lab.start(*FAST, *args)


def _redis(lab, *args, primary=None):
    if primary is not None:
        args = (*args, "--replicaof", "127.0.0.1", primary.port)
    redis = servers.oracle(lab.build, [*FAST, *map(str, args)])
    lab.started.append(redis)
    return redis


def _call(server, *words):
    with server.connect(timeout=30) as connection:
        return connection.call(*words)


def _facts(server):
    return server.info("replication")


def _wait_until_online(lab, primary, replicas):
    lab.eventually(lambda: sum("state=online" in str(value) for value in _facts(primary).values()) == replicas, 30)


class _Counter:
    """Counts up at a primary until it is told that this is none any more; `acked` is the last number it was told."""

    def __init__(self, server):
        self.server, self.acked, self.end = server, 0, None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with self.server.connect(timeout=30) as connection:
            while True:
                kind, reply = connection.call("INCR", "counter")
                if kind != b":":
                    self.end = reply
                    return
                self.acked = int(reply)


def _give_over(lab, primary, target, others):
    _wait_until_online(lab, primary, 1 + len(others))
    counter = _Counter(primary)
    lab.eventually(lambda: counter.acked > 100)
    assert _call(primary, "FAILOVER", "TO", "127.0.0.1", str(target.port)) == (b"+", b"OK")
    counter.thread.join(30)
    assert counter.end.startswith(b"READONLY"), counter.end
    lab.eventually(lambda: _facts(target)["role"] == "master", 10)
    assert int(_call(target, "GET", "counter")[1]) == counter.acked
    lab.eventually(lambda: _facts(primary).get("master_link_status") == "up", 30)
    assert _facts(primary)["master_failover_state"] == "no-failover"
    assert _call(target, "INCR", "counter")[0] == b":"
    for server in (primary, *others):
        if server is not primary:
            assert _call(server, "REPLICAOF", "127.0.0.1", str(target.port))[0] == b"+"
        lab.eventually(lambda: _call(server, "GET", "counter")[1] == str(counter.acked + 1).encode(), 30)
    # Nobody needed a snapshot for it.
    assert int(target.info("stats")["sync_full"]) == 0


def a_primary_gives_its_place_to_a_replica(lab):
    primary = _node(lab)
    _give_over(lab, primary, _node(lab, primary=primary), [_node(lab, primary=primary)])


def kvstash_gives_its_place_to_redis(lab):
    primary = _node(lab)
    _give_over(lab, primary, _redis(lab, primary=primary), [])


def redis_gives_its_place_to_kvstash(lab):
    primary = _redis(lab)
    _give_over(lab, primary, _node(lab, primary=primary), [])


def a_failover_can_be_given_up(lab):
    primary = _node(lab)
    redis = _redis(lab, primary=primary)
    _wait_until_online(lab, primary, 1)
    with redis.connect() as stuck, primary.connect() as writer:
        stuck.send("DEBUG", "SLEEP", "4")
        time.sleep(0.2)
        assert _call(primary, "SET", "k", "v") == (b"+", b"OK")
        assert _call(primary, "FAILOVER", "TIMEOUT", "600000") == (b"+", b"OK")
        assert _call(primary, "FAILOVER") == (b"-", b"ERR FAILOVER already in progress.")
        assert _facts(primary)["master_failover_state"] == "waiting-for-sync"
        writer.send("SET", "waits", "v")
        # Clients' own pauses do not end this one.
        assert _call(primary, "CLIENT", "UNPAUSE") == (b"+", b"OK")
        assert _call(primary, "EXISTS", "waits") == (b":", b"0")
        assert _call(primary, "FAILOVER", "ABORT") == (b"+", b"OK")
        assert writer.read() == (b"+", b"OK")
        assert _facts(primary)["role"] == "master"
        assert _facts(primary)["master_failover_state"] == "no-failover"
        assert _call(primary, "FAILOVER", "ABORT") == (b"-", b"ERR No failover in progress.")
        # One that takes too long gives itself up.
        assert _call(primary, "SET", "l", "v") == (b"+", b"OK")
        assert _call(primary, "FAILOVER", "TIMEOUT", "200") == (b"+", b"OK")
        assert _call(primary, "SET", "m", "v") == (b"+", b"OK")
        assert _facts(primary)["role"] == "master"


def what_cannot_be_is_refused(lab):
    primary = _node(lab)
    assert _call(primary, "FAILOVER") == (b"-", b"ERR FAILOVER requires connected replicas.")
    replica = _node(lab, primary=primary)
    _wait_until_online(lab, primary, 1)
    assert _call(replica, "FAILOVER") == (b"-", b"ERR FAILOVER is not valid when server is a replica.")
    assert _call(primary, "FAILOVER", "TO", "127.0.0.1", "1") == (
        b"-", b"ERR FAILOVER target HOST and PORT is not a replica.")
    assert _call(primary, "PSYNC", "0" * 40, "1", "FAILOVER") == (b"-", b"ERR PSYNC FAILOVER can't be sent to a master.")
    assert _call(replica, "PSYNC", "0" * 40, "1", "FAILOVER") == (b"-", b"ERR PSYNC FAILOVER replid must match my replid.")


def a_primary_that_ends_waits_for_its_replicas(lab):
    primary = _node(lab, "--shutdown-timeout", "20")
    redis = _redis(lab, primary=primary)
    replica = _node(lab, primary=primary)
    _wait_until_online(lab, primary, 2)
    with redis.connect() as stuck:
        stuck.send("DEBUG", "SLEEP", "2")
        time.sleep(0.2)
        for number in range(100):
            assert _call(primary, "SET", f"k{number}", "v" * 1000) == (b"+", b"OK")
        began = time.monotonic()
        assert primary.end() == 0
        assert 0.5 < time.monotonic() - began < 10
    assert "2 of 2 replicas are in sync when shutting down." in primary.log(), primary.log()
    for server in (redis, replica):
        assert _call(server, "DBSIZE") == (b":", b"100")


def a_primary_does_not_wait_for_ever(lab):
    primary = _node(lab, "--shutdown-timeout", "1")
    redis = _redis(lab, primary=primary)
    _wait_until_online(lab, primary, 1)
    with redis.connect() as stuck:
        stuck.send("DEBUG", "SLEEP", "6")
        time.sleep(0.2)
        assert _call(primary, "SET", "k", "v") == (b"+", b"OK")
        began = time.monotonic()
        assert primary.end() == 0
        assert 0.8 < time.monotonic() - began < 4
    assert "0 of 1 replicas are in sync when shutting down." in primary.log(), primary.log()
