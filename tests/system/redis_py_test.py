"""The Python client works: its pool, pipelines, transactions and scan."""

import redis

from tests.support.together import together


def _client(server, **options):
    return redis.Redis(host="127.0.0.1", port=server.port, socket_timeout=20, **options)


def values_go_in_and_come_back(server):
    client = _client(server)
    assert client.set("k", "v", ex=100, nx=True)
    assert client.get("k") == b"v" and 99 <= client.ttl("k") <= 100
    assert client.set("k", "w", get=True) == b"v"
    assert client.mget("k", "none") == [b"w", None]
    assert client.incrbyfloat("f", 1.5) == 1.5


def a_pipeline_answers_in_order(server):
    with _client(server).pipeline(transaction=False) as pipe:
        for n in range(2000):
            pipe.set(f"k{n}", n)
            pipe.incr(f"k{n}")
        assert pipe.execute() == [word for n in range(2000) for word in (True, n + 1)]


def a_transaction_answers_all_or_raises(server):
    client = _client(server)
    with client.pipeline(transaction=True) as pipe:
        pipe.set("a", 1).set("b", "x").incr("a")
        assert pipe.execute() == [True, True, 2]
    with client.pipeline() as pipe:
        pipe.watch("a")
        client.set("a", 100)
        pipe.multi()
        pipe.set("a", 5)
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("a changed watch did not abort the transaction")
    assert client.get("a") == b"100"


def optimistic_counters_of_many_threads_lose_nothing(server):
    client = _client(server)
    client.set("n", 0)

    def add(pipe):
        value = int(pipe.get("n"))
        pipe.multi()
        pipe.set("n", value + 1)

    def work():
        for _ in range(25):
            client.transaction(add, "n")

    together(*[work] * 4)
    assert client.get("n") == b"100"


def scan_finds_each_key_once(server):
    client = _client(server)
    client.mset({f"key:{n}": n for n in range(3000)})
    found = list(client.scan_iter(count=100))
    assert len(found) == len(set(found)) == 3000


def information_is_parsed(server):
    client = _client(server)
    info = client.info()
    assert info["redis_version"].startswith("7.") and info["connected_clients"] >= 1, info
    assert "maxmemory" in client.config_get("maxmem*")
    assert client.client_list()[0]["cmd"].startswith("client")
    assert client.client_setname("me") and client.client_getname() == "me"
