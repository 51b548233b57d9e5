"""Numbers that clients choose, at the ends of what there is: sums and differences of them must not overflow.

A build with UndefinedBehaviorSanitizer says so in the log, which every test looks at; others see that the server
lives and answers each command.
"""

NUMBERS = ["0", "1", "-1", "1000", "-1000", "2147483647", "-2147483648", "4294967295", "4294967296",
           "9007199254740993", "9223372036854775", "-9223372036854775", "9223370000000000000",
           "-9223370000000000000", "9223372036854775806", "9223372036854775807", "-9223372036854775807",
           "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616",
           "1.7e308", "-1.7e308", "9.3e18", "-9.3e18", "5e-324", "inf", "-inf", "nan"]

# N: one of them.
COMMANDS = """
SET s v EX N|SET s v PX N|SET s v EXAT N|SET s v PXAT N|SETEX s N v|PSETEX s N v|GETEX s EX N|GETEX s PXAT N
EXPIRE s N|PEXPIRE s N|EXPIREAT s N|PEXPIREAT s N GT|PEXPIREAT s N LT|PTTL s|EXPIRETIME s|TTL s
MSETEX 1 s v EX N|MSETEX 1 s v PXAT N|MSETEX N s v
INCRBY i N|DECRBY i N|INCRBYFLOAT f N|SET i N|INCR i|DECR i|SET f N|INCRBYFLOAT f 1
GETRANGE s N N|SETRANGE s N x|SUBSTR s N N|LCS s t IDX MINMATCHLEN N
SETBIT b N 1|GETBIT b N|BITCOUNT b N N|BITCOUNT b N N BIT|BITPOS b 1 N N|BITPOS b 0 N N BIT
BITFIELD b GET i64 N|BITFIELD b GET u8 #N|BITFIELD b SET i64 0 N|BITFIELD b INCRBY i64 0 N
BITFIELD b OVERFLOW SAT INCRBY i64 0 N|BITFIELD b OVERFLOW FAIL INCRBY u63 0 N|BITFIELD b OVERFLOW SAT INCRBY i8 0 N
BITFIELD b SET u63 N 1|BITFIELD_RO b GET i5 N
RPUSH l a b c|LRANGE l N N|LTRIM l N N|LINDEX l N|LSET l N x|LREM l N a|LPOP l N|LPOS l a RANK N COUNT N MAXLEN N
LMPOP N l LEFT COUNT N|BLMPOP 0 N l LEFT|LPOS l a RANK N
SADD t a b c 1 2 3|SRANDMEMBER t N|SPOP t N|SINTERCARD N t|SINTERCARD 1 t LIMIT N|SADD t N
HSET h a 1 b 2|HINCRBY h a N|HINCRBYFLOAT h b N|HSET h a N|HRANDFIELD h N|HRANDFIELD h N WITHVALUES|HEXPIRE h N FIELDS 1 a
HPEXPIRE h N FIELDS N a|HEXPIREAT h N FIELDS 1 a|HPEXPIREAT h N FIELDS 1 b|HPTTL h FIELDS 1 b|HGETEX h PX N FIELDS 1 a
HSETEX h EX N FIELDS 1 a v|HSETEX h PXAT N FIELDS 1 a v|HPEXPIRETIME h FIELDS N b|HTTL h FIELDS 2 a b
ZADD z 1 a 2 b 3 c|ZADD z N a|ZINCRBY z N a|ZADD z INCR N b|ZRANGE z N N|ZRANGE z N N BYSCORE LIMIT N N
ZRANGE z - + BYLEX LIMIT N N|ZREVRANGE z N N|ZRANGEBYSCORE z N N LIMIT N N|ZREVRANGEBYSCORE z N N LIMIT N N
ZRANGEBYLEX z - + LIMIT N N|ZREVRANGEBYLEX z + - LIMIT N N|ZCOUNT z N N|ZREMRANGEBYRANK z N N|ZREMRANGEBYSCORE z (N (N
ZPOPMIN z N|ZPOPMAX z N|ZRANDMEMBER z N|ZRANDMEMBER z N WITHSCORES|ZMPOP N z MIN COUNT N|ZINTERCARD N z LIMIT N
ZUNIONSTORE y 2 z z WEIGHTS N N|ZINTERSTORE y 2 z z WEIGHTS N N AGGREGATE MAX|ZUNION N z|ZRANGESTORE y z N N|ZDIFF N z z
ZRANGESTORE y z N N BYSCORE LIMIT N N|ZRANK z a|ZUNION 2 z y WITHSCORES
GEOADD g N N m|GEOADD g 1 1 m|GEOSEARCH g FROMLONLAT N N BYRADIUS N km|GEOSEARCH g FROMMEMBER m BYBOX N N m COUNT N
GEORADIUS g N N N mi COUNT N|GEODIST g m m
XADD x * f v|XADD x N f v|XADD x N-N f v|XADD x N-* f v|XADD x MAXLEN N * f v|XADD x MAXLEN ~ N LIMIT N * f v
XADD x MINID N * f v|XTRIM x MAXLEN N|XTRIM x MINID N-N|XTRIM x MAXLEN ~ N LIMIT N|XRANGE x N N COUNT N|XRANGE x (N (N
XREVRANGE x N N COUNT N|XREAD COUNT N STREAMS x N|XREAD BLOCK N STREAMS x N-N|XDEL x N|XSETID x N-N
XSETID x 5-5 ENTRIESADDED N MAXDELETEDID N-N|XGROUP CREATE x g N MKSTREAM ENTRIESREAD N|XGROUP SETID x g N ENTRIESREAD N
XREADGROUP GROUP g c COUNT N BLOCK N STREAMS x >|XREADGROUP GROUP g c STREAMS x N|XPENDING x g IDLE N - + N
XPENDING x g N N N|XCLAIM x g c N 1-1 IDLE N TIME N RETRYCOUNT N FORCE|XCLAIM x g c N N IDLE N FORCE LASTID N
XCLAIM x g c 0 1-1 TIME N FORCE|XAUTOCLAIM x g c N N COUNT N|XINFO STREAM x FULL COUNT N|XINFO CONSUMERS x g|XPENDING x g
XINFO GROUPS x|XACK x g N
BLPOP q N|BRPOP q N|BLMOVE q p LEFT LEFT N|BRPOPLPUSH q p N|BZPOPMIN q N|BZMPOP N 1 q MIN COUNT N|BLMPOP N 1 q LEFT COUNT N
WAIT N N|WAITAOF N N N
SCAN N COUNT N|SSCAN t N COUNT N|HSCAN h N COUNT N|ZSCAN z N COUNT N|SELECT N|MOVE s N|COPY s s2 DB N|SWAPDB N N
SORT l LIMIT N N|SORT l BY nosort LIMIT N N|SORT_RO t LIMIT N N ALPHA|SORT l BY w* LIMIT N N
OBJECT FREQ s|OBJECT IDLETIME s|MEMORY USAGE s SAMPLES N|SLOWLOG GET N|ACL LOG N|LATENCY HISTORY N|LOLWUT VERSION N
CLIENT KILL ID N|CLIENT KILL MAXAGE N|CLIENT LIST ID N|CLIENT UNBLOCK N|CLIENT TRACKING ON REDIRECT N|CLIENT PAUSE N ALL
CLIENT PAUSE N WRITE|CLIENT UNPAUSE|HELLO N|EVAL return(1) N a|FCALL f N a|COMMAND GETKEYS EVAL s N a|HOTKEYS GET COUNT N
EVAL_RO return(ARGV[1]) 0 N|PFADD p N|PFDEBUG TODENSE p|CLUSTER KEYSLOT N|CLUSTER GETKEYSINSLOT N N|CLUSTER COUNTKEYSINSLOT N
DEBUG SET-ACTIVE-EXPIRE N|DEBUG QUICKLIST-PACKED-THRESHOLD N|DEBUG SET-ACTIVE-EXPIRE 1|DEBUG QUICKLIST l N
CONFIG SET timeout N|CONFIG SET slowlog-log-slower-than N|CONFIG SET latency-monitor-threshold N
CONFIG SET busy-reply-threshold N|CONFIG SET client-command-rate-limit N|CONFIG SET client-stall-timeout N
CONFIG SET lfu-decay-time N|CONFIG SET lfu-log-factor N|CONFIG SET maxmemory-samples N|CONFIG SET slowlog-max-len N
CONFIG SET client-output-buffer-limit pubsub_N_N_N|LATENCY DOCTOR|CONFIG SET shutdown-timeout N|CONFIG SET acllog-max-len N
CONFIG SET tracking-table-max-keys N|CONFIG SET stream-node-max-entries N|CONFIG SET zset-max-listpack-entries N
CONFIG SET list-max-listpack-size N|CONFIG SET hash-max-listpack-value N|CONFIG SET hll-sparse-max-bytes N
INFO everything|MEMORY STATS|MEMORY DOCTOR|INFO keyspace|RANDOMKEY|KEYS *|DBSIZE
"""

WAITS = {"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZMPOP", "BLMPOP", "WAIT", "WAITAOF"}
# What would keep the rest from being tested, put back after each.
NORMAL = {"timeout": "0", "client-command-rate-limit": "0", "client-stall-timeout": "60",
          "slowlog-max-len": "128", "latency-monitor-threshold": "0"}


def _templates():
    return [words.split(" ") for line in COMMANDS.strip().splitlines() for words in line.split("|")]


def _call(connection, words):
    """Sends the command so that it does not wait, and undoes what would stop others."""
    words = [word.replace("_", " ") if word.startswith("pubsub_") else word for word in words]
    blocks = words[0] in WAITS or "BLOCK" in words
    if blocks:
        connection.call("MULTI")
    connection.call(*words)
    if blocks:
        connection.call("EXEC")
    if words[:2] == ["CLIENT", "PAUSE"]:
        connection.call("CLIENT", "UNPAUSE")
    if words[0] in ("SELECT", "HELLO", "CLIENT"):
        connection.call("RESET")
    if words[:2] == ["CONFIG", "SET"] and words[2] in NORMAL:
        if words[2] == "latency-monitor-threshold":
            connection.call("LATENCY", "DOCTOR")
        connection.call("CONFIG", "SET", words[2], NORMAL[words[2]])


def _run(server):
    with server.connect(timeout=60) as connection:
        for template in _templates():
            slots = [i for i, word in enumerate(template) if _is_slot(word)]
            for number in NUMBERS:
                _call(connection, [_filled(word, number) for word in template])
                for slot in slots if len(slots) > 1 else ():
                    _call(connection, [_filled(word, number if i == slot else "1")
                                       for i, word in enumerate(template)])
            if not slots:
                connection.call(*template)
        assert connection.call("PING") == (b"+", b"PONG")
    assert "runtime error" not in server.log(), server.log()[-3000:]


def _is_slot(word):
    return word in ("N", "#N", "(N", "N-N", "N-*", "pubsub_N_N_N")


def _filled(word, number):
    return word.replace("N", number) if _is_slot(word) else word


def no_number_is_too_extreme(lab):
    for shards in (lab.shards, 4) if lab.shards == 2 else (lab.shards,):
        _run(lab.start_sharded(shards, "--proto-max-bulk-len", "1mb", "--enable-debug-command", "yes"))
