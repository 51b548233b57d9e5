"""Nodes of kvstash that follow each other, and Redis among them: chains, promotions, returns and restarts, each without a
second snapshot where the stream suffices, and always with equal data."""

import os
import signal
import time

from tests.support import sample_values, servers
from tests.support.writers import Writers

CROSSES_THREADS = True

FAST = ("--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes")
LOGGED = ("--appendonly", "yes", "--appendfsync", "always")


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


def _stat(server, name):
    return int(server.info("stats")[name])


def _offset(server):
    return int(_facts(server)["master_repl_offset"])


def _is_up(replica):
    return _facts(replica).get("master_link_status") == "up"


def _wait_until_up(lab, *replicas):
    for replica in replicas:
        lab.eventually(lambda: _is_up(replica), 30)


def _assert_equal(lab, primary, *replicas):
    for replica in replicas:
        lab.eventually(lambda: _is_up(replica) and int(_facts(replica)["slave_repl_offset"]) == _offset(primary), 30)
        lab.eventually(lambda: _call(replica, "DEBUG", "DIGEST") == _call(primary, "DEBUG", "DIGEST"), 10)


def a_chain_passes_the_stream_on_and_outlives_its_head(lab):
    head = _node(lab)
    with head.connect(timeout=30) as connection:
        sample_values.fill(connection)
    middle = _node(lab, primary=head)
    _wait_until_up(lab, middle)
    last = _node(lab, primary=middle)
    redis = _redis(lab, primary=middle)
    with Writers(head) as writers:
        _wait_until_up(lab, last, redis)
        writers.wait_for(lab, 500)
    _assert_equal(lab, head, middle, last, redis)
    assert _offset(middle) == _offset(last) == _offset(redis)
    names = {_facts(server)["master_replid"] for server in (head, middle, last, redis)}
    assert len(names) == 1, names

    head.end(signal.SIGKILL)
    assert _call(middle, "REPLICAOF", "NO", "ONE") == (b"+", b"OK")
    with Writers(middle) as writers:
        writers.wait_for(lab, 200)
    _assert_equal(lab, middle, last, redis)
    assert _facts(middle)["role"] == "master"
    assert _facts(middle)["master_replid2"] in names
    assert _facts(last)["master_replid"] == _facts(middle)["master_replid"] != names.pop()
    # Both went on from where they were.
    assert _stat(middle, "sync_full") == 2
    assert _stat(middle, "sync_partial_ok") >= 2


def a_primary_that_was_replaced_returns_as_a_replica(lab):
    first = _node(lab)
    second = _node(lab, primary=first)
    _wait_until_up(lab, second)
    with Writers(first) as writers:
        writers.wait_for(lab, 200)
    _assert_equal(lab, first, second)
    assert _call(second, "REPLICAOF", "NO", "ONE") == (b"+", b"OK")
    assert _call(second, "SET", "new", "value") == (b"+", b"OK")
    assert _call(first, "REPLICAOF", "127.0.0.1", str(second.port)) == (b"+", b"OK")
    _assert_equal(lab, second, first)
    assert _stat(second, "sync_full") == 0 and _stat(second, "sync_partial_ok") == 1
    assert _call(first, "GET", "new") == (b"$", b"value")

    # What it wrote behind its replica's promotion is given up.
    assert _call(first, "REPLICAOF", "NO", "ONE") == (b"+", b"OK")
    _call(first, "SET", "alone", "v")
    _call(second, "SET", "other", "v")
    assert _call(first, "REPLICAOF", "127.0.0.1", str(second.port)) == (b"+", b"OK")
    _assert_equal(lab, second, first)
    assert _stat(second, "sync_full") == 1
    assert _call(first, "EXISTS", "alone") == (b":", 0)


def a_replica_with_a_log_restarts_and_goes_on_from_it(lab):
    primary = _node(lab, "--repl-backlog-size", "64mb")
    with primary.connect(timeout=30) as connection:
        sample_values.fill(connection)
    replica = _node(lab, *LOGGED, primary=primary)
    _wait_until_up(lab, replica)
    lab.eventually(lambda: replica.info("persistence")["aof_rewrite_in_progress"] == "0"
                   and replica.info("persistence")["aof_enabled"] == "1", 20)
    for rewrites in (False, True):
        with Writers(primary) as writers:
            writers.wait_for(lab, 300)
            if rewrites:
                _call(replica, "BGREWRITEAOF")
                _call(replica, "BGSAVE")
            writers.wait_for(lab, 300)
            replica.end(signal.SIGKILL)
            writers.wait_for(lab, 300)
            replica.begin()
            _wait_until_up(lab, replica)
        _assert_equal(lab, primary, replica)
        assert _stat(primary, "sync_full") == 1
    assert _stat(primary, "sync_partial_ok") == 2
    replica.end()
    manifest = os.path.join(replica.directory, "appendonlydir", "appendonly.aof.manifest")
    status, out, _ = lab.run(os.path.abspath(lab.binary), "--check-aof", manifest)
    assert status == 0, out


def a_replica_that_was_promoted_restarts_with_what_it_wrote(lab):
    primary = _node(lab)
    replica = _node(lab, *LOGGED, primary=primary)
    _wait_until_up(lab, replica)
    with Writers(primary) as writers:
        writers.wait_for(lab, 200)
    _assert_equal(lab, primary, replica)
    assert _call(replica, "REPLICAOF", "NO", "ONE") == (b"+", b"OK")
    with Writers(replica) as writers:
        writers.wait_for(lab, 200)
    time.sleep(0.4)  # Until deadlines are over.
    digest = _call(replica, "DEBUG", "DIGEST")
    name = _facts(replica)["master_replid"]
    replica.end(signal.SIGKILL)
    at = replica.argv.index("--replicaof")
    del replica.argv[at : at + 3]
    replica.begin()
    assert _call(replica, "DEBUG", "DIGEST") == digest
    assert _facts(replica)["master_replid2"] == name


def a_primary_that_restarts_with_a_log_has_its_replicas_go_on(lab):
    primary = _node(lab, *LOGGED, "--repl-backlog-size", "64mb")
    replica = _node(lab, primary=primary)
    redis = _redis(lab, primary=primary)
    with Writers(primary) as writers:
        _wait_until_up(lab, replica, redis)
        writers.wait_for(lab, 300)
    _assert_equal(lab, primary, replica, redis)
    primary.end(signal.SIGKILL)
    primary.begin()
    _assert_equal(lab, primary, replica, redis)
    with Writers(primary) as writers:
        writers.wait_for(lab, 100)
    _assert_equal(lab, primary, replica, redis)
    assert _stat(primary, "sync_full") == 0 and _stat(primary, "sync_partial_ok") == 2


def redis_replicates_to_kvstash_replicates_to_redis(lab):
    head = _redis(lab)
    middle = _node(lab, primary=head)
    _wait_until_up(lab, middle)
    last = _redis(lab, primary=middle)
    with Writers(head) as writers:
        _wait_until_up(lab, last)
        writers.wait_for(lab, 500)
    _assert_equal(lab, head, middle, last)
    assert _offset(head) == _offset(middle) == _offset(last)
