"""What all clients together may take: of replies that nobody reads, of input that is not complete, before AUTH."""

import threading
import time

from tests.support import resp

KB, MB = 1 << 10, 1 << 20


def _shard_counts(lab):
    """1, 2 and 4 shards; each once in a run over 1 and 2."""
    return (1,) if lab.shards == 1 else (lab.shards, 4)


def _send_until_stuck(connection, piece, most, patience=1.0):
    """Sends the piece again and again, reads nothing; how many bytes the other side took."""
    connection.socket.settimeout(patience)
    sent = 0
    try:
        while sent < most:
            sent += connection.socket.send(piece)
    except OSError:
        pass
    return sent


def _client_fields(connection, name):
    for line in connection.call("CLIENT", "LIST")[1].decode().splitlines():
        fields = dict(word.partition("=")[::2] for word in line.split(" "))
        if fields["name"] == name:
            return fields
    return None


def _clients_named(connection, prefix):
    text = connection.call("CLIENT", "LIST")[1].decode()
    return sum(f" name={prefix}" in line for line in text.splitlines())


# ---- Arguments.


def a_command_may_have_more_than_a_million_arguments(lab):
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards)
        with server.connect(timeout=60) as connection:
            count = 1_048_585
            connection.send_raw(b"*%d\r\n$4\r\nSADD\r\n$1\r\nk\r\n" % (count + 2)
                                + b"".join(b"$7\r\n%07d\r\n" % n for n in range(count)))
            assert connection.read(60) == (b":", b"%d" % count)
            assert connection.call("SCARD", "k") == (b":", b"%d" % count)
            connection.send_raw(b"*%d\r\n$3\r\nDEL\r\n" % (count + 1)
                                + b"".join(b"$7\r\n%07d\r\n" % n for n in range(count)))
            assert connection.read(60) == (b":", b"0")
        server.stop()


def a_count_of_arguments_takes_no_memory_before_they_come(lab):
    if not lab.counts_memory():
        return
    server = lab.start()
    before = server.resident_kib()
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.send_raw(b"*2147483647\r\n$4\r\nSADD\r\n$536870912\r\nxx")
    with server.connect() as other:
        assert resp.stays_open(other)
        assert server.resident_kib() - before < 10_000
        other.send_raw(b"*2147483648\r\n")
        assert other.read() == (b"-", b"ERR Protocol error: invalid multibulk length")
    for client in clients:
        client.close()


def very_many_arguments_that_come_slowly_cost_time_in_proportion(lab):
    server = lab.start()
    with server.connect(timeout=60) as connection:
        count = 3_000_000
        body = b"*%d\r\n$4\r\nECHO\r\n" % (count + 1) + b"$1\r\nx\r\n" * count
        before = float(server.info("cpu")["used_cpu_user"])
        for start in range(0, len(body), 100 * KB):
            connection.send_raw(body[start : start + 100 * KB])
        assert connection.read(60)[0] == b"-"
        used = float(server.info("cpu")["used_cpu_user"]) - before
        assert used < 5.0, f"{used} s for {count} arguments"


def arguments_not_yet_complete_count_as_what_a_client_has_sent(lab):
    server = lab.start("--client-query-buffer-limit", "1mb")
    with server.connect() as connection:
        try:
            connection.send_raw(b"*1000000\r\n" + b"$0\r\n\r\n" * 100_000)
        except resp.Closed:
            pass
        assert resp.is_closed(connection)
    assert "query buffer limit" in server.log(), server.log()


# ---- Replies that nobody reads.


def a_pipeline_may_be_sent_whole_before_it_is_read(lab):
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--client-unsent-total-limit", "1gb")
        with server.connect(timeout=60) as connection:
            for n in range(8):
                connection.call("SET", f"key:{n}", b"%d" % n * 300)
            commands = b"".join(resp.encode(["GET", f"key:{n}"]) for n in range(8))
            count = 900_000
            for _ in range(0, count, 8 * 100):
                connection.send_raw(commands * 100)
            expected = b"".join(b"$300\r\n" + b"%d" % n * 300 + b"\r\n" for n in range(8))
            for _ in range(0, count, 8 * 100):
                assert connection.read_raw(len(expected) * 100) == expected * 100
            assert resp.stays_open(connection)
        assert server.info("stats")["client_unsent_total_limit_disconnections"] == "0"
        server.stop()


def clients_that_do_not_read_are_bounded_together_and_the_largest_go(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = lab.start_sharded(
            shards, "--client-unsent-total-limit", "32mb", "--client-stall-timeout", "3")
        with server.connect() as other:
            for n in range(8):
                other.call("SET", f"key:{n}", b"x" * 10 * KB)
            before, peak = server.resident_kib(), 0
            deaf = [server.connect(timeout=60) for _ in range(8)]
            piece = b"".join(resp.encode(["GET", f"key:{n}"]) for n in range(8)) * 50
            threads = [threading.Thread(target=_send_until_stuck, args=(client, piece, 100 * MB)) for client in deaf]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                peak = max(peak, server.resident_kib())
                assert resp.stays_open(other)
                assert other.call("GET", "key:1") == (b"$", b"x" * 10 * KB)
                time.sleep(0.05)
            # Buffers grow by doubling, and what other shards have under way comes on top.
            assert peak - before < 256 * KB, f"{peak - before} KiB for a limit of 32 MB"
            lab.eventually(lambda: "client-unsent-total-limit is passed" in server.log())
            lab.eventually(lambda: int(server.info("memory")["mem_clients_unsent"]) <= 32 * MB)
            closed = int(server.info("stats")["client_unsent_total_limit_disconnections"])
            assert 1 <= closed <= 8, closed
            assert resp.stays_open(other)
            for client in deaf:
                client.close()
        server.stop()


def a_client_that_was_held_back_goes_on_when_others_have_made_room(lab):
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--client-unsent-total-limit", "16mb")
        with server.connect() as other, server.connect(timeout=60) as waits:
            other.call("SET", "k", b"x" * 10 * KB)
            piece = resp.encode(["GET", "k"]) * 100
            first = server.connect(timeout=60)
            _send_until_stuck(first, piece, 50 * MB)
            waits.call("CLIENT", "SETNAME", "waits")
            _send_until_stuck(waits, piece, 50 * MB)
            omem = int(_client_fields(other, "waits")["omem"])
            assert omem < 4 * MB, omem
            assert server.info("clients")["held_back_clients"] == "2"
            first.close()
            lab.eventually(lambda: int(_client_fields(other, "waits")["omem"]) > 8 * MB)
            assert resp.stays_open(other)
        server.stop()


def subscribers_that_do_not_read_are_closed_over_the_limit_of_all(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = lab.start_sharded(
            shards, "--client-unsent-total-limit", "8mb", "--client-output-buffer-limit", "pubsub 0 0 0")
        before = server.resident_kib()
        with server.connect(timeout=60) as publisher, server.connect() as reader:
            reader.call("SUBSCRIBE", "news")
            deaf = [server.connect() for _ in range(4)]
            for client in deaf:
                client.call("SUBSCRIBE", "news")
            for n in range(600):
                publisher.call("PUBLISH", "news", b"x" * 100 * KB)
                assert reader.read()[1][2] == (b"$", b"x" * 100 * KB)
                if n % 20 == 0:
                    assert server.resident_kib() - before < 200 * KB
            assert "client-unsent-total-limit is passed" in server.log()
            assert int(server.info("memory")["mem_clients_unsent"]) < 16 * MB
            for client in deaf:
                client.close()
        server.stop()


# ---- Before AUTH.


def nothing_grows_before_auth(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--requirepass", "secret")
        before = server.resident_kib()
        deaf = [server.connect() for _ in range(4)]
        for client in deaf:
            _send_until_stuck(client, b"GET key\r\n" * 5000, 100 * MB)
        assert server.resident_kib() - before < 12 * KB, server.resident_kib() - before
        with server.connect() as other:
            assert other.call("AUTH", "secret") == (b"+", b"OK")
            lab.eventually(lambda: server.log().count("has not authenticated") == 4, 15)
            assert all(resp.is_closed(client) for client in deaf)
        server.stop()


def who_reads_the_errors_may_authenticate_later(lab):
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--requirepass", "secret")
        with server.connect(timeout=30) as connection:
            connection.send_raw(b"GET key\r\n" * 20_000 + b"AUTH secret\r\nSET k v\r\n")
            for _ in range(20_000):
                assert connection.read() == (b"-", b"NOAUTH Authentication required.")
            assert connection.read() == (b"+", b"OK") and connection.read() == (b"+", b"OK")
            assert resp.stays_open(connection)
        server.stop()


# ---- maxmemory-clients.


def what_is_being_received_counts_against_maxmemory_clients(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--maxmemory-clients", "64mb")
        before = server.resident_kib()
        clients = [server.connect() for _ in range(30)]
        for client in clients:
            try:
                client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n" + b"x" * 8_000_000)
            except resp.Closed:
                pass
        lab.eventually(lambda: int(server.info("memory")["mem_clients_normal"]) <= 64 * MB)
        assert int(server.info("stats")["evicted_clients"]) >= 22
        assert int(server.info("clients")["connected_clients"]) >= 4
        lab.eventually(lambda: server.resident_kib() - before < 110 * KB, 20)
        for client in clients:
            client.close()
        server.stop()


def arguments_and_queues_count_against_maxmemory_clients(lab):
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards, "--maxmemory-clients", "8mb")
        with server.connect() as arguments, server.connect() as queue, server.connect() as other:
            other.call("CLIENT", "NO-EVICT", "on")
            try:
                arguments.send_raw(b"*1000000\r\n" + b"$0\r\n\r\n" * 700_000)
            except resp.Closed:
                pass
            assert resp.is_closed(arguments)
            queue.call("MULTI")
            try:
                for _ in range(10):
                    queue.call("SET", "k", b"x" * MB)
            except resp.Closed:
                pass
            assert resp.is_closed(queue)
            assert server.info("stats")["evicted_clients"] == "2"
            assert resp.stays_open(other)
        server.stop()


def the_largest_clients_of_all_shards_go_first(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = lab.start_sharded(shards)
        with server.connect() as control:
            control.call("CLIENT", "SETNAME", "control")
            control.call("CLIENT", "NO-EVICT", "on")
            sizes, clients, memory = (128 * KB, MB, 3 * MB), [], []
            for size in sizes:
                for n in range(3):
                    client = server.connect()
                    client.call("CLIENT", "SETNAME", f"client-{size}-{n}")
                    client.send_raw(b"*1\r\n$%d\r\n" % size + b"v" * size)
                    clients.append(client)
                    lab.eventually(lambda: int(_client_fields(control, f"client-{size}-{n}")["qbuf"]) >= size)
                memory.append(int(_client_fields(control, f"client-{size}-0")["tot-mem"]))
                assert size <= memory[-1] < size * 1.2 + 20 * KB, memory
            total = 3 * sum(memory)
            for gone in (2, 1, 0):
                total -= 3 * memory[gone]
                control.call("CONFIG", "SET", "maxmemory-clients", total + 20 * KB)
                left = [_clients_named(control, f"client-{size}-") for size in sizes]
                assert left == [3] * gone + [0] * (3 - gone), (shards, gone, left)
            for client in clients:
                client.close()
        server.stop()


def what_a_client_holds_is_told_as_it_is(lab):
    server = lab.start()
    with server.connect() as control, server.connect(timeout=30) as client:
        client.call("CLIENT", "SETNAME", "it")
        idle = _client_fields(control, "it")
        for name in ("qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "obl", "oll", "omem"):
            assert idle[name] == "0", (name, idle)
        client.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + b"x" * 50_000)
        lab.eventually(lambda: int(_client_fields(control, "it")["qbuf"]) == 50_029)
        fields = {name: int(value) for name, value in _client_fields(control, "it").items() if value.isdigit()}
        assert fields["qbuf-free"] > 0 and fields["argv-mem"] >= 2 * 16
        assert fields["tot-mem"] >= int(idle["tot-mem"]) + fields["qbuf"] + fields["qbuf-free"] + fields["argv-mem"]
        client.send_raw(b"x" * 50_000 + b"\r\n")
        assert client.read() == (b"+", b"OK")
        # Where arguments stood is remembered for the next incomplete command, up to 16 KiB.
        lab.eventually(lambda: int(_client_fields(control, "it")["tot-mem"]) < int(idle["tot-mem"]) + 17 * KB)
        client.call("MULTI")
        client.call("SET", "k", b"x" * 20_000)
        assert int(_client_fields(control, "it")["multi-mem"]) > 20_000
        client.call("DISCARD")
        watched = [f"watched:{n}" for n in range(1000)]
        client.call("WATCH", *watched)
        assert int(_client_fields(control, "it")["tot-mem"]) > int(idle["tot-mem"]) + 50_000
        client.call("UNWATCH")
        client.call("SET", "k", b"x" * 10 * MB)
        client.send("GET", "k")
        lab.eventually(lambda: int(_client_fields(control, "it")["omem"]) > MB)
        fields = {name: int(value) for name, value in _client_fields(control, "it").items() if value.isdigit()}
        assert fields["oll"] > 10 and fields["obl"] == 16 * KB and fields["rbs"] >= fields["omem"]
        assert client.read(30) == (b"$", b"x" * 10 * MB)
        lab.eventually(lambda: int(_client_fields(control, "it")["tot-mem"]) < int(idle["tot-mem"]) + 17 * KB)


# ---- maxclients.


def maxclients_is_lowered_to_what_the_system_gives(lab):
    server = lab.start_by(["sh", "-c", 'ulimit -n 1000; exec "$@"', "sh"], "--maxclients", "20000")
    with server.connect() as connection:
        assert connection.call("CONFIG", "GET", "maxclients")[1][1] == (b"$", b"968")
        answer = connection.call("CONFIG", "SET", "maxclients", "30000")
        assert answer == (b"-", b"ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating "
                                b"system is not able to handle the specified number of clients, try with 968"), answer
        assert connection.call("CONFIG", "GET", "maxclients")[1][1] == (b"$", b"968")
        assert connection.call("CONFIG", "SET", "maxclients", "500", "timeout", "77") == (b"+", b"OK")
        assert connection.call("CONFIG", "SET", "maxclients", "900") == (b"+", b"OK")
    assert "maxclients has been reduced to 968" in server.log(), server.log()
