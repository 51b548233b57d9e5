"""What one client may take from the others, and what happens when it wants more."""

import time

from tests.support import resp


# ---- Rate.


def a_rate_limit_does_not_count_what_was_sent_before_it(lab):
    server = lab.start()
    with server.connect() as connection:
        connection.send_raw(b"PING\r\n" * 3000)
        assert len(connection.read_raw(7 * 3000)) == 7 * 3000
        connection.pending.clear()
        assert connection.call("CONFIG", "SET", "client-command-rate-limit", 2) == (b"+", b"OK")
        # Had the limit counted the three thousand, the first would wait for longer than a client reads.
        for _ in range(5):
            assert resp.stays_open(connection)


# ---- Input.


def too_long_commands_close_the_connection(lab):
    server = lab.start("--client-query-buffer-limit", "1mb")
    with server.connect() as connection, server.connect() as other:
        try:
            connection.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000\r\n" + b"x" * 2_000_000)
        except resp.Closed:
            pass
        assert resp.is_closed(connection)
        assert resp.stays_open(other)
        assert other.call("EXISTS", "k") == (b":", b"0")
    assert "query buffer limit" in server.log(), server.log()


def a_transaction_counts_as_what_a_client_has_sent(lab):
    server = lab.start("--client-query-buffer-limit", "1mb")
    with server.connect() as connection:
        connection.call("MULTI")
        try:
            for _ in range(30):
                connection.send("SET", "k", "x" * 50_000)
        except resp.Closed:
            pass
        assert resp.is_closed(connection)


def _error_after(server, sent):
    with server.connect() as connection:
        connection.send_raw(sent)
        reply = connection.read()
        assert resp.is_closed(connection), sent[:40]
    return reply


def malformed_sizes_are_refused_in_redis_words(server):
    for sent, error in (
        (b"*2147483648\r\n", b"invalid multibulk length"),
        (b"*1\r\n$536870913\r\n", b"invalid bulk length"),
        (b"*1\r\n$-5\r\n", b"invalid bulk length"),
        (b"*1\r\nx\r\n", b"expected '$', got 'x'"),
        (b"*" + b"1" * 70_000, b"too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 70_000, b"too big bulk count string"),
        (b"x" * 70_000, b"too big inline request"),
        (b'SET k "open\r\n', b"unbalanced quotes in request"),
    ):
        assert _error_after(server, sent) == (b"-", b"ERR Protocol error: " + error)


def commands_of_http_close_the_connection(lab):
    server = lab.start()
    for sent in (b"POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\nSET stolen 1\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET stolen 1\r\n",
                 b"host: x\r\nSET stolen 1\r\n"):
        with server.connect() as connection:
            connection.send_raw(sent)
            assert connection.read_until_quiet(5.0) == b"", sent
            assert resp.is_closed(connection), sent
    with server.connect() as connection:
        assert connection.call("EXISTS", "stolen") == (b":", b"0")
    assert 1 <= server.log().count("Possible SECURITY ATTACK detected") <= lab.shards, server.log()


# ---- Connections.


def connections_past_maxclients_are_refused_until_others_leave(lab):
    server = lab.start("--maxclients", "5")
    lab.eventually(lambda: server.info("clients")["connected_clients"] == "1")
    held = [server.connect() for _ in range(5)]
    assert all(resp.stays_open(connection) for connection in held)
    for _ in range(3):
        with server.connect() as refused:
            assert refused.read() == (b"-", b"ERR max number of clients reached")
            assert resp.is_closed(refused)
    assert held[0].call("CONFIG", "SET", "maxclients", "7") == (b"+", b"OK")
    held.append(server.connect())
    assert resp.stays_open(held[-1])
    assert server.info("stats")["rejected_connections"] == "3"
    for connection in held:
        connection.close()
    lab.eventually(lambda: server.info("clients")["connected_clients"] == "1")


def idle_clients_are_closed_after_timeout(lab):
    server = lab.start("--timeout", "4", "--loglevel", "verbose")
    with server.connect() as idle, server.connect() as busy:
        idle.call("PING")
        began = time.monotonic()
        while time.monotonic() < began + 7.5:
            assert resp.stays_open(busy)
            time.sleep(0.1)
        assert resp.is_closed(idle)
        assert busy.call("CONFIG", "SET", "timeout", "0") == (b"+", b"OK")
    assert "Closing idle client" in server.log(), server.log()


def silent_peers_are_probed_as_tcp_keepalive_says(lab):
    def timers(port):
        """Kind and seconds left of the timer of each open connection of the server."""
        found = []
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in list(table)[1:]:
                fields = line.split()
                if fields[1].endswith(f":{port:04X}") and fields[3] == "01":
                    kind, left = fields[5].split(":")
                    found.append((kind, int(left, 16) / 100))
        return found

    server = lab.start("--tcp-keepalive", "100", "--bind", "127.0.0.1")
    with server.connect() as connection:
        connection.call("PING")
        lab.eventually(lambda: any(kind == "02" and 90 < left <= 101 for kind, left in timers(server.port)))
        connection.call("CONFIG", "SET", "tcp-keepalive", "0")
    lab.eventually(lambda: not timers(server.port))
    with server.connect() as connection:
        connection.call("PING")
        lab.eventually(lambda: timers(server.port) and all(kind == "00" for kind, _ in timers(server.port)))


# ---- Output.


def a_client_over_the_hard_output_limit_is_closed(lab):
    server = lab.start("--client-output-buffer-limit", "normal", "2mb", "0", "0")
    with server.connect() as connection, server.connect() as other:
        other.call("SET", "big", b"x" * 1_000_000)
        connection.send_raw(resp.encode(["GET", "big"]) * 40)
        lab.eventually(lambda: "output buffer limit" in server.log())
        assert resp.is_closed(connection)
        assert resp.stays_open(other)


def a_client_over_the_soft_output_limit_is_closed_after_a_while(lab):
    server = lab.start()
    with server.connect() as connection, server.connect() as other:
        other.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 100kb 2")
        other.call("SET", "big", b"x" * 1_000_000)
        began = time.monotonic()
        connection.send_raw(resp.encode(["GET", "big"]) * 40)
        lab.eventually(lambda: "soft limit" in server.log())
        assert time.monotonic() - began > 1.5
        assert resp.is_closed(connection) and resp.stays_open(other)


def the_largest_clients_are_closed_over_maxmemory_clients(lab):
    server = lab.start("--maxmemory-clients", "8mb")
    with server.connect() as large, server.connect() as kept, server.connect() as small:
        kept.call("CLIENT", "NO-EVICT", "on")
        unfinished = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n" + b"x" * 9_000_000
        kept.send_raw(unfinished)
        try:
            large.send_raw(unfinished)
        except resp.Closed:
            pass  # It may be closed while it still sends; below it must be.
        assert resp.is_closed(large)
        assert resp.stays_open(small)
        kept.send_raw(b"x" * 11_000_000 + b"\r\n")
        assert kept.read() == (b"+", b"OK")
        assert server.info("stats")["evicted_clients"] == "1"


def clients_under_maxmemory_clients_are_left_alone(lab):
    server = lab.start("--maxmemory-clients", "40mb")
    with server.connect() as large:
        large.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$25000000\r\n" + b"x" * 24_000_000)
        time.sleep(2.5)  # Longer than the time between two looks.
        large.send_raw(b"x" * 1_000_000 + b"\r\n")
        assert large.read() == (b"+", b"OK")


def _ask_much(server, replies, bytes_each=1_000_000):
    """A connection that has asked for much and reads nothing."""
    with server.connect() as connection:
        for n in range(10):
            connection.call("SET", f"big{n}", bytes([65 + n]) * bytes_each)
    deaf = server.connect(timeout=60)
    deaf.send_raw(b"".join(resp.encode(["GET", f"big{n % 10}"]) for n in range(replies)))
    return deaf


def memory_stays_bounded_while_a_client_does_not_read(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--client-unsent-reply-limit", "64mb")
    before = server.resident_kib()
    with _ask_much(server, 800) as deaf, server.connect() as other:
        peak = 0
        for _ in range(15):
            time.sleep(0.1)
            peak = max(peak, server.resident_kib())
            assert resp.stays_open(other)
        assert peak - before < 250_000, f"{peak - before} KiB for one client"
        for n in range(800):
            kind, value = deaf.read(60)
            assert (kind, len(value), value[:1]) == (b"$", 1_000_000, bytes([65 + n % 10]))
        assert resp.stays_open(deaf)


def memory_stays_bounded_while_a_client_reads_slowly(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--client-unsent-reply-limit", "4mb")
    before = server.resident_kib()
    with _ask_much(server, 400) as slow:
        left, peak = 400 * (1_000_000 + len(b"$1000000\r\n\r\n")), 0
        while left > 0:
            got = len(slow.socket.recv(min(left, 300_000)))
            assert got > 0
            left -= got
            if left % 7 == 0:
                peak = max(peak, server.resident_kib())
        peak = max(peak, server.resident_kib())
        assert peak - before < 60_000, f"{peak - before} KiB for one client"
        assert resp.stays_open(slow)


def small_replies_that_nobody_reads_are_bounded_too(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--client-unsent-reply-limit", "1mb")
    with server.connect() as setup:
        setup.call("SET", "k", b"x" * 1000)
    before = server.resident_kib()
    deaf = server.connect()
    deaf.socket.settimeout(1.0)
    piece, sent = resp.encode(["GET", "k"]) * 2000, 0
    try:
        while sent < 200_000_000:
            sent += deaf.socket.send(piece)
    except OSError:
        pass  # The server reads no more: the way is full.
    assert sent < 50_000_000, sent
    assert server.resident_kib() - before < 40_000
    deaf.close()


def a_single_reply_may_be_larger_than_the_limit(lab):
    server = lab.start()
    with server.connect(timeout=60) as connection:
        connection.call("SET", "{k}", b"x" * 10_000_000)
        connection.send("MGET", *["{k}"] * 12)
        expected = b"*12\r\n" + (b"$10000000\r\n" + b"x" * 10_000_000 + b"\r\n") * 12
        assert connection.read_raw(len(expected)) == expected
        assert resp.stays_open(connection)


def a_client_that_makes_no_progress_is_closed(lab):
    server = lab.start("--client-stall-timeout", "2", "--client-unsent-reply-limit", "1mb")
    with _ask_much(server, 60) as deaf, server.connect() as other:
        lab.eventually(lambda: "does not read its replies" in server.log())
        assert resp.is_closed(deaf)
        assert resp.stays_open(other)


def a_slow_client_that_makes_progress_is_not_closed(lab):
    server = lab.start("--client-stall-timeout", "4", "--client-unsent-reply-limit", "1mb")
    with _ask_much(server, 60) as slow:
        left = 60 * (1_000_000 + len(b"$1000000\r\n\r\n"))
        while left > 0:
            time.sleep(0.05)
            got = len(slow.socket.recv(min(left, 500_000)))
            assert got > 0
            left -= got
        assert resp.stays_open(slow)


# ---- Rates.


def commands_past_the_rate_limit_wait(lab):
    server = lab.start("--client-command-rate-limit", "200")
    with server.connect() as connection, server.connect() as other:
        began = time.monotonic()
        connection.send_raw(resp.encode(["PING"]) * 1000)
        assert resp.stays_open(other) and time.monotonic() - began < 3.0
        for _ in range(1000):
            assert connection.read() == (b"+", b"PONG")
        took = time.monotonic() - began
        assert 3.5 < took < 15.0, f"{took} s for 1000 commands at 200 a second"
        assert other.call("CONFIG", "SET", "client-command-rate-limit", "0") == (b"+", b"OK")
        connection.send_raw(resp.encode(["PING"]) * 5000)
        for _ in range(5000):
            assert connection.read() == (b"+", b"PONG")


def few_commands_in_flight_change_no_answer(lab):
    server = lab.start("--client-commands-in-flight-limit", "1")
    with server.connect() as connection:
        connection.send_raw(b"".join(resp.encode(["INCR", f"n{n % 9}"]) for n in range(3000)))
        for n in range(3000):
            assert connection.read() == (b":", str(n // 9 + 1).encode())
