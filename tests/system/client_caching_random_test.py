"""Client-side caching beside Redis: random commands of two clients that track, and all that they hear."""

import random

from tests.support import servers

KEYS = ["a", "b", "ab", "{t}1", "{t}2", "{t}3", "abc"]
TOGETHER = ["{t}1", "{t}2", "{t}3"]  # On one shard.
STEPS = 150

# K: any key; T: one of those that live together; V: a digit.
COMMANDS = """
GET K|GET K|GET K|MGET T T|EXISTS K|TTL K|TYPE K|STRLEN K|TOUCH K|OBJECT REFCOUNT K
SET K V|SET K V|SET K V NX|SET K V XX|DEL K|DEL T T|UNLINK K|APPEND K V|INCR K|SETRANGE K 0 V
GETDEL K|GETEX K EX 100|GETEX K PERSIST|GETEX K|GETSET K V|EXPIRE K 100|EXPIRE K -1|PERSIST K
RENAME T T|RENAMENX T T|COPY T T|COPY T T REPLACE|MOVE K 1|MSET T V T V|MSETNX T V T V
LPUSH K V|RPOP K|LRANGE K 0 -1|RPOPLPUSH T T|LMOVE T T LEFT RIGHT|LREM K 0 V|LTRIM K 0 1|LSET K 0 V
LINSERT K BEFORE V x|LMPOP 1 K LEFT|SADD K V|SREM K V|SMEMBERS K|SMOVE T T V|SPOP K 100
SINTERSTORE T T T|SUNIONSTORE T T T|SINTER T T|HSET K f V|HGET K f|HDEL K f|HSETNX K f V|HINCRBY K f 1
ZADD K V m|ZADD K NX V m|ZREM K m|ZRANGE K 0 -1|ZPOPMIN K|ZRANGESTORE T T 0 -1|ZUNIONSTORE T 2 T T
SETBIT K 1 1|BITOP NOT T T|BITFIELD K SET u8 0 V|BITFIELD K GET u8 0|PFADD K V|PFCOUNT K|PFMERGE T T
XADD K 1-V f v|XLEN K|XTRIM K MAXLEN 1|XDEL K 1-5|XGROUP CREATE K g 0|XGROUP CREATE K g 0 MKSTREAM
XREAD STREAMS K 0|XREADGROUP GROUP g c STREAMS K >|XACK K g 1-5|SORT T STORE T|SORT_RO T|GEOADD K 1 1 V
GEOPOS K V|FLUSHALL|FLUSHDB|SELECT 0|SELECT 1|SWAPDB 0 1|DBSIZE|PING|WATCH K|MULTI|MULTI|EXEC|EXEC|DISCARD
"""
TRACKING = """
CLIENT TRACKING OFF|CLIENT TRACKING OFF|CLIENT TRACKING ON|CLIENT TRACKING ON|CLIENT TRACKING ON NOLOOP
CLIENT TRACKING ON BCAST|CLIENT TRACKING ON BCAST PREFIX a|CLIENT TRACKING ON BCAST PREFIX {t} NOLOOP
CLIENT TRACKING ON OPTIN|CLIENT TRACKING ON OPTOUT|CLIENT TRACKING ON OPTIN NOLOOP|CLIENT CACHING YES
CLIENT CACHING YES|CLIENT CACHING NO|CLIENT CACHING NO|CLIENT TRACKINGINFO
"""


def _templates(text):
    return [template.split() for template in text.strip().replace("\n", "|").split("|")]


COMMAND_TEMPLATES = _templates(COMMANDS)
TRACKING_TEMPLATES = _templates(TRACKING)


def _draw(chance, in_transaction):
    # Over several shards what EXEC changed is told when it is over, to who tracks then.
    if chance.random() < 0.12 and not in_transaction:
        return list(chance.choice(TRACKING_TEMPLATES))
    draws = {"K": lambda: chance.choice(KEYS), "T": lambda: chance.choice(TOGETHER),
             "V": lambda: str(chance.randrange(1, 10)), "1-V": lambda: f"1-{chance.randrange(1, 90)}"}
    return [draws[word]() if word in draws else word for word in chance.choice(COMMAND_TEMPLATES)]


class Pair:
    """Two RESP3 connections to one server."""

    def __init__(self, server):
        self.connections = [server.connect() for _ in range(2)]
        for connection in self.connections:
            connection.call("HELLO", "3")
        self.connections[0].call("FLUSHALL")

    def close(self):
        for connection in self.connections:
            connection.close()

    def _reply(self, who, pushes):
        while True:
            reply = self.connections[who].read()
            if reply[0] != b">":
                return repr(reply)
            pushes.append((who, reply))

    def step(self, who, command):
        """The reply, and what both hear until it is quiet."""
        pushes = []
        self.connections[who].send(*command)
        reply = self._reply(who, pushes)
        assert not pushes, "what one's own command changes is told after its reply"
        for other in range(2):
            self.connections[other].send("CLIENT", "GETREDIR")  # Does not end CLIENT CACHING.
            self._reply(other, pushes)
        return reply, pushes


def _told(pushes):
    """Who hears of which keys: shards tell of theirs one by one, and in any order."""
    return {(who, key and bytes(key[1])) for who, push in pushes for key in push[1][1][1] or [None]}


def clients_that_track_hear_what_redis_tells_them(lab):
    server = lab.start()
    oracle = servers.oracle(lab.build)
    try:
        for seed in range(40):
            chance = random.Random(seed)
            ours, theirs = Pair(server), Pair(oracle)
            in_transaction = [False, False]
            for step in range(STEPS):
                who = chance.randrange(2)
                command = _draw(chance, in_transaction[who])
                where = f"seed {seed}, step {step}: {who}> {' '.join(command)}"
                reply, pushes = ours.step(who, command)
                expected_reply, expected_pushes = theirs.step(who, command)
                if lab.shards == 1:
                    assert sorted(map(repr, pushes)) == sorted(map(repr, expected_pushes)), where
                assert _told(pushes) == _told(expected_pushes), where
                if command[0] in ("CLIENT", "MULTI", "GET", "MGET"):
                    assert reply == expected_reply, where
                if command[0] in ("MULTI", "EXEC", "DISCARD"):
                    in_transaction[who] = command[0] == "MULTI"
            ours.close()
            theirs.close()
    finally:
        oracle.stop()
