"""What is used most and what is largest is known without looking for it, whatever shard it lives on."""

import urllib.request

from tests.support import resp, servers


def _use(connection, key, times):
    connection.send_raw(resp.encode([b"GET", key]) * times)
    for _ in range(times):
        connection.read()


def _hottest(connection):
    reply = connection.call("HOTKEYS", "GET", "COUNT", "3")
    return [[bytes(value) if kind == b"$" else int(value) for kind, value in key[1][1::2]] for key in reply[1]]


def hot_keys_of_all_shards_come_hottest_first(lab):
    port = servers.free_port()
    server = lab.start("--metrics-port", port)
    with server.connect() as connection:
        for key, times in ((b"warm\n", 6000), (b"hot", 20_000), (b"lukewarm", 3000)):
            _use(connection, key, times)
        hottest = _hottest(connection)
        assert [key for key, *_ in hottest] == [b"hot", b"warm\n", b"lukewarm"], hottest
        assert all(db == 0 and qps > 0 and error == 0 for _, db, qps, error in hottest), hottest
        info = connection.call("INFO", "hotkeys")[1]
        assert b'\r\nhotkey_0:db=0,qps=' in info and b',key="warm\\n"\r\n' in info, info
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        assert 'kvstash_hotkeys{db="db0",key="hot"}' in text
        assert 'kvstash_hotkeys{db="db0",key="warm\\\\n"}' in text
        assert connection.call("HOTKEYS", "RESET") == (b"+", b"OK")
        assert _hottest(connection) == []


def big_keys_of_all_shards_come_largest_first(server):
    with server.connect() as connection:
        for n in range(12):
            connection.call("SET", f"text{n}", b"x" * 20_000 * (n + 1))
            connection.call("SADD", f"set{n}", *(str(m) for m in range(1000 + n)))
        info = bytes(connection.call("INFO", "bigkeys")[1])
        assert b'\r\nbigkey_bytes_0:db=0,type=string,bytes=' in info and info.count(b"\r\nbigkey_bytes_") == 10, info
        first = next(line for line in info.split(b"\r\n") if line.startswith(b"bigkey_bytes_0:"))
        assert first.endswith(b',elements=240000,key="text11"'), first
        longest = next(line for line in info.split(b"\r\n") if line.startswith(b"bigkey_elements_0:"))
        assert longest.endswith(b',elements=1011,key="set11"'), longest
        connection.call("DEL", "text11", "set11")
        info = bytes(connection.call("INFO", "bigkeys")[1])
        assert b"text11" not in info and b"set11" not in info, info
