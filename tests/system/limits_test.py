"""Everything a client can grow is bounded, and big but allowed things work."""

import time

from tests.support import resp


def a_value_of_many_megabytes_is_kept(server):
    value = bytes(range(256)) * (40 * 4096)
    with server.connect(timeout=60) as connection:
        assert connection.call("SET", "big", value) == (b"+", b"OK")
        assert connection.call("STRLEN", "big") == (b":", str(len(value)).encode())
        assert connection.call("GET", "big") == (b"$", value)
        assert connection.call("DEL", "big") == (b":", b"1")


def a_command_of_many_arguments_is_served(server):
    with server.connect(timeout=60) as connection:
        words = [word for n in range(50_000) for word in (f"k{n}", n)]
        assert connection.call("MSET", *words) == (b"+", b"OK")
        values = connection.call("MGET", *[f"k{n}" for n in range(50_000)])[1]
        assert values == [(b"$", str(n).encode()) for n in range(50_000)]
        assert connection.call("DEL", *[f"k{n}" for n in range(50_000)]) == (b":", b"50000")


def what_a_command_of_many_arguments_took_is_given_back(lab):
    if not lab.counts_memory():
        return
    server = lab.start()
    with server.connect(timeout=60) as connection:
        before = int(server.info("memory")["used_memory"])
        assert connection.call("SADD", "numbers", *range(100_000)) == (b":", b"100000")
        assert connection.call("UNLINK", "numbers") == (b":", b"1")
        deadline = time.monotonic() + 10
        while int(server.info("memory")["used_memory"]) > before + (512 << 10):
            assert time.monotonic() < deadline, "memory is kept"
            connection.call("PING")


def many_connections_are_served_at_once(server):
    connections = [server.connect() for _ in range(500)]
    for n, connection in enumerate(connections):
        connection.send("SET", f"k{n}", n)
    for connection in connections:
        assert connection.read() == (b"+", b"OK")
    for connection in connections:
        connection.close()


def a_pipeline_deeper_than_any_buffer_is_answered_in_order(server):
    with server.connect(timeout=60) as connection:
        for start in range(0, 100_000, 10_000):
            connection.send_raw(b"".join(resp.encode(["INCR", f"n{n % 7}"]) for n in range(start, start + 10_000)))
            for n in range(start, start + 10_000):
                assert connection.read() == (b":", str(n // 7 + 1).encode())


def connections_past_maxclients_are_told_and_closed(lab):
    server = lab.start("--maxclients", "10")
    held = []
    refused = None
    for _ in range(12):
        connection = server.connect()
        held.append(connection)
        try:
            connection.send("PING")
            reply = connection.read()
        except resp.Closed:
            break
        if reply[0] == b"-":
            refused = reply
            break
    assert refused == (b"-", b"ERR max number of clients reached"), refused
    for connection in held:
        connection.close()


def writes_past_maxmemory_are_refused_until_there_is_room(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--maxmemory", "8mb", "--maxmemory-policy", "noeviction")
    with server.connect() as connection:
        replies = [connection.call("SET", f"k{n}", "x" * 100_000) for n in range(200)]
        assert replies[0] == (b"+", b"OK")
        assert replies[-1][0] == b"-" and replies[-1][1].startswith(b"OOM command not allowed"), replies[-1]
        assert connection.call("GET", "k0")[0] == b"$"
        connection.call("FLUSHALL")
        deadline = time.monotonic() + 10
        while connection.call("SET", "k", "v") != (b"+", b"OK"):
            assert time.monotonic() < deadline, "no room after FLUSHALL"


def old_keys_make_room_under_an_lru_policy(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru")
    with server.connect() as connection:
        for n in range(2000):
            assert connection.call("SET", f"k{n}", "x" * 50_000) == (b"+", b"OK"), n
        assert 10 < int(connection.call("DBSIZE")[1]) < 1000


def expired_keys_leave_without_being_read(lab):
    server = lab.start()
    with server.connect() as connection:
        connection.send_raw(b"".join(resp.encode(["SET", f"k{n}", "v", "PX", 100 + n % 50]) for n in range(20_000)))
        for _ in range(20_000):
            assert connection.read() == (b"+", b"OK")
        deadline = time.monotonic() + 10
        while connection.call("DBSIZE") != (b":", b"0"):
            assert time.monotonic() < deadline, "expired keys stay"


def a_bulk_longer_than_proto_max_bulk_len_is_refused(lab):
    server = lab.start("--proto-max-bulk-len", "2mb")
    with server.connect() as connection:
        connection.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2097153\r\n")
        assert connection.read() == (b"-", b"ERR Protocol error: invalid bulk length")
