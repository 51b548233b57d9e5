"""WAITAOF and WAIT: clients that wait until what they wrote is on the disk, or at replicas, which there are none of."""

import signal
import time

from tests.support.faulty_disk import FaultyDisk

CROSSES_THREADS = True

OFF = b"ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."


def _pair(local, replicas=0):
    return (b"*", [(b":", str(local).encode()), (b":", str(replicas).encode())])


def _logged(lab, policy, *args):
    return lab.start("--save", "", "--appendonly", "yes", "--appendfsync", policy, *args)


def a_client_that_wrote_nothing_waits_for_nothing(lab):
    for policy in ("always", "everysec", "no"):
        server = _logged(lab, policy)
        with server.connect() as connection, server.connect() as other:
            assert connection.call("WAITAOF", "0", "0", "0") == _pair(1)
            assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)
            other.call("SET", "k", "v")
            connection.call("GET", "k")  # What others wrote is not waited for.
            began = time.monotonic()
            assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)
            assert time.monotonic() - began < 0.3
            assert connection.call("WAIT", "0", "0") == (b":", b"0")
        server.stop()


def a_write_is_waited_for_until_it_is_synced(lab):
    """Keys of all shards: the write may be done by a hop, a transaction over shards, or a script."""
    server = _logged(lab, "everysec")
    writes = ([["SET", f"key {i}", "v"]] for i in range(4))
    units = ([["MULTI"], ["SET", "a", "1"], ["SET", "b", "2"], ["SET", "c", "3"], ["EXEC"]], [["MSET", "x", "1", "y", "2", "z", "3"]],
             [["EVAL", "redis.call('set', KEYS[1], 1) redis.call('set', KEYS[2], 1)", "2", "s1", "s2"]])
    with server.connect() as connection:
        for commands in (*writes, *units):
            syncs = int(server.info("persistence")["aof_fsyncs"])
            for command in commands:
                connection.send(*command)
            connection.send("WAITAOF", "1", "0", "0")
            for _ in commands:
                assert connection.read(10)[0] != b"-"
            assert connection.read(10) == _pair(1)
            assert int(server.info("persistence")["aof_fsyncs"]) > syncs
            assert server.info("persistence")["aof_unsynced_bytes"] == "0"
            # Nothing was written since.
            began = time.monotonic()
            assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)
            assert time.monotonic() - began < 0.3


def with_fsync_always_a_reply_says_that_it_is_synced(lab):
    server = _logged(lab, "always")
    with server.connect() as connection:
        for i in range(50):
            connection.call("SET", f"k{i}", "v")
            connection.send("MULTI")
            connection.send("WAITAOF", "1", "0", "0")
            connection.send("EXEC")
            assert connection.read(10)[0] == b"+" and connection.read(10)[0] == b"+"
            assert connection.read(10) == (b"*", [_pair(1)])


def a_stalled_sync_is_waited_for_and_a_timeout_tells_what_is_missing(lab):
    disk = FaultyDisk(lab)
    server = disk.start("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
    with server.connect() as connection, server.connect() as other:
        disk.set(("sync", ".aof", "stall", 3000))
        connection.call("SET", "k", "v")
        client = int(connection.call("CLIENT", "ID")[1])
        assert connection.call("WAITAOF", "1", "0", "50") == _pair(0)
        assert connection.call("WAITAOF", "0", "0", "0") == _pair(0)
        # Inside a transaction or a script nobody waits.
        connection.call("MULTI")
        connection.call("WAITAOF", "1", "0", "0")
        assert connection.call("EXEC") == (b"*", [_pair(0)])
        connection.send("WAITAOF", "1", "0", "0")
        lab.eventually(lambda: server.info("clients")["blocked_clients"] == "1")
        assert server.info("clients")["clients_in_timeout_table"] == "0"
        assert other.call("CLIENT", "UNBLOCK", client) == (b":", b"1")
        assert connection.read(10) == _pair(0)
        connection.send("WAITAOF", "1", "0", "100000")
        lab.eventually(lambda: server.info("clients")["clients_in_timeout_table"] == "1")
        assert other.call("CLIENT", "UNBLOCK", client, "ERROR") == (b":", b"1")
        assert connection.read(10) == (b"-", b"UNBLOCKED client unblocked via CLIENT UNBLOCK")
        connection.send("WAITAOF", "1", "0", "0")
        disk.set()
        assert connection.read(15) == _pair(1)
        # The disk has it, and no replica will: the reply says which is missing.
        assert connection.call("WAITAOF", "1", "1", "50") == _pair(1)
        assert connection.call("WAITAOF", "0", "2", "50") == _pair(1)
        assert connection.call("WAIT", "1", "50") == (b":", b"0")
        assert server.info("clients")["blocked_clients"] == "0"


def without_syncs_the_timeout_ends_the_wait(lab):
    """Under `no` the kernel writes when it likes, and nobody knows; a sync of another policy is noticed."""
    server = _logged(lab, "no")
    with server.connect() as connection, server.connect() as other:
        connection.call("SET", "k", "v")
        assert connection.call("WAITAOF", "1", "0", "200") == _pair(0)
        connection.send("WAITAOF", "1", "0", "0")
        lab.eventually(lambda: server.info("clients")["blocked_clients"] == "1")
        other.call("CONFIG", "SET", "appendfsync", "everysec")
        other.call("SET", "other", "v")
        assert connection.read(10) == _pair(1)


def a_log_that_is_turned_off_and_on(lab):
    server = lab.start("--save", "")
    with server.connect() as connection, server.connect() as other:
        connection.call("SET", "k", "v")
        assert connection.call("WAITAOF", "1", "0", "0") == (b"-", OFF)
        assert connection.call("WAITAOF", "0", "0", "0") == _pair(0)
        other.call("CONFIG", "SET", "appendonly", "yes")
        assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)  # The base has it.
        lab.eventually(lambda: server.info("persistence")["aof_rewrite_in_progress"] == "0")
        for _ in range(3):
            connection.call("SET", "k", "w")
            assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)
        other.call("CONFIG", "SET", "appendfsync", "no")
        connection.call("SET", "k", "x")
        connection.send("WAITAOF", "1", "0", "0")
        lab.eventually(lambda: server.info("clients")["blocked_clients"] == "1")
        other.call("CONFIG", "SET", "appendonly", "no")
        assert connection.read(10) == (b"-", OFF)
        assert connection.call("WAITAOF", "1", "0", "0") == (b"-", OFF)
        other.call("CONFIG", "SET", "appendonly", "yes")
        assert connection.call("WAITAOF", "1", "0", "0") == _pair(1)
    before = server.info("keyspace")
    server.end(signal.SIGKILL)
    server.argv += ["--appendonly", "yes"]
    server.begin()
    assert server.info("keyspace") == before


def many_clients_wait_at_once(lab):
    server = _logged(lab, "everysec")
    clients = [server.connect() for _ in range(60)]
    for round_ in range(3):
        for i, client in enumerate(clients):
            client.send("SET", f"k{i}", round_)
            client.send("WAITAOF", "1", "0", "0")
        for client in clients:
            assert client.read(10) == (b"+", b"OK")
            assert client.read(10) == _pair(1)
    clients[0].send("SET", "k", "v")
    clients[0].send("WAITAOF", "1", "0", "0")  # Nobody reads that reply.
    for client in clients:
        client.close()
    lab.eventually(lambda: server.info("clients")["blocked_clients"] == "0")


def replies_at_the_gate_are_counted(lab):
    disk = FaultyDisk(lab)
    server = disk.start("--save", "", "--appendonly", "yes", "--appendfsync", "always")
    with server.connect() as connection:
        assert server.info("persistence")["gate_waiting_clients"] == "0"
        disk.set(("sync", ".aof", "stall", 1500))
        connection.send("SET", "k", "v")
        time.sleep(0.4)
        info = server.info("persistence")  # Its reply waits as well, because it follows from the write.
        assert info["gate_waiting_clients"] == "1"
        assert int(info["gate_oldest_wait_ms"]) > 100
        disk.set()
        assert connection.read(10) == (b"+", b"OK")
        lab.eventually(lambda: server.info("persistence")["gate_waiting_clients"] == "0")
        assert server.info("persistence")["gate_oldest_wait_ms"] == "0"
