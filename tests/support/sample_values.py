"""Values of every type, size and encoding, as commands that make them, and what a client sees of them.

For tests that carry values between servers: by DUMP, by snapshots, by append-only files.
"""

SIZES = (1, 3, 20, 129, 600)
# Limits of encodings: Redis's own, and the extremes.
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


def commands():
    yield from _strings()
    for size in SIZES:
        for is_long in (False, True):
            yield from _containers(size, is_long)
    yield from _special()


def fill(connection):
    for words in commands():
        kind, value = connection.call(*words)
        assert kind != b"-", (words[:2], value)


def keys(connection):
    return sorted(bytes(key[1]) for key in connection.call("KEYS", "*")[1])


def shown(connection, key):
    """What a client sees of a value: a digest of its elements, and its encoding."""
    encoding = bytes(connection.call("OBJECT", "ENCODING", key)[1])
    if connection.call("TYPE", key)[1] == b"zset":
        # Digests of scores differ from Redis 7.0 to 7.2, which writes them in other digits.
        texts = [bytes(text[1]) for text in connection.call("ZRANGE", key, "0", "-1", "WITHSCORES")[1]]
        return [*zip(texts[::2], map(float, texts[1::2]))], encoding
    return bytes(connection.call("DEBUG", "DIGEST-VALUE", key)[1][0][1]), encoding
