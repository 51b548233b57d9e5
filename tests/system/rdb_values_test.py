"""Values travel between redis-server and this server as payloads of DUMP, whatever their type, size and encoding.

Both servers run with the same limits of encodings: Redis's own, or one of the extremes. Each value is made by the
same commands on both; the payloads are compared where the encodings are the same, and each is restored into the
other server.
"""

import contextlib

from tests.support import sample_values, servers

# LZF leaves a choice to who compresses, so payloads are compared uncompressed.
PLAIN = ["--rdbcompression", "no"]
# Bytes of tables depend on their order, which is random; sets of texts are tables in Redis 7.0.
# Since Redis 7.2 an element beyond the size of a piece is a piece of its own, and scores have fewer digits.
SINCE_7_2 = (b"list-huge", b"zset-extreme")
ORDERED = (b"embstr", b"int", b"raw", b"listpack", b"quicklist", b"intset", b"skiplist", b"stream")


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
    sample_values.fill(mine)
    sample_values.fill(theirs)
    keys = sample_values.keys(theirs)
    assert keys == sample_values.keys(mine) and len(keys) > 60
    compared = 0
    for key in keys:
        ours = _carry(mine, theirs, key, b"from-us-" + key)
        back = _carry(theirs, mine, key, b"from-redis-" + key)
        digest, encoding = sample_values.shown(theirs, key)
        assert sample_values.shown(theirs, b"from-us-" + key)[0] == digest, key
        assert sample_values.shown(mine, b"from-redis-" + key)[0] == sample_values.shown(mine, key)[0] == digest, key
        my_encoding = sample_values.shown(mine, key)[1]
        if is_plain and my_encoding == encoding and encoding in ORDERED and key not in SINCE_7_2:
            assert ours == back, (key, encoding, ours[:200], back[:200])
            compared += 1
        _carry(theirs, theirs, key, b"own-" + key)
        assert sample_values.shown(theirs, b"from-us-" + key)[1] == sample_values.shown(theirs, b"own-" + key)[1], key
    assert not is_plain or compared > 40, compared


def values_travel_both_ways_under_every_limit(lab):
    for name, limits in sample_values.PROFILES.items():
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
        with _pair(lab, sample_values.PROFILES[here]) as (mine, theirs):
            source = servers.oracle(lab.build, ["--enable-debug-command", "yes", *map(str, sample_values.PROFILES[there])])
            with source.connect() as far:
                sample_values.fill(far)
                for key in sample_values.keys(far):
                    _carry(far, mine, key, key)
                    _carry(far, theirs, key, key)
                    assert sample_values.shown(mine, key)[0] == sample_values.shown(theirs, key)[0], key
                    encodings = sample_values.shown(mine, key)[1], sample_values.shown(theirs, key)[1]
                    if encodings[0] != encodings[1]:
                        # Redis 7.0 has neither packed sets of texts nor packed lists.
                        assert encodings in ((b"listpack", b"hashtable"), (b"listpack", b"quicklist")), (key, encodings)
            source.stop()
