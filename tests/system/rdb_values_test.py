"""Values travel between redis-server and this server as payloads of DUMP, whatever their type, size and encoding.

Both servers run with the same limits of encodings: Redis's own, or one of the extremes. Each value is made by the
same commands on both; the payloads are compared where the encodings are the same, and each is restored into the
other server.
"""

import contextlib

from tests.support import servers

SIZES = (1, 3, 20, 129, 600)
# LZF leaves a choice to who compresses, so payloads are compared uncompressed.
PLAIN = ["--rdbcompression", "no"]
PROFILES = {
    "usual": [],
    "nothing packed": [
        "--hash-max-listpack-entries", 0, "--hash-max-listpack-value", 0, "--zset-max-listpack-entries", 0,
        "--zset-max-listpack-value", 0, "--set-max-intset-entries", 0, "--list-max-listpack-size", 1,
        "--stream-node-max-entries", 1],
    "all packed": [
        "--hash-max-listpack-entries", 100000, "--hash-max-listpack-value", 100000, "--zset-max-listpack-entries",
        100000, "--zset-max-listpack-value", 100000, "--set-max-intset-entries", 100000, "--list-max-listpack-size",
        30000, "--stream-node-max-entries", 0, "--stream-node-max-bytes", 0],
    "compressed": ["--list-compress-depth", 1, "--list-max-listpack-size", 8, "--stream-node-max-bytes", 300],
}
# Bytes of tables depend on their order, which is random; sets of texts are tables in Redis 7.0.
# Since Redis 7.2 an element beyond the size of a piece is a piece of its own, and scores have fewer digits.
SINCE_7_2 = (b"list-huge", b"zset-extreme")
ORDERED = (b"embstr", b"int", b"raw", b"listpack", b"quicklist", b"intset", b"skiplist", b"stream")


def _element(number, is_long):
    return "x" * (60 + number % 20) + str(number) if is_long else f"e{number}"


def _strings():
    texts = [b"", b"0", b"-1", b"127", b"-129", b"40000", b"2147483648", b"-9223372036854775808", b"007", b"text",
             b"\0\xff\r\n", b"y" * 20, b"y" * 21, b"y" * 44, b"y" * 45, b"y" * 5000, bytes(range(256)) * 20,
             b"abcabcabd" * 700]
    for number, text in enumerate(texts):
        yield ["SET", f"string-{number}", text]
    yield ["APPEND", "string-grown", "12"]
    yield ["APPEND", "string-grown", "3"]
    yield ["PFADD", "hll-small", *"abc"]
    yield ["PFADD", "hll", *[str(n) for n in range(5000)]]


def _containers(size, is_long):
    name = f"{size}-{'long' if is_long else 'short'}"
    elements = [_element(number, is_long) for number in range(size)]
    for number, element in enumerate(elements):
        yield ["LPUSH" if number % 3 == 0 else "RPUSH", f"list-{name}", element]
        yield ["ZADD", f"zset-{name}", str(number % 7 - 2.5) if number % 2 else str(number), element]
        yield ["HSET", f"hash-{name}", element, str(number) if number % 2 else element]
        yield ["SADD", f"set-{name}", element]
        yield ["XADD", f"stream-{name}", f"{1000 + number}-{number % 3}", "a", element, "c" if number % 5 else "b", "17"]
    for number in range(0, size, 7):
        yield ["XDEL", f"stream-{name}", f"{1000 + number}-{number % 3}"]
    if not is_long:
        yield ["SADD", f"ints-{name}", *[str(number ** 4 - 100) for number in range(size)]]
        yield ["SADD", f"mixed-{name}", *[str(n) if n % 2 else _element(n, False) for n in range(size)]]
    if size >= 20:
        yield ["XGROUP", "CREATE", f"stream-{name}", "idle", "1000-0"]
        yield ["XGROUP", "CREATE", f"stream-{name}", "group", "0", "ENTRIESREAD", "3"]


def _special():
    yield ["ZADD", "zset-extreme", "inf", "a", "-inf", "b", "0", "c", "-0", "d", "1e300", "e", "0.1", "f",
           "9007199254740993", "g"]
    yield ["XGROUP", "CREATE", "stream-empty", "g", "$", "MKSTREAM"]
    yield ["RPUSH", "list-huge", "z" * 70000, "small", "y" * 9000]
    yield ["GEOADD", "geo", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"]
    yield ["XADD", "stream-trimmed", "5-5", "f", "v"]
    yield ["XTRIM", "stream-trimmed", "MAXLEN", "0"]
    yield ["SETBIT", "bits", "70000", "1"]


def _commands():
    yield from _strings()
    for size in SIZES:
        for is_long in (False, True):
            yield from _containers(size, is_long)
    yield from _special()


def _fill(connection):
    for words in _commands():
        kind, value = connection.call(*words)
        assert kind != b"-", (words[:2], value)


def _keys(connection):
    return sorted(bytes(key[1]) for key in connection.call("KEYS", "*")[1])


def _shown(connection, key):
    """What a client sees of a value: a digest of its elements, and its encoding."""
    encoding = bytes(connection.call("OBJECT", "ENCODING", key)[1])
    if connection.call("TYPE", key)[1] == b"zset":
        # Digests of scores differ from Redis 7.0 to 7.2, which writes them in other digits.
        texts = [bytes(text[1]) for text in connection.call("ZRANGE", key, "0", "-1", "WITHSCORES")[1]]
        return [*zip(texts[::2], map(float, texts[1::2]))], encoding
    return bytes(connection.call("DEBUG", "DIGEST-VALUE", key)[1][0][1]), encoding


def _carry(source, target, key, name):
    """Restores the payload of a key in `source` under another name in `target`."""
    payload = source.call("DUMP", key)[1]
    reply = target.call("RESTORE", name, "0", payload)
    assert reply == (b"+", b"OK"), (key, reply)
    return payload


@contextlib.contextmanager
def _pair(lab, limits):
    """This server, pinned to the version of Redis 7.0, and redis-server, with the same limits."""
    limits = [str(word) for word in limits]
    ours = lab.start("--enable-debug-command", "yes", "--rdb-version", "10", *limits)
    redis = servers.oracle(lab.build, ["--enable-debug-command", "yes", *limits])
    try:
        with ours.connect() as mine, redis.connect() as theirs:
            yield mine, theirs
    finally:
        redis.stop()


def _compare(mine, theirs, is_plain):
    _fill(mine)
    _fill(theirs)
    keys = _keys(theirs)
    assert keys == _keys(mine) and len(keys) > 60
    compared = 0
    for key in keys:
        ours = _carry(mine, theirs, key, b"from-us-" + key)
        back = _carry(theirs, mine, key, b"from-redis-" + key)
        digest, encoding = _shown(theirs, key)
        assert _shown(theirs, b"from-us-" + key)[0] == digest, key
        assert _shown(mine, b"from-redis-" + key)[0] == _shown(mine, key)[0] == digest, key
        my_encoding = _shown(mine, key)[1]
        if is_plain and my_encoding == encoding and encoding in ORDERED and key not in SINCE_7_2:
            assert ours == back, (key, encoding, ours[:200], back[:200])
            compared += 1
        _carry(theirs, theirs, key, b"own-" + key)
        assert _shown(theirs, b"from-us-" + key)[1] == _shown(theirs, b"own-" + key)[1], key
    assert not is_plain or compared > 40, compared


def values_travel_both_ways_under_every_limit(lab):
    for name, limits in PROFILES.items():
        for more in ([], PLAIN):
            with _pair(lab, limits + more) as (mine, theirs):
                try:
                    # Pieces of lists stay compressed.
                    _compare(mine, theirs, more == PLAIN and name != "compressed")
                except AssertionError as error:
                    raise AssertionError(f"limits: {name} {more}: {error}") from error


def functions_travel_both_ways(lab):
    code = "#!lua name=lib\nredis.register_function('f', function() return 7 end)" + " " * 100
    with _pair(lab, []) as (mine, theirs):
        for source, target in ((mine, theirs), (theirs, mine)):
            source.call("FUNCTION", "LOAD", "REPLACE", code)
            payload = source.call("FUNCTION", "DUMP")[1]
            target.call("FUNCTION", "FLUSH")
            assert target.call("FUNCTION", "RESTORE", payload) == (b"+", b"OK")
            assert target.call("FCALL", "f", "0") == (b":", b"7")


def a_restored_value_has_the_encoding_of_the_limits_where_it_arrives(lab):
    """What was packed there becomes a table here, and the other way round, as between two Redis servers."""
    for there, here in (("all packed", "nothing packed"), ("nothing packed", "all packed"), ("all packed", "usual")):
        with _pair(lab, PROFILES[here]) as (mine, theirs):
            source = servers.oracle(lab.build, ["--enable-debug-command", "yes", *map(str, PROFILES[there])])
            with source.connect() as far:
                _fill(far)
                for key in _keys(far):
                    _carry(far, mine, key, key)
                    _carry(far, theirs, key, key)
                    assert _shown(mine, key)[0] == _shown(theirs, key)[0], key
                    encodings = _shown(mine, key)[1], _shown(theirs, key)[1]
                    if encodings[0] != encodings[1]:
                        # Redis 7.0 has neither packed sets of texts nor packed lists.
                        assert encodings in ((b"listpack", b"hashtable"), (b"listpack", b"quicklist")), (key, encodings)
            source.stop()
