"""Random calls of the libraries that scripts have, as Lua text: cmsgpack, cjson, struct and bit.

Arguments are of every kind and at every boundary: negative, huge, NaN, inf, -0, of the wrong type, missing,
too many, nested to the limits. `Calls(random).script()` is a script for EVAL that makes one call under pcall
and returns the outcome as one text, so that two servers can be compared byte for byte.
"""

# `out` makes the text that the script returns: the number of results, and each result. Tables are written in
# the order of their keys, and addresses are left out.
PRELUDE = r"""
local function name(k) return type(k) == 'number' and string.format('%.17g', k) or tostring(k) end
local function show(v, depth)
  local kind = type(v)
  if kind == 'number' then return v ~= v and 'nan' or string.format('%.17g', v) end
  if kind == 'string' then
    local text = string.gsub(string.sub(v, 1, 400), '[^%w ]', function(c) return string.format('\\%02x', string.byte(c)) end)
    return '"' .. text .. '"' .. (#v > 400 and #v or '')
  end
  if kind ~= 'table' then return (string.gsub(tostring(v), ': 0x%x+', '')) end
  if depth > 40 then return '...' end
  local keys, parts = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k if #keys > 500 then return '{big}' .. #v end end
  table.sort(keys, function(a, b) return type(a) .. name(a) < type(b) .. name(b) end)
  for i, k in ipairs(keys) do parts[i] = show(k, depth + 1) .. '=' .. show(v[k], depth + 1) end
  return '{' .. table.concat(parts, ',') .. '}'
end
local function out(...)
  local parts = {}
  for i = 1, math.min(select('#', ...), 50) do parts[i] = show((select(i, ...)), 0) end
  return select('#', ...) .. ' ' .. table.concat(parts, ' ')
end
local NAN, INF, MINUS_ZERO = 0/0, 1/0, 1/(-1/0)
local LOOP = {} LOOP[1] = LOOP
local rep = string.rep
local function deep(levels, key) local t = {} for i = 2, levels do t = {[key or 1] = t} end return t end
local function numbers(count) local t = {} for i = 1, count do t[i] = i end return t end
"""

NUMBERS = (
    "0 MINUS_ZERO 1 -1 2 3 7 8 15 16 31 32 33 127 128 255 256 -31 -32 -33 -127 -128 -129 32767 32768 65535 65536 "
    "-32768 -32769 2^31-1 2^31 2^31+1 2^32-1 2^32 2^32+5 -2^31 -2^31-1 2^53 2^53+2 2^63 -2^63 2^63-1024 -2^63-2048 "
    "2^64 2^64-2048 1e308 -1e300 INF -INF NAN 0.5 -0.5 1.5 -1.5 2.5 1e-5 3.4e38 3.5e38 1e15 1e14 123456789012345 "
    "1e-320 0.1 1/3 1e100 4294967296.5 16777217"
).split()
TEXTS = [
    "''", "'a'", "'12'", "' 12 '", "'0x10'", "'abc\\0def'", "'1e3'", "'inf'", "'nan'", "rep('x',31)", "rep('x',32)",
    "rep('x',255)", "rep('x',256)", "rep('x',65535)", "rep('x',65536)", "'\\200\\255'", "'\"/\\\\\\b\\t\\n\\f\\r\\127'",
]  # fmt: skip
TABLES = [
    "{}", "{1,2,3}", "{a=1}", "{1,nil,3}", "{[1]=1,[3]=3}", "{[0]=1}", "{[1.5]=1}", "{[-1]=2}", "{[2^53]=1}",
    "{[2^31]=1}", "{[2^32+5]=1}", "{1,[2^53]=1}", "{[INF]=1}", "{{1},{2}}", "{a={b={c=1}}}", "{[true]=1}", "{[20]=1}",
    "{[11]=1}", "{[10]=1}", "{1,2,[22]=1}", "LOOP", "deep(15)", "deep(16)", "deep(17)", "deep(18)", "deep(999)",
    "deep(1000)", "deep(1001)", "deep(17,'a')", "deep(1001,'a')", "numbers(15)", "numbers(16)", "numbers(70000)",
    "{cjson.null}", "{['']=1}", "{x=NAN}", "{x=tostring}", "{true,false}",
]  # fmt: skip
ODDITIES = ["nil", "true", "false", "tostring", "coroutine.create(function() end)", "cjson.null"]
OPTIONS = (
    "nil 0 1 2 3 10 14 15 16 17 -1 true false 'on' 'off' 'null' 'x' 2^31-1 2^31 2^32 1.5 NAN '3' {} 100000 4000"
).split()
LIMITS = "0 1 2 3 -1 -2 1000 2^31-1 2^31 2^32 -2^31 2^63 NAN INF 1.9 -0.5 nil '1' 'x' {} 5 100".split()
POSITIONS = "0 1 2 3 8 16 17 -1 -100 1.5 2^31 2^32 2^63 -2^63 NAN INF nil '2' 40 41 42".split()
WIDTHS = "0 1 2 3 4 5 7 8 9 16 17 31 32 33 64 2147483647 2147483648 99999999999".split()
# First bytes of every kind of MessagePack.
HEADS = [*range(0xC0, 0xE0), 0x80, 0x81, 0x82, 0x90, 0x91, 0x9F, 0xA0, 0xA1, 0xA3, 0xBF, 0xE0, 0xFF, 0x7F, 0, 1]
JSON = [
    "{}", "[]", "[1,2]", '{"a":1}', "null", "true", "nul", '"a"', '"\\u0041"', '"\\ud83d\\ude00"', '"\\ud83d"',
    '"\\udc00"', '"\\u00"', '"\\u0000"', '"\\x"', "1", "-1", "01", "1.5e3", "-0", "+1", ".5", "1.", "0x10", "-0x10",
    "inf", "-inf", "Infinity", "nan", "NaN", "-nan", "1e400", "[1,]", "[,1]", '{"a"}', '{"a":}', '{"a":1,}', "{1:2}",
    "[1 2]", '{"a" 1}', '{"a":1 "b":2}', '"abc', '"a\nb"', " [ 1 , 2 ] ", "[1]x", "", " ", "[", "]", "{", "}", ":",
    ",", "\t[1]\r\n", "[null]", '{"a":null}', '"\\b\\f\\n\\r\\t\\"\\\\\\/"', "123456789012345678901", "-", "--1", "1-",
    "1e", "1e+", '{"":1}', '{"a":1,"a":2}', '"\\ud83d\\u0041"', "/*c*/1", "'a'", '"\\u00e9"', '"\\uFFFF"', '"\\u0800"',
    "nano", "infx", "0123", "00", "-00", "0.0", "0e0", "tRue", "nullx", "truefalse", "[1}", "{]",
]  # fmt: skip
CJSON_OPTIONS = [
    "encode_sparse_array", "encode_max_depth", "decode_max_depth", "encode_number_precision", "encode_keep_buffer",
    "encode_invalid_numbers", "decode_invalid_numbers",
]  # fmt: skip
BIT_FUNCTIONS = "tobit tohex bnot band bor bxor lshift rshift arshift rol ror bswap".split()


def quoted(data):
    """Bytes as a Lua string."""
    return "'" + "".join(f"\\{byte:03d}" for byte in data) + "'"


class Calls:
    """Draws calls from a random.Random."""

    def __init__(self, random):
        self.random = random
        self.families = [self.bit, self.struct, self.cmsgpack, self.cjson]

    def script(self):
        return f"{PRELUDE}return out(pcall(function() {self.random.choice(self.families)()} end))"

    def one(self, pool):
        return self.random.choice(pool)

    def happens(self, share):
        return self.random.random() < share

    # ---- Values.

    def value(self):
        pools = self.random.choices([NUMBERS, TEXTS, TABLES, ODDITIES], weights=[45, 20, 25, 10])
        return self.one(pools[0])

    def mostly(self, pool):
        return self.one(pool) if self.happens(0.85) else self.value()

    def arguments(self, *drawn):
        """The arguments in parentheses; sometimes some are missing, or there is one too many."""
        drawn = list(drawn)
        while drawn and self.happens(0.06):
            drawn.pop()
        if self.happens(0.05):
            drawn.append(self.value())
        return "(" + ",".join(drawn) + ")"

    def several(self, pool, least, most):
        return [self.mostly(pool) for _ in range(self.random.randint(least, most))]

    # ---- The libraries.

    def bit(self):
        return f"return bit.{self.one(BIT_FUNCTIONS)}{self.arguments(*self.several(NUMBERS, 0, 3))}"

    def format(self):
        if self.happens(0.03):
            return self.value()
        letters = ""
        for _ in range(self.random.randint(0, 5)):
            letters += self.one("bBhHlLTiIfdsxc<>! ") if self.happens(0.98) else self.one(["z", "%", "-", "\\0"])
            if self.happens(0.3):
                letters += self.one(WIDTHS)
        return f"'{letters}'"

    def struct(self):
        kind = self.random.random()
        if kind < 0.4:
            return "return struct.pack" + self.arguments(self.format(), *self.several(NUMBERS + TEXTS, 0, 6))
        if kind < 0.55:
            return "return struct.size" + self.arguments(self.format())
        packed = f"struct.pack({self.format()},{','.join(self.several(NUMBERS, 6, 6))})"
        data = self.one([packed, "rep('\\255',40)", "rep('\\0',40)", "'abc\\0de\\0'", self.mostly(TEXTS)])
        position = [self.one(POSITIONS)] if self.happens(0.5) else []
        return "return struct.unpack" + self.arguments(self.format(), data, *position)

    def packed(self):
        kind = self.random.random()
        if kind < 0.5:
            whole = f"cmsgpack.pack({','.join(self.value() for _ in range(self.random.randint(1, 3)))})"
            return whole if kind < 0.3 else f"string.sub({whole},1,{self.one(['1', '2', '3', '-2', '5'])})"
        size = self.random.randint(0, 12)
        return quoted(self.one(HEADS) if self.happens(0.7) else self.random.randrange(256) for _ in range(size))

    def cmsgpack(self):
        kind = self.random.random()
        if kind < 0.35:
            return "return cmsgpack.pack" + self.arguments(*[self.value() for _ in range(self.random.randint(0, 4))])
        if kind < 0.6:
            return "return cmsgpack.unpack" + self.arguments(self.packed())
        offset = [self.one(LIMITS)] if self.happens(0.7) else []
        if kind < 0.8:
            return "return cmsgpack.unpack_one" + self.arguments(self.packed(), *offset)
        return "return cmsgpack.unpack_limit" + self.arguments(self.packed(), self.one(LIMITS), *offset)

    def json(self):
        if self.happens(0.2):
            depth = self.one([1, 5, 999, 1000, 1001, 1002])
            opening, closing = self.one([("'['", "']'"), ("'{\"a\":'", "'}'")])
            ends = depth if self.happens(0.8) else depth - 1
            return f"rep({opening},{depth})..'1'..rep({closing},{ends})"
        if self.happens(0.1):
            return self.mostly(TEXTS)
        text = self.one(JSON)
        if self.happens(0.3):
            text = f"[{text}]"
        if self.happens(0.2):
            text = f'{{"k":{text}}}'
        if self.happens(0.1):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.one(["\0", "x", '"', "\\", "\x80", " "]) + text[at:]
        return quoted(text.encode("latin1"))

    def cjson_option(self):
        name = self.one(CJSON_OPTIONS)
        most = 3 if name == "encode_sparse_array" else 1
        drawn = [self.one(OPTIONS) for _ in range(self.random.randint(0, most))]
        return name + self.arguments(*drawn)

    # Options are set on a cjson of the script's own, because options of the shared cjson outlive the script.
    def cjson(self):
        before = "local c = cjson.new() "
        if self.happens(0.35):
            before += f"pcall(function() c.{self.cjson_option()} end) "
        kind = self.random.random()
        if kind < 0.15:
            return f"{before}return c.{self.cjson_option()}"
        if kind < 0.5:
            return f"{before}return c.encode{self.arguments(self.value())}"
        if kind < 0.9:
            return f"{before}return c.decode{self.arguments(self.json())}"
        return f"{before}return c.encode(c.decode{self.arguments(self.json())})"
