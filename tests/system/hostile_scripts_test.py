"""Scripts that try to break out of the sandbox, or to take the server with them: it serves on, and gets its memory back."""

from tests.support import resp

THRESHOLD = ("--busy-reply-threshold", "200")
OUT_OF_MEMORY = b"not enough memory"


def _eval(connection, body, *args):
    """The reply as (kind, value), bytes however they came."""
    kind, value = connection.call("EVAL", body, "1", "k", *args)
    return bytes(kind), value


def _fails(connection, body, *words):
    """The script ends with an error that has these words."""
    kind, text = _eval(connection, body)
    assert kind == b"-" and all(word in text for word in words), (body, kind, text)


def _is_well(server):
    """Everything scripts share is as it was, on a connection of its own."""
    with server.connect() as connection:
        assert connection.call("PING") == (b"+", b"PONG")
        body = (
            "assert(getmetatable('').__index.upper == string.upper) assert(('a'):upper() == 'A')"
            " assert(type(redis.call) == 'function') assert(cjson.encode({1}) == '[1]')"
            " assert(next({}) == nil) return redis.call('PING')"
        )
        assert _eval(connection, body) == (b"+", b"PONG"), server.log()[-2000:]


def _run_or_kill(lab, server, body):
    """Runs a script that may well never end, and kills it if it does not; its reply."""
    runner, other = server.connect(timeout=60), server.connect(timeout=60)
    runner.send("EVAL", body, "1", "k")

    def _has_ended():
        nonlocal reply
        try:
            reply = runner.read(0.3)
        except resp.NoReply:
            other.call("SCRIPT", "KILL")
            return False
        return True

    reply = None
    lab.eventually(_has_ended, seconds=60)
    return reply


def what_all_scripts_share_cannot_be_changed(server):
    bodies = (
        "getmetatable('').__index = {}",
        "getmetatable('').__index.upper = function() return 'x' end",
        "getmetatable('').__gc = function() end",
        "setmetatable(getmetatable(''), {})",
        "rawset(getmetatable(''), '__index', nil)",
        "string.upper = nil",
        "rawset(string, 'upper', nil)",
        "table.insert(string, 1)",
        "table.sort(string)",
        "setmetatable(_G, {})",
        "rawset(_G, 'x', 1)",
        "_G.x = 1",
        "x = 1",
        "getmetatable(_G).__index = nil",
        "getmetatable(_G).__newindex = nil",
        "redis.call = nil",
        "setmetatable(redis, {__index = function() return 1 end})",
        "cjson.encode = nil",
        "for name, library in pairs(_G) do if type(library) == 'table' then rawset(library, 'x', 1) end end",
        "KEYS.x = 1 _G.KEYS = 1",
        "for name, value in pairs(getmetatable(_G)) do value = 1 end getmetatable(_G).x = 1",
    )
    with server.connect() as connection:
        for body in bodies:
            kind, text = _eval(connection, body)
            assert kind == b"-" and (b"readonly" in text or b"nil" in text), (body, kind, text)
    _is_well(server)


def there_is_no_way_to_bytecode_files_or_the_debugger(server):
    with server.connect() as connection:
        for name in ("io", "require", "package", "debug", "dofile", "loadfile", "setfenv", "getfenv", "newproxy", "print", "module"):
            _fails(connection, f"return {name}", b"nonexistent global variable")
        for body in (
            "return loadstring('\\27Lua')",
            "return loadstring('\\27LuaQ\\0\\1\\4\\8\\4\\8\\0')",
            "local n = 0 return load(function() n = n + 1 return n == 1 and '\\27LuaQ' or nil end)",
            "return os.execute",
            "return os.exit",
            "return os.getenv",
        ):
            assert _eval(connection, body) == (b"$", None), body
        _fails(connection, "return string.dump(function() end)", b"unable to dump")
        _fails(connection, "redis.call('EVAL', 'return 1', 0)", b"not allowed from script")
        _fails(connection, "redis.call('SCRIPT', 'FLUSH')", b"not allowed from script")
        _fails(connection, "redis.call('SHUTDOWN', 'NOSAVE')", b"not allowed from script")
    _is_well(server)


def errors_of_any_shape_are_replies(server):
    shapes = (
        "", "nil", "{}", "{err = 1}", "{err = {}}", "{err = true}", "true", "1", "0/0", "tostring", "coroutine.create(function() end)",
        "{err = 'two\\r\\nlines'}", "{err = ''}", "{err = '\\0'}", "setmetatable({}, {__tostring = error})",
        "setmetatable({}, {__index = function() error('again') end})", "setmetatable({}, {__metatable = 1})",
        "string.rep('x', 100000)", "redis", "_G", "{source = {}, line = {}}", "{err = 'x', source = {}, line = print}",
    )
    with server.connect() as connection:
        for shape in shapes:
            kind, text = _eval(connection, f"error({shape})")
            assert kind == b"-" and text and b"\r" not in text and b"\n" not in text, (shape, kind, text)
            for call in (f"pcall(error, {shape or 'nil'})", f"redis.pcall('ECHO', {shape or 'nil'})"):
                assert _eval(connection, f"local a, b = {call} return type(b)")[0] in (b"$", b"-")
    _is_well(server)


def deep_and_cyclic_values_end_in_an_error_or_are_cut(server):
    deep = "local t = {} for i = 1, 100000 do t = {t} end "
    cyclic = "local t = {} t[1] = t t.x = t "
    wide = "local t = {1} for i = 1, 40 do t = {t, t} end "
    with server.connect(timeout=60) as connection:
        for made in (deep, cyclic, wide):
            _fails(connection, made + "return cjson.encode(t)")
            assert _eval(connection, made + "return #cmsgpack.pack(t)")[0] in (b":", b"-")
        for text in ("string.rep('[', 100000)", "string.rep('{\"a\":', 100000)", "string.rep('[', 1e6) .. string.rep(']', 1e6)"):
            _fails(connection, f"return cjson.decode({text})", b"nested")
        for text in ("string.rep('\\145', 1e6) .. '\\1'", "string.rep('\\129\\1', 1e6) .. '\\1'", "string.rep('\\220\\0\\1', 1e6)"):
            _fails(connection, f"return cmsgpack.unpack({text})")
        _fails(connection, "cjson.decode_max_depth(2147483647) return cjson.decode(string.rep('[', 1e6))", b"nested")
        _fails(connection, "cjson.encode_max_depth(2147483647) " + deep + "return cjson.encode(t)", b"nesting")
        for body in (deep + "return t", cyclic + "return t"):
            connection.send("EVAL", body, "0")
            heard = b""
            while b"-ERR reached lua stack limit\r\n" not in heard:
                heard += connection.read_raw(max(1, len(connection.pending)))
                assert heard, body
        _fails(connection, wide + "return t", b"too large")
        _fails(connection, "local t = {} t.map = {[t] = t} return t", b"too large")
    _is_well(server)


def absurd_sizes_are_refused(server):
    with server.connect(timeout=60) as connection:
        for body in (
            "return #string.rep('x', 1e9)",
            "return #string.rep('abc', 2147483647)",
            "return string.format('%99999d', 1)",
            "return string.format('%.99999f', 1)",
            "return struct.pack('>I2147483648', 10)",
            "return struct.pack('c100000000', 'x')",
            "return struct.size('i99999999999999999999')",
            "return struct.unpack('I4', 'abcd', 2147483647)",
            "return struct.unpack('I4', 'abcd', -2147483648)",
            "return struct.unpack('Ic0', '\\255\\255\\255\\255x')",
            "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
            "return cmsgpack.unpack('\\223\\255\\255\\255\\255')",
            "return cmsgpack.unpack('\\219\\255\\255\\255\\255')",
            "return cmsgpack.unpack_limit('\\1', 1, -5)",
            "return unpack({}, 1, 1e8)",
            "return unpack({}, -2147483648, 2147483647)",
            "return table.concat({}, 'x', 1, 2147483647)",
            "return redis.call(unpack({}, 1, 7000))",
            "cjson.encode_sparse_array(false) return cjson.encode({[1e9] = 1})",
            "return string.find('a', string.rep('(', 40))",
            "return string.match(string.rep('a', 300000), string.rep('(a?)', 31) .. string.rep('a?', 3000))",
            "local function f(n) return coroutine.wrap(function() return f(n + 1) end)() end return f(1)",
            "local function f() return 1 + f() end return f()",
            "return loadstring('return ' .. string.rep('(', 100000) .. '1')()",
            "local co co = coroutine.wrap(function() return co() end) return co()",
            "return select('#', string.byte(string.rep('x', 1e7), 1, -1))",
            "coroutine.yield(1)",
        ):
            kind, text = _eval(connection, body)
            assert kind == b"-", (body, kind, text)
        for body in ("table.insert({}, -5, 1)", "table.remove({}, 2147483647)", "return table.maxn({[1e300] = 1})", "return #string.format('%99.99f', 1e308)"):
            assert _eval(connection, body)[0] != b"-", body
    _is_well(server)


def a_script_that_takes_all_memory_fails_and_the_next_one_runs(lab):
    server = lab.start(*THRESHOLD)
    with server.connect(timeout=60) as connection:
        _is_well(server)
        before = server.resident_kib()
        for body in (
            "local t = {} for i = 1, 1e9 do t[i] = i end",
            "local s = 'x' while true do s = s .. s end",
            "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
            "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
            "local t = {} while true do t[#t + 1] = {} end",
            "local f f = function(...) return f(1, ...) end f()",
            "local t = {} for i = 1, 1e7 do t[i] = i .. 'x' end return table.concat(t)",
            "return string.gsub(string.rep('a', 1e6), 'a', string.rep('b', 1000))",
            "local t = {} collectgarbage('stop') while true do t = {t, string.rep('x', 100)} end",
        ):
            kind, text = _run_or_kill(lab, server, body)
            assert kind == b"-", (body, text)
            assert OUT_OF_MEMORY in text or b"killed" in text or b"stack overflow" in text or b"too many" in text, (body, text)
            _is_well(server)
        kind, text = _eval(connection, "local ok, e = pcall(function() local s = 'x' while true do s = s .. s end end) return tostring(e)")
        assert (kind, text) == (b"$", OUT_OF_MEMORY)
        if lab.counts_memory():
            assert int(server.info("memory")["used_memory_vm_eval"]) < 80 << 20
            lab.eventually(lambda: server.resident_kib() < before + (160 << 10), seconds=30)


def what_takes_for_ever_can_be_killed(lab):
    server = lab.start(*THRESHOLD)
    for body in (
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "xpcall(error, function() while true do end end)",
        "local c = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) while true do c() end",
        "while true do loadstring('return ' .. string.rep('1+', 100) .. '1')() end",
        "while true do pcall(redis.call, 'GET') end",
        "while true do redis.pcall('NOSUCH') end",
        "return string.match(string.rep('(', 3000000), '%b()')",
        "return string.find(string.rep('a', 300000), '.-.-.-.-b')",
        "return string.find(string.rep('a', 3e6), string.rep('a', 1.5e6) .. 'b', 1, true)",
        "return string.find(string.rep('a', 1e6), '[' .. string.rep('b', 1e6) .. ']')",
        "local t = {} for i = 1, 3e5 do t[i] = i end for i = 1, 1e9 do table.insert(t, 1, i) end",
        "local t = {} for i = 1, 1e6 do t[i] = i % 7 end while true do table.sort(t) table.sort(t, function(a, b) return a > b end) end",
        "setmetatable({}, {__index = function(t, k) while true do end end}).x = setmetatable({}, {__index = function() while true do end end}).y",
        "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
        "for word in string.gmatch(string.rep('a', 1e6), '.-.-b') do end",
        "return string.gsub(string.rep('a', 1e5), '.-.-b', '')",
        "load(function() while true do end end)",
        "load(function() return ' ' end)",
        "collectgarbage('stop') while true do local t = {} end",
        "while true do collectgarbage('step', 1) end",
        "for i = 1, math.huge do end",
        "repeat until false",
    ):
        kind, text = _run_or_kill(lab, server, body)
        assert kind == b"-" and (b"killed" in text or OUT_OF_MEMORY in text or b"too complex" in text), (body, text)
        _is_well(server)


def finalizers_and_weak_tables_do_nothing(server):
    with server.connect() as connection:
        for body in (
            "setmetatable({}, {__gc = function() while true do end end}) collectgarbage() return 1",
            "local t = setmetatable({}, {__mode = 'kv'}) for i = 1, 1000 do t[{}] = {} end collectgarbage() return 1",
            "collectgarbage('setpause', 0) collectgarbage('setstepmul', 0) collectgarbage('restart') return 1",
        ):
            assert _eval(connection, body) == (b":", b"1")
    _is_well(server)


def libraries_cannot_do_more(server):
    with server.connect(timeout=60) as connection:
        for number, code in enumerate((
            "redis.register_function('f', nil)",
            "redis.register_function(string.rep('x', 1000000), function() end)",
            "redis.register_function{function_name = {}, callback = 1}",
            "redis.register_function('f', redis.register_function)",
            "local t = {} while true do t[#t + 1] = {{}, {}, {}} end",
            "redis.register_function = nil",
            "while true do redis.register_function('f' .. 1, function() end) end",
            "local function f() return 1 + f() end f()",
        )):
            kind, text = connection.call("FUNCTION", "LOAD", f"#!lua name=hostile{number}\n{code}")
            assert bytes(kind) == b"-" or number == 3, (code, text)
        connection.call("FUNCTION", "FLUSH")
        code = (
            "#!lua name=good\nlocal kept = {}\n"
            "redis.register_function('grow', function() while true do kept[#kept + 1] = string.rep('x', 100000) .. #kept end end)\n"
            "redis.register_function('call', function() return redis.call('FCALL', 'call', 0) end)\n"
            "redis.register_function('fine', function() return #kept end)\n"
        )
        assert bytes(connection.call("FUNCTION", "LOAD", code)[0]) == b"$"
        assert bytes(connection.call("FCALL", "grow", "0")[0]) == b"-"
        assert b"not allowed" in connection.call("FCALL", "call", "0")[1]
        connection.call("FCALL", "fine", "0")
        assert connection.call("FUNCTION", "DELETE", "good") == (b"+", b"OK")
    _is_well(server)
