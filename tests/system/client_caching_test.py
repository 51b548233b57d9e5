"""Client-side caching over real connections: what a client keeps is true, or it was told so."""

import random

import redis

from tests.support import resp
from tests.support.together import together

CROSSES_THREADS = True

KEYS = [f"key:{n}" for n in range(20)]


def _tracker(server, *options):
    connection = server.connect()
    connection.call("HELLO", "3")
    assert connection.call("CLIENT", "TRACKING", "ON", *options) == (b"+", b"OK")
    return connection


def _invalidated(push):
    """The keys of a push, or None for all."""
    kind, (name, keys) = push
    assert kind == b">" and name == (b"$", b"invalidate"), push
    return None if keys[1] is None else [key[1].decode() for key in keys[1]]


class Cache:
    """What a RESP3 connection believes, as it reads what comes."""

    def __init__(self, connection):
        self.connection = connection
        self.values = {}
        self.news = 0

    def next_reply(self):
        while True:
            reply = self.connection.read()
            if reply[0] != b">":
                return reply
            self.news += 1
            keys = _invalidated(reply)
            if keys is None:
                self.values.clear()
            for key in keys or ():
                self.values.pop(key, None)

    def get(self, key):
        if key not in self.values:
            self.connection.send("GET", key)
            self.values[key] = self.next_reply()[1]
        return self.values[key]

    def get_many(self, keys):
        """In one write, whatever is known."""
        for key in keys:
            self.connection.send("GET", key)
        for key in keys:
            self.values[key] = self.next_reply()[1]

    def catch_up(self):
        self.connection.send("PING")
        assert self.next_reply() == (b"+", b"PONG")


def _write(server, seed, writes):
    chance = random.Random(seed)
    with server.connect() as connection:
        for n in range(writes):
            key = chance.choice(KEYS)
            if chance.random() < 0.2:
                connection.call("MSET", key, f"{seed}:{n}", chance.choice(KEYS), f"{seed}:{n}")
            elif chance.random() < 0.1:
                connection.call("DEL", key)
            else:
                connection.call("SET", key, f"{seed}:{n}")


def _truth(server):
    with server.connect() as connection:
        return {key: connection.call("GET", key)[1] for key in KEYS}


def _stay_coherent(server, *options):
    caches = [Cache(_tracker(server, *options)) for _ in range(4)]

    def read(cache, seed):
        chance = random.Random(seed)
        for _ in range(150):
            if chance.random() < 0.5:
                cache.get(chance.choice(KEYS))
            else:
                cache.get_many(chance.sample(KEYS, 5))

    together(*[lambda c=cache, s=seed: read(c, s) for seed, cache in enumerate(caches)],
         *[lambda s=seed: _write(server, s, 250) for seed in (11, 12, 13)])
    truth = _truth(server)
    for cache in caches:
        cache.catch_up()
        assert cache.news > 0
        stale = {key: value for key, value in cache.values.items() if value != truth[key]}
        assert not stale, stale
        cache.connection.close()


def a_cache_of_what_was_read_is_never_stale(server):
    _stay_coherent(server)


def a_cache_of_a_prefix_is_never_stale(server):
    _stay_coherent(server, "BCAST", "PREFIX", "key:")


def who_learns_of_a_change_elsewhere_finds_the_news_before_the_next_reply(server):
    with _tracker(server) as reader, server.connect() as writer:
        for n in range(300):
            key = KEYS[n % len(KEYS)]
            reader.call("GET", key)
            assert writer.call("SET", key, str(n)) == (b"+", b"OK")
            reader.send("PING")
            assert _invalidated(reader.read()) == [key]
            assert reader.read() == (b"+", b"PONG")


def a_transaction_over_shards_is_told_after_its_reply(server):
    with _tracker(server) as client:
        for n in range(50):
            client.call("MGET", *KEYS)
            client.call("MULTI")
            for key in KEYS:
                client.call("SET", key, str(n))
            kind, replies = client.call("EXEC")
            assert kind == b"*" and len(replies) == len(KEYS)
            told = [_invalidated(client.read()) for _ in KEYS]
            assert sorted(key for keys in told for key in keys) == sorted(KEYS)


def keys_that_expire_are_told(server):
    with _tracker(server) as reader, server.connect() as writer:
        for key in KEYS:
            writer.call("SET", key, "v", "PX", "50")
            assert reader.call("GET", key)[1] == b"v"
        told = [_invalidated(reader.read(5.0)) for _ in KEYS]
        assert sorted(key for keys in told for key in keys) == sorted(KEYS)


def keys_that_are_evicted_are_told(lab):
    if not lab.counts_memory():
        return
    server = lab.start("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-random")
    small = [f"small:{n}" for n in range(300)]
    with _tracker(server) as reader, server.connect() as writer:
        for key in small:
            writer.call("SET", key, "v")
            assert reader.call("GET", key)[1] == b"v"
        for n in range(25_000):
            writer.call("SET", f"filler:{n}", "x" * 4000)

        def gone():
            return {key for key in small if writer.call("EXISTS", key) == (b":", b"0")}

        gone_before = gone()
        reader.send("PING")
        told = []
        while (reply := reader.read())[0] == b">":
            told += _invalidated(reply)
        assert len(told) == len(set(told))
        assert gone_before and gone_before <= set(told) <= gone(), (told, gone_before)


def the_python_client_keeps_a_cache_by_redirection(server):
    """RESP2: one connection hears for another, as redis-py's users did it."""
    client = redis.Redis(host="127.0.0.1", port=server.port, socket_timeout=20, single_connection_client=True)
    listener = client.pubsub()
    listener.execute_command("CLIENT", "ID")
    listener_id = listener.parse_response(block=True)
    listener.subscribe("__redis__:invalidate")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    assert client.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", listener_id) == b"OK"
    assert client.execute_command("CLIENT", "GETREDIR") == listener_id
    writer = redis.Redis(host="127.0.0.1", port=server.port, socket_timeout=20)
    for n in range(60):
        key = KEYS[n % len(KEYS)]
        client.get(key)
        writer.set(key, n)
        message = listener.get_message(timeout=5)
        assert message is not None and message["channel"] == b"__redis__:invalidate", message
        assert message["data"] == [key.encode()], message
    client.get(KEYS[0])
    writer.flushall()
    assert listener.get_message(timeout=5)["data"] is None
    listener.close()
    lasting = redis.Redis(host="127.0.0.1", port=server.port, socket_timeout=20)

    def is_broken():
        client.get(KEYS[0])
        lasting.set(KEYS[0], "x")
        return b"broken_redirect" in client.execute_command("CLIENT", "TRACKINGINFO")[1]

    assert any(is_broken() for _ in range(100))


def who_does_not_read_the_news_is_closed_with_a_reason(lab):
    server = lab.start("--client-unsent-reply-limit", "1mb")
    slow = _tracker(server, "BCAST")
    reader = Cache(_tracker(server, "BCAST"))
    with server.connect(timeout=60.0) as writer:
        for n in range(200):
            for i in range(10):
                writer.send("SET", f"{n}:{i}:" + "k" * 10_000, "v")
            for _ in range(10):
                assert writer.read() == (b"+", b"OK")
            reader.catch_up()
    assert reader.news > 0
    reader.connection.close()
    is_closed = False
    try:
        while slow.receive(5.0):
            slow.pending.clear()
    except (resp.Closed, ConnectionError):
        is_closed = True
    assert is_closed
    assert "output buffer limit passed" in server.log(), server.log()


def clients_that_leave_leave_nothing_behind(lab):
    server = lab.start()
    for _ in range(20):
        with _tracker(server) as reader:
            reader.call("MGET", *KEYS)
    for _ in range(20):
        with _tracker(server, "BCAST", "PREFIX", "a", "PREFIX", "b") as follower:
            follower.call("PING")

    def is_clean():
        stats = server.info("stats", "clients")
        names = ("tracking_clients", "tracking_total_keys", "tracking_total_items",
                 "tracking_total_prefixes")
        return all(int(stats[name]) == 0 for name in names)

    lab.eventually(is_clean)
