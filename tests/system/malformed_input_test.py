"""No input takes the server down, or keeps it from serving others."""

import random
import socket
import time

from tests.support import resp

SEED = 20260101


def _feed(server, *pieces, wait=0.2):
    """Sends the pieces, then hangs up; whatever the server does meanwhile is its business."""
    with server.connect() as connection:
        try:
            for piece in pieces:
                connection.send_raw(piece)
            connection.read_until_quiet(wait)
        except resp.Closed:
            pass


def _still_serves(server):
    with server.connect() as connection:
        assert connection.call("SET", "alive", "yes") == (b"+", b"OK")
        assert connection.call("GET", "alive") == (b"$", b"yes")


def random_bytes_do_no_harm(server):
    source = random.Random(SEED)
    for _ in range(60):
        _feed(server, source.randbytes(source.randrange(1, 4000)), wait=0.01)
    _still_serves(server)


def damaged_commands_do_no_harm(server):
    source = random.Random(SEED + 1)
    whole = resp.encode(["SET", "key", "value"]) * 3 + resp.encode(["MGET", "a", "b", "c"]) + b"PING\r\n"
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(source.randrange(1, 6)):
            damaged[source.randrange(len(damaged))] = source.choice(b"*$\r\n-09aZ\x00\xff ")
        _feed(server, bytes(damaged), wait=0.005)
    _still_serves(server)


def commands_cut_short_do_no_harm(server):
    whole = resp.encode(["SET", "key", "some value"]) + resp.encode(["MULTI"]) + resp.encode(["GET", "key"])
    for size in range(1, len(whole)):
        with server.connect() as connection:
            connection.send_raw(whole[:size])
    _still_serves(server)


def commands_byte_by_byte_are_understood(server):
    with server.connect() as connection:
        for byte in resp.encode(["SET", "k", "slow"]) + b"GET k\r\n":
            connection.send_raw(bytes([byte]))
        assert connection.read() == (b"+", b"OK")
        assert connection.read() == (b"$", b"slow")


def announced_sizes_without_bytes_take_no_memory(server):
    waiting = []
    for head in (b"*1000000\r\n", b"*2\r\n$536870912\r\n", b"*1000000\r\n$536870912\r\nx"):
        for _ in range(20):
            connection = server.connect()
            connection.send_raw(head)
            waiting.append(connection)
    _still_serves(server)
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident < 1 << 20, f"{resident} KiB are resident"
    for connection in waiting:
        connection.close()


def absurd_sizes_are_refused(server):
    for head in (b"*9223372036854775807\r\n", b"*1\r\n$9223372036854775807\r\n", b"*1\r\n$536870913\r\n"):
        with server.connect() as connection:
            connection.send_raw(head)
            kind, text = connection.read()
            assert kind == b"-" and b"Protocol error" in text, text
    _still_serves(server)


def clients_that_hang_up_before_the_answer_do_no_harm(server):
    for _ in range(50):
        connection = server.connect()
        connection.send_raw(resp.encode(["SET", "k", "v" * 10_000]) * 20 + resp.encode(["GET", "k"]) * 100)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()  # With a reset.
    _still_serves(server)


def clients_that_stop_writing_still_get_their_answers(server):
    with server.connect() as connection:
        connection.send_raw(resp.encode(["PING"]) * 1000)
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read_raw(7 * 1000) == b"+PONG\r\n" * 1000


def a_client_that_never_reads_does_not_stop_others(server):
    with server.connect() as deaf:
        deaf.call("SET", "big", "x" * 1_000_000)
        deaf.send_raw(resp.encode(["GET", "big"]) * 30)
        _still_serves(server)


def _names_that_answer_once(connection):
    """All commands but those that end, block, or change what the connection is."""
    special = {b"shutdown", b"monitor", b"quit", b"sync", b"psync", b"failover", b"debug", b"replicaof", b"slaveof"}
    for _, info in connection.call("COMMAND")[1]:
        name, flags = info[0][1], {flag for _, flag in info[2][1]}
        if name not in special and not flags & {b"blocking", b"pubsub"}:
            yield name


def _mutated(source, commands):
    """A few whole commands, and what becomes of them on a bad day."""
    data = bytearray(b"".join(resp.encode(source.choice(commands)) for _ in range(source.randrange(1, 30))))
    for _ in range(source.choice((0, 0, 1, 3, 10))):
        at = source.randrange(len(data) + 1)
        kind = source.randrange(4)
        if kind == 0:
            data[at:at] = source.choice((b"*", b"$", b"\r\n", b"-1", b"99999999999", b"\0", b"\xff" * 9))
        elif kind == 1:
            del data[at : at + source.randrange(1, 9)]
        elif kind == 2:
            data[at:at] = source.randbytes(source.randrange(1, 50))
        elif at < len(data):
            data[at] = source.randrange(256)
    return bytes(data)


def storms_of_bad_clients_leave_others_served(server):
    source = random.Random(SEED + 2)
    keys = [f"key{n}" for n in range(20)]
    commands = [
        *(["SET", key, "value" * 20] for key in keys), *(["GET", key] for key in keys), ["MULTI"], ["EXEC"],
        ["DISCARD"], ["WATCH", *keys[:5]], ["MGET", *keys], ["MSET", *(word for key in keys for word in (key, "1"))],
        ["DEL", *keys[:7]], ["KEYS", "*"], ["SCAN", "0"], ["HELLO", "3"], ["CLIENT", "LIST"], ["INFO", "all"],
        ["MONITOR"], ["SELECT", "3"], ["CLIENT", "REPLY", "SKIP"], ["RANDOMKEY"], ["CLIENT", "KILL", "ID", "3"],
        ["RENAME", "key1", "key2"], ["COPY", "key3", "key4", "REPLACE"], ["FLUSHALL"], ["RESET"], ["QUIT"],
    ]
    deadline = time.monotonic() + 6
    storm = []
    while time.monotonic() < deadline:
        connection = server.connect()
        storm.append(connection)
        try:
            for _ in range(source.randrange(1, 6)):
                connection.send_raw(_mutated(source, commands))
            if source.random() < 0.3:
                connection.socket.shutdown(source.choice((socket.SHUT_WR, socket.SHUT_RDWR)))
        except (resp.Closed, OSError):
            pass  # Refused, rightly.
        if len(storm) > 60:
            storm.pop(source.randrange(len(storm))).close()
        if source.random() < 0.1:
            with server.connect() as witness:
                assert witness.call("ECHO", "here") == (b"$", b"here")
                assert witness.call("MGET", *keys)[0] == b"*"
    for connection in storm:
        connection.close()
    _still_serves(server)


def deep_nonsense_in_every_command_is_answered(server):
    with server.connect() as connection:
        for name in _names_that_answer_once(connection):
            for args in ([], [b""], [b"\xff" * 100] * 3, [b"0"] * 8, [b"-1", b"9223372036854775808"]):
                assert connection.call(name, *args)[0] in (b"+", b"-", b":", b"$", b"*"), name
            connection.call("DISCARD")
    _still_serves(server)
