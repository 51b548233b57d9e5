"""Commands for differential runs that cannot be drawn from COMMAND DOCS: scripts, functions, sorting, streams
with explicit ids, users, encodings, and arguments of the wrong kinds for every command.

`Extras.command()` gives the words of one command; `alike` knows which differences of replies are allowed, and why.
"""

import hashlib
import re

SCRIPTS = [
    # Conversions.
    "return 1",
    "return 'text'",
    "return 3.99",
    "return -0.5",
    "return nil",
    "return true",
    "return false",
    "return {}",
    "return {1, 2, {3, 'x', {}}, true, false, 4.7}",
    "return {1, nil, 3}",
    "return {ok = 'fine'}",
    "return {ok = 'two\\r\\nlines'}",
    "return {err = 'MY own'}",
    "return {err = 'two\\r\\nlines'}",
    "return redis.status_reply('s')",
    "return redis.error_reply('e x')",
    "return redis.error_reply('-e x')",
    "return {double = 1.5}",
    "redis.setresp(3) return {double = 3.25}",
    "redis.setresp(3) return {map = {a = 1}}",
    "redis.setresp(3) return {set = {x = true}}",
    "redis.setresp(3) return {big_number = '12345678901234567890'}",
    "redis.setresp(3) return {verbatim_string = {format = 'txt', string = 'words'}}",
    "redis.setresp(3) return redis.call('ZSCORE', KEYS[1], ARGV[1])",
    "redis.setresp(3) return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')",
    "return redis.setresp(4)",
    "return #KEYS .. ':' .. #ARGV .. ':' .. tostring(KEYS[1])",
    "return {KEYS[1], ARGV[1], KEYS[3], ARGV[2]}",
    # Commands.
    "return redis.call('GET', KEYS[1])",
    "return redis.call('SET', KEYS[1], ARGV[1])",
    "return redis.pcall('INCR', KEYS[1])",
    "return redis.call('INCR', KEYS[1])",
    "return redis.call('RPUSH', KEYS[1], unpack(ARGV))",
    "return redis.call('LRANGE', KEYS[1], 0, -1)",
    "return redis.call('MGET', unpack(KEYS))",
    "return redis.call('TYPE', KEYS[1])",
    "return redis.call('TYPE', KEYS[1]).ok",
    "return type(redis.call('GET', KEYS[1]))",
    "return redis.call('EXISTS', KEYS[1]) == 1",
    "redis.call('SET', KEYS[1], 'a') redis.call('APPEND', KEYS[1], ARGV[1]) return redis.call('STRLEN', KEYS[1])",
    "local ok, e = pcall(redis.call, 'INCR', KEYS[1]) if ok then return e end return type(e) == 'table' and e.err or e",
    "local e = redis.pcall('LPUSH', KEYS[1]) return {type(e), e.err or 'none'}",
    "return redis.pcall('NOSUCH')",
    "return redis.call('NOSUCH')",
    "return redis.call('GET')",
    "return redis.call()",
    "return redis.call({})",
    "return redis.call('GET', {})",
    "return redis.call('SET', KEYS[1], 1.5)",
    "return redis.call('SUBSCRIBE', 'c')",
    "return redis.call('MULTI')",
    "return redis.sha1hex(ARGV[1] or '')",
    "return {redis.sha1hex()}",
    "return redis.log(redis.LOG_DEBUG)",
    "return redis.acl_check_cmd('get', KEYS[1] or 'k')",
    "return redis.acl_check_cmd('nosuch')",
    "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], '1')",
    "#!lua flags=nonsense\nreturn 1",
    "#!lua name=x\nreturn 1",
    "#!nonsense\nreturn 1",
    "#!lua\nreturn redis.call('GET', KEYS[1])",
    # Errors.
    "error('boom')",
    "error({err = 'ERR table'})",
    "error({err = 'NOCODE'})",
    "error()",
    "return nothing_of_the_kind",
    "nothing = 1",
    "return setmetatable(_G, {})",
    "local t = {} return t.a.b",
    "return 1 +",
    "return nil .. 'x'",
    "return string.rep('ab', 3, ',')",
    "return {string.format('%5.1f|%q|%x', 1.25, 'a\\n', 255)}",
    "return tostring(tonumber(ARGV[1]))",
    "return table.concat({1, 2, 3}, '-')",
    "local t = {3, 1, 2} table.sort(t) return t",
    "return {string.find('hello', 'l+')}",
    "return {string.gsub('hello', '(l)(.)', '%2%1')}",
    "return {math.floor(-1.5), math.max(1, 7), 7 % 3, -7 % 3}",
    # The libraries.
    "return cjson.encode({1, 2, {3, 'x'}})",
    "return cjson.encode({a = 1})",
    "return cjson.encode({})",
    "return cjson.encode({1e15, 1e16, 0.1, -0, 3})",
    "return cjson.encode(1 / 0)",
    "return cjson.encode({[1] = 1, [20] = 2})",
    "return cjson.encode(cjson.decode('[1, 2.50, \"x\\\\u00e9\\\\n\", null, true, [], {}]'))",
    "return cjson.encode(cjson.decode(ARGV[1] or '{\"k\": [1]}'))",
    "return cjson.decode('{')",
    "return cjson.decode('[1, nonsense]')",
    "return cjson.decode(ARGV[1])",
    "return cjson.decode('[1, \"a\", [2, null]]')",
    "return cmsgpack.pack(1, -1, 128, -129, 70000, 3.5, 'text', true, nil, {1, 2, 3})",
    "return cmsgpack.pack(ARGV[1])",
    "return cmsgpack.pack()",
    "return {cmsgpack.unpack(cmsgpack.pack(1, 'a', {1, {2}}, 1.5))}",
    "return {cmsgpack.unpack(ARGV[1])}",
    "return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))}",
    "return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2, 1)}",
    "return cmsgpack.unpack('\\147\\1\\2')",
    "return struct.pack('>I2i4s', 1, -2, ARGV[1] or 'x')",
    "return struct.pack('<bBhHlLfdc3', -1, 255, -2, 3, 4, 5, 1.5, 2.5, 'abc')",
    "return {struct.unpack('>I2i4', '\\1\\2\\255\\255\\255\\254rest')}",
    "return {struct.unpack('>I4', ARGV[1] or '')}",
    "return struct.pack('nonsense', 1)",
    "return struct.size('>I2i4d')",
    "return struct.size('s')",
    "return {bit.band(7, 13), bit.bor(1, 8), bit.bxor(5, 1), bit.bnot(0), bit.tobit(4294967296 + 5)}",
    "return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-8, 1), bit.rol(1, 33), bit.ror(1, 1)}",
    "return {bit.tohex(255), bit.tohex(-1, -4), bit.bswap(1)}",
    "return bit.band(ARGV[1], 3)",
    "return bit.band()",
]

LIBRARY = """#!lua name=lib
redis.register_function('count', function(keys, args) return {#keys, #args, keys[1] or 'none', args[1] or 'none'} end)
redis.register_function{function_name = 'read', callback = function(keys) return redis.call('GET', keys[1]) end,
                        flags = {'no-writes'}}
redis.register_function('write', function(keys, args) return redis.call('SET', keys[1], args[1] or 'x') end)
redis.register_function{function_name = 'lies', callback = function(keys) return redis.call('SET', keys[1], 'x') end,
                        flags = {'no-writes'}, description = 'writes all the same'}
redis.register_function('fails', function() error('in fails') end)
redis.register_function('answers', function() return redis.error_reply('MY answer') end)"""
LIBRARIES = [
    LIBRARY,
    LIBRARY,
    LIBRARY,
    "#!lua name=second\nredis.register_function('other', function(keys, args) return args end)",
    "#!lua name=second\nredis.register_function('count', function() return 1 end)",
    "#!lua name=second\nreturn 1",
    "#!lua name=second\nerror('while loading')",
    "#!lua name=second\nredis.call('GET', 'k')",
    "#!lua name=second\nredis.register_function('a', 'b')",
    "#!lua name=second\nredis.register_function('bad name', function() end)",
    "#!lua name=second\nredis.register_function{function_name = 'f', callback = function() end, flags = {'nonsense'}}",
    "#!lua name=second\nredis.register_function('f', function() end) redis.register_function('f', function() end)",
    "#!lua name=bad-name\nredis.register_function('f', function() end)",
    "#!lua\nredis.register_function('f', function() end)",
    "#!python name=x\npass",
    "no shebang",
    "",
]
FUNCTIONS = ["count", "read", "write", "lies", "fails", "answers", "other", "f", "COUNT", ""]

# Thresholds of encodings; most are so small that values often cross them.
THRESHOLDS = {
    "hash-max-listpack-entries": ["0", "1", "3", "512"],
    "hash-max-listpack-value": ["1", "3", "64"],
    "zset-max-listpack-entries": ["0", "2", "3", "128"],
    "zset-max-listpack-value": ["0", "2", "64"],
    "set-max-intset-entries": ["0", "2", "512"],
    "list-max-listpack-size": ["1", "2", "-1", "-2"],
    "list-compress-depth": ["0", "1"],
    "stream-node-max-entries": ["1", "2", "100"],
    "stream-node-max-bytes": ["60", "4096"],
    "hll-sparse-max-bytes": ["0", "100", "3000"],
}

RULES = [
    "on", "off", "nopass", "resetpass", ">secret", "<secret", "#" + "0" * 64, "!" + "0" * 64, "#short", "reset",
    "~*", "~a*", "%R~b*", "%W~{t}*", "%RW~c", "%X~c", "~", "allkeys", "resetkeys", "&*", "&ch*", "allchannels",
    "resetchannels", "+get", "+set", "-get", "+nosuch", "+@read", "-@write", "+@all", "-@all", "+@nosuch", "allcommands",
    "nocommands", "+object|encoding", "-object|freq", "+object|nosuch", "+select|0", "(+get ~a*)", "(+set ~b*) on",
    "(nonsense)", "(", "clearselectors", "sanitize-payload", "skip-sanitize-payload", "nonsense", "",
]  # fmt: skip
USERS = ["u1", "u2", "none"]

# Some names are also options of the commands in which they are drawn.
GROUPS = ["g1", "g1", "g2", "streams", "BLOCK"]
CONSUMERS = ["c1", "c1", "c2", "STREAMS", "GROUP"]
IDS = ["0", "0-0", "1-1", "3-1", "5-0", "12-1", "39-2", "-", "+", "$", ">", "x"]

# Commands that are not drawn from their documentation, but on which both servers must refuse the same wrong
# arguments. Commands that wait for a time, change the state of the connection, or end the server are left out.
JUNKED = [
    "acl", "blmpop", "bzmpop", "client", "config", "eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro",
    "function", "latency", "memory", "object", "pubsub", "script", "slowlog", "sort", "sort_ro", "xautoclaim", "xclaim",
    "xgroup", "xinfo", "xpending", "xread", "xreadgroup",
]  # fmt: skip
# Commands that must refuse the same wrong arguments, but whose other replies may differ between servers.
JUNKED_LOOSELY = [
    "command", "dump", "hrandfield", "hscan", "scan", "srandmember", "sscan", "zrandmember", "zscan",
]  # fmt: skip
# Commands that are not drawn with wrong arguments: the oracle accepts fewer arguments, or a key would expire a
# moment later, on one server before the other.
NOT_JUNKED = {"zrank", "zrevrank", "expire", "pexpire", "setex", "psetex"}
JUNK = ["", "x", "1x", "-", "1.5", "9223372036854775808", "-1", " 1", "*", "NX", "\x00", "a", "b", "0", "1"]

# Pairs of encodings that kvstash and the oracle may report for the same value, and why.
ENCODINGS_OF_VERSIONS = {
    (b"listpack", b"quicklist"),  # From 7.2 on a short list is one listpack.
    (b"listpack", b"skiplist"),  # Redis turns a sorted set into a skip list to sort it with SORT.
    (b"skiplist", b"listpack"),  # From 7.2 on so many arguments make a value large, even equal ones.
    (b"hashtable", b"listpack"),  # From 7.2 on so many arguments make a value large, even equal ones.
    (b"hashtable", b"intset"),
}
# Scripts whose replies have scores: kvstash prints them as Redis 7.2 does, with fewer digits than the oracle.
DOUBLES_OF_VERSIONS = {
    text
    for script in SCRIPTS if "setresp(3) return redis.call('Z" in script
    for text in (script.encode().lower(), hashlib.sha1(script.encode()).hexdigest().encode())
}  # fmt: skip
# Errors that Redis 7.2 words differently.
BAD_RANGE = re.compile(rb"syntax error|not an integer")
DENIED = re.compile(rb"^(This user|User \S*) has no permissions")


class Extras:
    """`known`: the commands that both servers know; `plain`: commands of them that other code draws as well."""

    def __init__(self, random, known, plain, keys, values):
        self.random, self.names = random, set(known)
        self.keys, self.values = keys, values
        self.junked = sorted({*plain, *JUNKED, *JUNKED_LOOSELY} & self.names - NOT_JUNKED)
        self.kinds = [
            (10, self.eval), (3, self.evalsha), (2, self.script), (5, self.fcall), (3, self.function),
            (8, self.encoding), (2, self.threshold), (8, self.sort), (8, self.group), (4, self.claim), (4, self.users),
            (8, self.junk),
        ]  # fmt: skip
        self.weights = [weight for weight, _ in self.kinds]

    def command(self):
        words = self.random.choices([draw for _, draw in self.kinds], self.weights)[0]()
        if words[0] not in self.names:
            return self.command()
        return [word if isinstance(word, bytes) else word.encode("latin-1") for word in words]

    def one(self, *pool):
        return self.random.choice(pool[0] if len(pool) == 1 else pool)

    def some(self, pool, most):
        return [self.random.choice(pool) for _ in range(self.random.randrange(most + 1))]

    def maybe(self, *words):
        return list(words) if self.random.random() < 0.4 else []

    def keys_and_args(self):
        keys = self.some(self.keys, 2)
        count = str(len(keys)) if self.random.random() < 0.95 else self.one("-1", "9", "x", "")
        return [count, *keys, *self.some(self.values, 2)]

    # ---- Scripts.

    def eval(self):
        return [self.one("eval", "eval", "eval", "eval_ro"), self.one(SCRIPTS), *self.keys_and_args()]

    def sha(self):
        digest = hashlib.sha1(self.one(SCRIPTS).encode()).hexdigest()
        return self.one(digest, digest, digest.upper(), "0" * 40, "x")

    def evalsha(self):
        return [self.one("evalsha", "evalsha", "evalsha_ro"), self.sha(), *self.keys_and_args()]

    def script(self):
        return self.one(
            ["script", "load", self.one(SCRIPTS)],
            ["script", "exists", self.sha(), self.sha()],
            ["script", "flush", *self.some(["SYNC", "ASYNC", "nonsense"], 1)],
            ["script", "nonsense"],
        )

    def fcall(self):
        return [self.one("fcall", "fcall", "fcall_ro"), self.one(FUNCTIONS), *self.keys_and_args()]

    def function(self):
        return self.one(
            ["function", "load", *self.maybe("REPLACE"), self.one(LIBRARIES)],
            ["function", "load", *self.maybe("REPLACE"), self.one(LIBRARIES)],
            ["function", "load", *self.maybe("REPLACE"), self.one(LIBRARIES)],
            ["function", "delete", self.one("lib", "second", "LIB", "none")],
            ["function", "list", *self.maybe("LIBRARYNAME", self.one("lib", "*", "l?b", "none")), *self.maybe("WITHCODE")],
            ["function", "list", self.one("LIBRARYNAME", "nonsense")],
            ["function", "flush", *self.some(["SYNC", "ASYNC", "nonsense"], 1)],
            ["function", "stats"],
            ["function", "restore", self.one("", "x", "\x00" * 20)],
        )

    # ---- Encodings.

    def encoding(self):
        return ["object", "encoding", self.one(self.keys)]

    def threshold(self):
        name = self.one(sorted(THRESHOLDS))
        return ["config", "set", name, self.one(THRESHOLDS[name])]

    # ---- Sorting.

    def sort(self):
        name = self.one("sort", "sort", "sort_ro")
        by = self.maybe("BY", self.one("nosort", "STORE", "GET", "{t}*", "*", "h*->f", "{t}2->f"))
        options = [by, self.maybe("LIMIT", self.one("0", "1", "-1", "x"), self.one("2", "10", "-1"))]
        options += [["GET", pattern] for pattern in self.some(["#", "{t}*", "*->f", "none"], 2)]
        options += [self.some(["ASC", "DESC"], 1), self.maybe("ALPHA")]
        # Each server has its own order of elements of the same weight: it must not be stored.
        if not any("*" in pattern for pattern in by) and name == "sort":
            options += [["STORE", self.one(self.keys)] for _ in self.some([0], 2)]
        self.random.shuffle(options)
        return [name, self.one(self.keys), *(word for option in options for word in option)]

    # ---- Consumer groups.

    def group(self):
        key, group, consumer, ident = self.one(self.keys), self.one(GROUPS), self.one(CONSUMERS), self.one(IDS)
        after = ident.replace("+", "0")  # The oracle does not know "+" there.
        return self.one(
            ["xgroup", "create", key, group, ident, *self.maybe("MKSTREAM")],
            ["xgroup", "create", key, group, "0"],
            ["xgroup", "setid", key, group, ident],
            ["xgroup", "destroy", key, group],
            ["xgroup", "delconsumer", key, group, consumer],
            ["xreadgroup", "GROUP", group, consumer, *self.maybe("COUNT", self.one("1", "2", "0", "x")),
             *self.maybe("NOACK"), "STREAMS", key, self.one(">", ">", ">", after)],
            ["xreadgroup", "GROUP", group, consumer, "STREAMS", key, self.one(self.keys), ">", after],
            ["xreadgroup", *self.maybe("COUNT", self.one("1", "2")), *self.maybe("BLOCK", "1"), "GROUP", group, consumer,
             *self.maybe("NOACK"), "STREAMS", key, self.one(">", ">", after)],
            ["xread", *self.maybe("COUNT", self.one("1", "2", "-1")), "STREAMS", key, self.one(self.keys), after, "0"],
            ["xack", key, group, ident, self.one(IDS)],
            ["xpending", key, group],
            ["xinfo", "groups", key],
            ["xinfo", "stream", key],
        )  # fmt: skip

    def claim(self):
        key, group, consumer = self.one(self.keys), self.one(GROUPS), self.one(CONSUMERS)
        return self.one(
            ["xclaim", key, group, consumer, "0", self.one(IDS), self.one("1-1", "12-1"), *self.maybe("FORCE"),
             *self.maybe("JUSTID"), *self.maybe("RETRYCOUNT", self.one("3", "x"))],
            ["xautoclaim", key, group, consumer, "0", self.one(IDS), *self.maybe("COUNT", self.one("1", "5", "0")),
             *self.maybe("JUSTID")],
            ["xpending", key, group, self.one(IDS), self.one(IDS), "10", *self.maybe(consumer)],
        )  # fmt: skip

    # ---- Users.

    def users(self):
        user = self.one(USERS[:2])
        return self.one(
            ["acl", "setuser", user, *self.some(RULES, 3)],
            ["acl", "setuser", user, *self.some(RULES, 3)],
            ["acl", "getuser", self.one(USERS)],
            ["acl", "getuser", user],
            ["acl", "deluser", user],
            ["acl", "dryrun", self.one(USERS), *self.one(
                ["get", self.one(self.keys)],
                ["set", self.one(self.keys), "v"],
                ["mset", self.one(self.keys), "v", self.one(self.keys), "v"],
                ["object", "encoding", self.one(self.keys)],
                ["publish", self.one("ch1", "x"), "m"],
                ["nosuch"],
                ["get"],
            )],
        )  # fmt: skip

    # ---- Wrong arguments.

    def junk(self):
        return [self.one(self.junked), *self.some(JUNK, 5)]


def fields_of(items):
    return dict(zip([key[1] for key in items[::2]], items[1::2]))


def without(items, *names):
    """The pairs of a flat list of keys and values, sorted for comparison, without the keys in `names`."""
    fields = fields_of(items)
    return sorted((key, value) for key, value in fields.items() if key not in names)


def pending_alike(ours, theirs):
    """Whether entries of XPENDING are equal except for their idle times."""
    strip = lambda reply: [[part for at, part in enumerate(entry[1]) if at != 2] for entry in reply[1]]  # noqa: E731
    return strip(ours) == strip(theirs)


def groups_alike(ours, theirs):
    # From 7.2 on a consumer is made even if it gets no entries.
    strip = lambda reply: [without(group[1], b"consumers") for group in reply[1]]  # noqa: E731
    return strip(ours) == strip(theirs)


def libraries_alike(ours, theirs):
    # Each server has its own order of libraries, and of the functions of a library.
    return sorted(map(flattened, ours[1])) == sorted(map(flattened, theirs[1]))


def user_of(reply):
    """A user without the parts that 7.2 writes differently: flags about payloads, which new users have, and the
    rules about commands, which 7.2 keeps as they were given. ACL DRYRUN compares what these rules allow."""
    fields = fields_of(reply[1])
    fields[b"flags"] = sorted(flag[1] for flag in fields[b"flags"][1] if b"sanitize" not in flag[1])
    fields[b"selectors"] = [without(selector[1], b"commands") for selector in fields[b"selectors"][1]]
    del fields[b"commands"]
    return fields


def as_numbers(reply):
    """The reply with each text that is a number replaced by that number."""
    kind, value = reply
    if isinstance(value, list):
        return kind, [as_numbers(item) for item in value]
    try:
        return kind, float(value) if kind in (b"$", b",") and b"nan" not in value.lower() else value
    except (AttributeError, TypeError, ValueError):
        return reply


def flattened(reply):
    kind, value = reply
    if not isinstance(value, list):
        return repr(reply)
    return repr(sorted(map(flattened, value)))


def without_tails(reply):
    return reply[0], [(kind, value and value.split(b"\x00")[0]) for kind, value in reply[1]]


def sort_options(command):
    """The names of the options of a SORT, without their arguments, which may look like options."""
    names, at = set(), 2
    while at < len(command):
        name = command[at].upper()
        names.add(name)
        at += 1 + {b"BY": 1, b"GET": 1, b"LIMIT": 2, b"STORE": 1}.get(name, 0)
    return names


def sorted_alike(command, ours, theirs):
    """Whether replies of SORT agree: elements of equal weight, and of sets that are not sorted, may come in any
    order."""
    words = sort_options(command)
    if b"STORE" in words or ours[0] != b"*" or theirs[0] != b"*":
        return ours == theirs
    if b"ALPHA" in words:  # Texts are compared up to the first NUL.
        ours, theirs = without_tails(ours), without_tails(theirs)
    if b"BY" not in words:
        return ours == theirs
    if b"LIMIT" in words:
        return len(ours[1]) == len(theirs[1])
    return sorted(map(repr, ours[1])) == sorted(map(repr, theirs[1]))


def alike(command, ours, theirs):
    """Whether two replies agree as far as they must; None: this module has no rule for the command."""
    name = command[0].lower()
    sub = command[1].lower() if len(command) > 1 else b""
    both = lambda kinds: ours[0] in kinds and theirs[0] in kinds  # noqa: E731
    if name == b"pfadd" and ours[0] == b"-" and ours[1].startswith(b"INVALIDOBJ"):
        return True  # Redis finds damage only in the parts that it reads.
    if name in (b"bitcount", b"bitpos") and ours[0] in b"-!" and BAD_RANGE.search(ours[1]):
        return True  # From 7.2 on the arguments are checked before the key.
    if name in (b"eval", b"eval_ro", b"evalsha", b"evalsha_ro") and sub in DOUBLES_OF_VERSIONS:
        return ours == theirs or as_numbers(ours) == as_numbers(theirs)
    if name.decode("latin-1") in JUNKED_LOOSELY:
        return ours == theirs or not (ours[0] in b"-!" or theirs[0] in b"-!")
    if name in (b"sort", b"sort_ro"):
        return sorted_alike(command, ours, theirs)
    if (name, sub) == (b"object", b"encoding"):
        return ours == theirs or (ours[1], theirs[1]) in ENCODINGS_OF_VERSIONS
    if name == b"xpending" and len(command) > 3 and both(b"*"):
        return pending_alike(ours, theirs)
    if (name, sub) == (b"xinfo", b"groups") and both(b"*") and (not ours[1] or ours[1][0][0] == b"*"):
        return groups_alike(ours, theirs)
    if (name, sub) == (b"xinfo", b"stream") and both(b"*%"):
        return without(ours[1], b"radix-tree-nodes") == without(theirs[1], b"radix-tree-nodes")
    if (name, sub) == (b"function", b"list") and both(b"*"):
        return libraries_alike(ours, theirs)
    if (name, sub) == (b"acl", b"getuser") and both(b"*%"):
        return user_of(ours) == user_of(theirs)
    if both(b"-!") and b"\x00" in b"".join(command):  # The oracle's errors end at a NUL.
        return True
    if name == b"acl" and DENIED.match(ours[1] or b"" if isinstance(ours[1], bytes) else b""):
        in_all = re.sub(rb"\x00[^']*", b"", ours[1])  # The oracle's names end at a NUL.
        return DENIED.sub(b"", in_all) == DENIED.sub(b"", theirs[1])
    return None
