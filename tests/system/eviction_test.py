"""maxmemory: memory stays at the limit, and what goes is what the policy says."""

import time

from tests.support import resp

MB = 1 << 20
LIMIT = 32 * MB
OUT_OF_MEMORY = b"OOM command not allowed when used memory > 'maxmemory'."
ALLKEYS = ("allkeys-lru", "allkeys-lfu", "allkeys-random")
VOLATILE = ("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")
EVICTING = ALLKEYS + VOLATILE


def _shard_counts(lab):
    """1, 2 and 4 shards; each once in a run over 1 and 2."""
    return (1,) if lab.shards == 1 else (lab.shards, 4)


def _start(lab, shards, policy, limit=LIMIT):
    return lab.start_sharded(shards, "--maxmemory", limit, "--maxmemory-policy", policy)


def _set_many(connection, names, size=1000, options=(), batch=500):
    """Sets all the keys; how many were refused for lack of memory."""
    refused, names = 0, list(names)
    value = b"x" * size
    for start in range(0, len(names), batch):
        some = names[start : start + batch]
        connection.send_raw(b"".join(resp.encode(["SET", name, value, *options]) for name in some))
        for _ in some:
            reply = connection.read()
            assert reply in ((b"+", b"OK"), (b"-", OUT_OF_MEMORY)), reply
            refused += reply[0] == b"-"
    return refused


def _count_alive(connection, names):
    names = list(names)
    connection.send_raw(b"".join(resp.encode(["EXISTS", name]) for name in names))
    return sum(connection.read() == (b":", b"1") for _ in names)


def _used(server):
    return int(server.info("memory")["used_memory"])


# What commands under way hold (input, replies, batches between shards: a megabyte or two) comes on top for a
# moment. It is measured ten times a second, and given back when it is no longer needed.
def _keeps_the_limit(lab, server):
    assert _used(server) < LIMIT * 1.15, _used(server) / LIMIT
    lab.eventually(lambda: _used(server) < LIMIT * 1.04)


def _settled(lab, server):
    """The memory in use, once what earlier commands took beside the data is given back."""
    looks = []

    def is_settled():
        looks.append(_used(server))
        return len(looks) >= 25 and max(looks[-25:]) - min(looks[-25:]) < 20_000

    lab.eventually(is_settled)
    return looks[-1]


def _evicted(server):
    return int(server.info("stats")["evicted_keys"])


def _slot(name):
    tag = name[name.index("{") + 1 : name.index("}")]
    crc = 0
    for byte in tag.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc % 16384


def _tag_on(shard, shards):
    return next(f"{{{n}}}" for n in range(1000) if _slot(f"{{{n}}}") * shards // 16384 == shard)


def memory_stays_at_the_limit_under_every_evicting_policy(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        for policy in EVICTING:
            server = _start(lab, shards, policy)
            options = ("EX", 10_000) if policy in VOLATILE else ()
            with server.connect() as connection:
                for start in range(0, 60_000, 5_000):
                    names = (f"key:{n}" for n in range(start, start + 5_000))
                    assert _set_many(connection, names, options=options) == 0, policy
                    _keeps_the_limit(lab, server)
                assert _used(server) > LIMIT * 0.9, (policy, shards, _used(server) / LIMIT)
                lab.eventually(lambda: _evicted(server) == 60_000 - int(connection.call("DBSIZE")[1]))
            server.stop()


def noeviction_refuses_what_takes_memory_and_nothing_else(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "noeviction")
        with server.connect() as connection:
            refused = _set_many(connection, (f"key:{n}" for n in range(50_000)))
            assert 10_000 < refused < 45_000, refused
            # What these pipelines held is given back at any time: small ones fill what that leaves.
            lab.eventually(lambda: _set_many(connection, (f"key:{n}" for n in range(50_000, 50_500)), batch=10) > 400
                           and _used(server) > LIMIT * 0.95)
            _keeps_the_limit(lab, server)
            # What the pipelines held is given back at any time, and may make room: the limit is lowered well below it.
            assert connection.call("CONFIG", "SET", "maxmemory", str(LIMIT // 2)) == (b"+", b"OK")
            assert connection.call("GET", "key:0") == (b"$", b"x" * 1000)
            assert connection.call("APPEND", "key:0", "y") == (b"-", OUT_OF_MEMORY)
            assert connection.call("MSET", "a", "1", "b", "2") == (b"-", OUT_OF_MEMORY)
            assert connection.call("EXPIRE", "key:0", "100") == (b":", b"1")
            assert connection.call("DEL", "key:1") == (b":", b"1")
            assert connection.call("PING") == (b"+", b"PONG")
            assert _evicted(server) == 0
            assert connection.call("FLUSHALL") == (b"+", b"OK")
            lab.eventually(lambda: connection.call("SET", "k", "v") == (b"+", b"OK"))


def a_transaction_is_refused_as_a_whole(lab):
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "noeviction")
        with server.connect() as connection:
            for ready in ("writes", "reads"):
                assert connection.call("CONFIG", "SET", "maxmemory", "0") == (b"+", b"OK")
                connection.call("SET", "k", "v")
                connection.call("MULTI")
                for n in range(20):
                    command = ("SET", f"a{n}", "1") if ready == "writes" else ("GET", "k")
                    assert connection.call(*command) == (b"+", b"QUEUED")
                with server.connect() as other:
                    assert other.call("CONFIG", "SET", "maxmemory", "1") == (b"+", b"OK")
                kind, reply = connection.call("EXEC")
                if ready == "writes":
                    assert (kind, reply) == (b"-", b"EXECABORT Transaction discarded because of: " + OUT_OF_MEMORY)
                    assert connection.call("EXISTS", "a0", "a19") == (b":", b"0")
                else:
                    assert (kind, reply) == (b"*", [(b"$", b"v")] * 20)
            connection.call("MULTI")
            assert connection.call("GET", "k") == (b"-", OUT_OF_MEMORY)  # A queue takes memory.
            assert connection.call("EXEC")[1].startswith(b"EXECABORT")
            assert connection.call("MULTI") == (b"+", b"OK")
            assert connection.call("DISCARD") == (b"+", b"OK")


def transactions_evict_to_make_room(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "allkeys-random")
        with server.connect() as connection:
            for start in range(0, 60_000, 100):
                connection.send_raw(b"".join(
                    [resp.encode(["MULTI"]),
                     *(resp.encode(["SET", f"k{n}", b"x" * 1000]) for n in range(start, start + 100)),
                     resp.encode(["EXEC"])]))
                for _ in range(101):
                    assert connection.read() in ((b"+", b"OK"), (b"+", b"QUEUED"))
                assert connection.read() == (b"*", [(b"+", b"OK")] * 100)
        _keeps_the_limit(lab, server)


def lru_keeps_what_was_used_lately(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        for policy, options in (("allkeys-lru", ()), ("volatile-lru", ("EX", 10_000))):
            server = _start(lab, shards, policy)
            hot = [f"hot:{n}" for n in range(3000)]
            with server.connect() as connection:
                _set_many(connection, hot, options=options)
                for round_ in range(4):
                    _set_many(connection, (f"cold:{round_}:{n}" for n in range(10_000)), options=options)
                    time.sleep(1.1)  # The clock of accesses counts seconds.
                    if round_ < 3:
                        assert _count_alive(connection, hot) >= 0.97 * len(hot), (policy, shards, round_)
                        connection.call("TOUCH", *hot)
                assert _evicted(server) > 10_000
            server.stop()


def lfu_keeps_what_is_used_often(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        for policy, options in (("allkeys-lfu", ()), ("volatile-lfu", ("EX", 10_000))):
            server = _start(lab, shards, policy)
            hot = [f"hot:{n}" for n in range(2000)]
            with server.connect() as connection:
                _set_many(connection, hot, options=options)
                for _ in range(60):
                    connection.call("TOUCH", *hot)
                _set_many(connection, (f"cold:{n}" for n in range(60_000)), options=options)
                assert _count_alive(connection, hot) >= 0.95 * len(hot), (policy, shards)
            server.stop()


def volatile_policies_take_only_keys_with_a_deadline(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        for policy in VOLATILE:
            server = _start(lab, shards, policy)
            lasting = [f"lasting:{n}" for n in range(8_000)]
            with server.connect() as connection:
                assert _set_many(connection, lasting) == 0
                assert _set_many(connection, (f"passing:{n}" for n in range(40_000)), options=("EX", 10_000)) == 0
                assert _count_alive(connection, lasting) == len(lasting), policy
                more = [f"more:{n}" for n in range(30_000)]
                refused = _set_many(connection, more)
                assert refused > 1000, (policy, shards)
                assert _count_alive(connection, lasting) == len(lasting), policy
                assert _count_alive(connection, more) == len(more) - refused
                assert _count_alive(connection, (f"passing:{n}" for n in range(40_000))) == 0
                _keeps_the_limit(lab, server)
                assert connection.call("GET", "lasting:0")[1] == b"x" * 1000
            server.stop()


def volatile_ttl_takes_what_would_go_first_anyway(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "volatile-ttl")
        far = [f"far:{n}" for n in range(8_000)]
        with server.connect() as connection:
            _set_many(connection, far, options=("EX", 500_000))
            _set_many(connection, (f"near:{n}" for n in range(40_000)), options=("EX", 5_000))
            assert _count_alive(connection, far) >= 0.97 * len(far), shards


def a_shard_without_keys_to_evict_lives_on_what_others_give(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        if shards == 1:
            continue
        server = _start(lab, shards, "volatile-lru")
        giver, taker = _tag_on(shards - 1, shards), _tag_on(0, shards)
        with server.connect() as connection:
            assert _set_many(connection, (f"{giver}{n}" for n in range(60_000)), options=("EX", 10_000)) == 0
            full = int(connection.call("DBSIZE")[1])
            assert full > 15_000
            # What the others hold is worth as much as the limit, but for what is always there.
            for start in range(0, full - 5_000, 1_000):
                assert _set_many(connection, (f"{taker}{n}" for n in range(start, start + 1_000))) == 0, start
                _keeps_the_limit(lab, server)
            assert _set_many(connection, (f"{taker}more{n}" for n in range(20_000))) > 5_000
            assert _count_alive(connection, (f"{taker}{n}" for n in range(full - 5_000))) == full - 5_000


def large_values_in_place_of_small_keys_do_not_outrun_eviction(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "allkeys-random")
        giver, taker = _tag_on(shards - 1, shards), _tag_on(0, shards)
        with server.connect() as connection, server.connect() as other:
            _set_many(connection, (f"{giver}{n}" for n in range(400_000)), size=10, batch=5_000)
            for start in range(0, 400, 10):  # Two megabytes under way.
                assert _set_many(connection, (f"{taker}{n}" for n in range(start, start + 10)), size=200_000) == 0
                assert _used(server) < LIMIT * 1.15, _used(server) / LIMIT
                assert other.call("PING") == (b"+", b"PONG")
            lab.eventually(lambda: _used(server) < LIMIT * 1.04)


def what_a_burst_of_pipelines_held_is_given_back(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "noeviction")
        clients = [server.connect(timeout=60) for _ in range(40)]
        for burst in range(6):
            for number, client in enumerate(clients):
                client.send_raw(b"".join(
                    resp.encode(["SET", f"key:{burst}:{number}:{n}", b"x" * 1000]) for n in range(400)))
            for client in clients:
                for _ in range(400):
                    assert client.read() in ((b"+", b"OK"), (b"-", OUT_OF_MEMORY))
        lab.eventually(lambda: _used(server) < LIMIT * 1.02)
        for client in clients:
            client.close()


def a_lowered_limit_is_reached_without_another_write(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "allkeys-lru", 64 * MB)
        with server.connect() as connection:
            _set_many(connection, (f"key:{n}" for n in range(55_000)))
            assert _used(server) > 55_000 * 1024  # Each takes that much, and something beside it.
            assert connection.call("CONFIG", "SET", "maxmemory", 20 * MB) == (b"+", b"OK")
            began = time.monotonic()
            assert connection.call("SET", "during", "it") == (b"+", b"OK")
            assert time.monotonic() - began < 5.0
            lab.eventually(lambda: _used(server) < 20 * MB * 1.04)
            assert connection.call("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", MB) == (b"+", b"OK")
            lab.eventually(lambda: connection.call("SET", "k", "v") == (b"-", OUT_OF_MEMORY))
            assert connection.call("CONFIG", "SET", "maxmemory", 0) == (b"+", b"OK")
            assert connection.call("SET", "k", "v") == (b"+", b"OK")


def a_watched_key_that_is_evicted_has_changed(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "allkeys-lru")
        with server.connect() as watcher, server.connect() as connection:
            watcher.call("SET", "watched", "x")
            watcher.call("WATCH", "watched")
            time.sleep(1.1)
            _set_many(connection, (f"key:{n}" for n in range(60_000)))
            lab.eventually(lambda: _set_many(connection, (f"more:{time.monotonic()}" for _ in range(500))) == 0
                           and _count_alive(connection, ["watched"]) == 0)
            watcher.call("MULTI")
            watcher.call("PING")
            assert watcher.call("EXEC") == (b"*", None)


def what_one_command_takes_too_much_goes_before_the_next(lab):
    if not lab.counts_memory():
        return
    for shards in _shard_counts(lab):
        server = _start(lab, shards, "volatile-random", 0)
        # On each shard in turn: what is evicted and what takes its place may be together or apart.
        for n in range(8):
            volatile, big = f"volatile:{n}", f"{{{n}}}big"
            with server.connect() as cacher, server.connect() as writer:
                cacher.call("HELLO", "3")
                cacher.call("CLIENT", "TRACKING", "ON")
                cacher.call("CONFIG", "SET", "maxmemory", "0")
                cacher.send("FLUSHALL")
                assert sorted(cacher.read()[0] for _ in range(2)) == [b"+", b">"]
                assert writer.call("SET", volatile, "x", "EX", 10_000) == (b"+", b"OK")
                assert cacher.call("GET", volatile) == (b"$", b"x")
                limit = _settled(lab, server) + 100_000
                cacher.call("CONFIG", "SET", "maxmemory", limit)
                assert cacher.call("SETBIT", big, "1600000", "0") == (b":", b"0")
                cacher.send("GETBIT", big, "0")
                told = cacher.read()
                assert told == (b">", [(b"$", b"invalidate"), (b"*", [(b"$", volatile.encode())])]), (shards, n, told)
                assert cacher.read() == (b":", b"0")
                assert writer.call("EXISTS", volatile) == (b":", b"0")
        assert _evicted(server) == 8
        server.stop()


def memory_is_within_a_per_cent_of_the_limit_in_the_steady_state(lab):
    if not lab.counts_memory():
        return
    limit = 100 * MB
    for shards in (1, 4) if lab.shards == 1 else ():
        server = _start(lab, shards, "allkeys-lru", limit)
        with server.connect() as connection, server.connect() as observer:
            most = least = None
            for start in range(0, 1_600_000, 20_000):
                names = (f"key:{n:012d}" for n in range(start, start + 20_000))
                assert _set_many(connection, names, size=100, batch=2_000) == 0
                if start < 1_000_000:
                    continue
                used = int(dict(line.split(":", 1) for line in observer.call("INFO", "memory")[1].decode().split("\r\n")
                                if ":" in line)["used_memory"])
                most, least = max(most or used, used), min(least or used, used)
            assert most < limit * 1.02 and least > limit * 0.97, (shards, least / limit, most / limit)
        server.stop()
