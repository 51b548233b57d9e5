// What becomes of values on their way between RESP, Lua, JSON, MessagePack and packed bytes.
#include "support/script_shard.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::scripting {
namespace {

constexpr auto kResp3 = resp::RespVersion::k3;

bool is_error(const std::string& reply, std::string_view words) {
  return reply.starts_with('-') && reply.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("Lua values become replies") {
  test::ScriptShard shard;
  CHECK(shard.eval("return 3.9") == ":3\r\n");
  CHECK(shard.eval("return -0.5") == ":0\r\n");
  CHECK(shard.eval("return 'a\\0b'") == std::string("$3\r\na\0b\r\n", 9));
  CHECK(shard.eval("return true") == ":1\r\n");
  CHECK(shard.eval("return false") == "$-1\r\n");
  CHECK(shard.eval("return nil", {}, kResp3) == "_\r\n");
  CHECK(shard.eval("return {1, 'x', {2}, nil, 5}") == "*3\r\n:1\r\n$1\r\nx\r\n*1\r\n:2\r\n");
  CHECK(shard.eval("return {ok = 'a\\r\\nb'}") == "+a  b\r\n");
  CHECK(shard.eval("return {err = 'MY error\\r\\n'}") == "-MY error\r\n");
  CHECK(shard.eval("return {double = 1.5}", {}, kResp3) == ",1.5\r\n");
  CHECK(shard.eval("return {map = {k = 1}}", {}, kResp3) == "%1\r\n$1\r\nk\r\n:1\r\n");
  CHECK(shard.eval("return {set = {k = true}}", {}, kResp3) == "~1\r\n$1\r\nk\r\n");
  CHECK(shard.eval("return {big_number = '12'}", {}, kResp3) == "(12\r\n");
  CHECK(shard.eval("return {verbatim_string = {format = 'txt', string = 'x'}}", {}, kResp3) ==
        "=5\r\ntxt:x\r\n");
  CHECK(shard.eval("redis.setresp(3) return true", {}, kResp3) == "#t\r\n");
}

TEST_CASE("a table that is in itself, and one too wide for any reply, are answered") {
  test::ScriptShard shard;
  CHECK(shard.eval("local t = {} t[1] = t return t").ends_with("-ERR reached lua stack limit\r\n"));
  CHECK(is_error(shard.eval("local t = {1} for i = 1, 40 do t = {t, t} end return t"),
                 "The reply of the script is too large"));
  CHECK(shard.eval("return 1") == ":1\r\n");
}

TEST_CASE("replies become Lua values") {
  test::ScriptShard shard;
  CHECK(shard.eval("return type(redis.call('GET', 'none'))") == "$7\r\nboolean\r\n");
  CHECK(shard.eval("redis.setresp(3) return type(redis.call('GET', 'none'))") == "$3\r\nnil\r\n");
  CHECK(shard.eval("return redis.call('SET', 'k', 'v').ok") == "$2\r\nOK\r\n");
  CHECK(shard.eval("return redis.call('STRLEN', 'k') + 1") == ":2\r\n");
  CHECK(shard.eval("return redis.call('MGET', 'k', 'none')") == "*2\r\n$1\r\nv\r\n$-1\r\n");
  CHECK(shard.eval("return redis.pcall('INCR', 'k').err")
            .starts_with("$43\r\nERR value is not an integer"));
  CHECK(shard.eval("redis.call('HSET', 'h', 'f', 'v') redis.setresp(3)"
                   " return redis.call('HGETALL', 'h').map.f") == "$1\r\nv\r\n");
  CHECK(is_error(shard.eval("return redis.call('INCR', 'k')"), "not an integer"));
}

TEST_CASE("JSON comes back as it went") {
  test::ScriptShard shard;
  const std::string_view body = "return cjson.encode(cjson.decode(ARGV[1]))";
  for (const std::string_view text :
       {"[1,2,[3,{\"a\":null}]]", "{}", "\"\\u00e9\\n\"", "-1.5e-7", "true", "\"\""}) {
    const std::string once = shard.eval(body, {text});
    REQUIRE(once.starts_with('$'));
    const std::string bytes = once.substr(once.find('\n') + 1, once.size() - once.find('\n') - 3);
    CHECK(shard.eval(body, {bytes}) == once);
  }
  for (const std::string_view text :
       {"", "[", "{\"a\"", "[1,]", "nul", "\"\\ud800\"", "\"\\x\"", "01a", "1 2"})
    CHECK_MESSAGE(shard.eval(body, {text}).starts_with('-'), text);
  CHECK(is_error(shard.eval("return cjson.decode(string.rep('[', 2000))"), "nested"));
  CHECK(is_error(shard.eval("local t = {} t[1] = t return cjson.encode(t)"), "nesting"));
}

TEST_CASE("MessagePack comes back as it went, and is refused where it is cut") {
  test::ScriptShard shard;
  CHECK(shard.eval("return cjson.encode({cmsgpack.unpack(cmsgpack.pack(1, -1, 2^40, 0.5, 'x',"
                   " {1, 2}, {a = true}))})") ==
        shard.eval("return cjson.encode({1, -1, 2^40, 0.5, 'x', {1, 2}, {a = true}})"));
  const std::string packed = shard.eval("return cmsgpack.pack({1, 'two', {3, {4}}, {x = 5.5}})");
  const std::string bytes =
      packed.substr(packed.find('\n') + 1, packed.size() - packed.find('\n') - 3);
  for (size_t size = 1; size < bytes.size(); ++size)
    CHECK(is_error(shard.eval("return cmsgpack.unpack(ARGV[1])", {bytes.substr(0, size)}),
                   "Missing bytes"));
}

TEST_CASE("packed bytes come back as they went, and sizes are checked") {
  test::ScriptShard shard;
  CHECK(shard.eval("return {struct.unpack('>hBi4', struct.pack('>hBi4', -2, 255, 70000))}") ==
        "*4\r\n:-2\r\n:255\r\n:70000\r\n:8\r\n");
  CHECK(shard.eval("return {struct.unpack('sBc0', struct.pack('sBc0', 'abc', 2, 'xy'))}") ==
        "*3\r\n$3\r\nabc\r\n$2\r\nxy\r\n:8\r\n");
  for (const std::string_view body :
       {"return struct.unpack('>I4', 'abc')", "return struct.unpack('Bc0', '\\255x')",
        "return struct.unpack('s', 'abc')", "return struct.pack('i33', 1)",
        "return struct.unpack('I4', 'abcd', -1)", "return struct.pack('?', 1)"})
    CHECK_MESSAGE(shard.eval(body).starts_with('-'), body);
}

TEST_CASE("patterns match as Lua's own do") {
  test::ScriptShard shard;
  CHECK(shard.eval("return {('key = value'):match('^(%w+)%s*=%s*(%w+)$')}") ==
        "*2\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
  CHECK(shard.eval("return {('THE (quick) fox'):find('%((%a+)%)')}") ==
        "*3\r\n:5\r\n:11\r\n$5\r\nquick\r\n");
  CHECK(shard.eval("return {('f(a(b)c)d'):match('%b()'), ('THE END'):gsub('%f[%a]%a+', 'x')}") ==
        "*3\r\n$7\r\n(a(b)c)\r\n$3\r\nx x\r\n:2\r\n");
  CHECK(shard.eval("return {('aaab'):find('ab', 1, true), ('aXb'):find('[^%l]')}") ==
        "*3\r\n:3\r\n:2\r\n:2\r\n");
  CHECK(is_error(shard.eval("return ('x'):find('%')"), "malformed pattern"));
  CHECK(is_error(shard.eval("return ('x'):find('(')"), "unfinished capture"));
  CHECK(shard.eval("return {string.rep('a', 1900):find(string.rep('a?', 1900))}") ==
        "*2\r\n:1\r\n:1900\r\n");
  CHECK(is_error(shard.eval("return string.rep('a', 2100):find(string.rep('a?', 2100))"),
                 "too complex"));
}

TEST_CASE("elements are sorted, also by an order that is none") {
  test::ScriptShard shard;
  CHECK(shard.eval("local t = {3, 1, 2, 5, 4} table.sort(t) return t") ==
        "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n");
  CHECK(shard.eval("local t = {'b', 'a', 'c'} table.sort(t, function(x, y) return x > y end)"
                   " return table.concat(t)") == "$3\r\ncba\r\n");
  CHECK(is_error(shard.eval("local t = {} for i = 1, 100 do t[i] = i end"
                            " table.sort(t, function() return true end)"),
                 "invalid order function"));
  CHECK(is_error(shard.eval("table.sort({1, 'x'})"), "compare"));
}

TEST_CASE("what scripts share cannot be changed, and there is no bytecode") {
  test::ScriptShard shard;
  for (const std::string_view body :
       {"string.upper = nil", "getmetatable('').__index = {}", "setmetatable(_G, {})",
        "rawset(redis, 'call', nil)", "x = 1", "table.insert(table, 1)"})
    CHECK_MESSAGE(is_error(shard.eval(body), "readonly"), body);
  CHECK(shard.eval("return loadstring('\\27Lua')") == "$-1\r\n");
  CHECK(is_error(shard.eval("return string.dump(function() end)"), "unable to dump"));
}

TEST_CASE("a script that takes all memory fails, and the next one finds room") {
  test::ScriptShard shard;
  for (int i = 0; i < 3; ++i)
    CHECK(is_error(shard.eval("local s = 'x' while true do s = s .. s end"), "not enough memory"));
  CHECK(shard.eval("return #string.rep('x', 10000000)") == ":10000000\r\n");
  CHECK(shard.scripting().eval_vm_bytes(0) < size_t{32} << 20);
}

}  // namespace kvstash::scripting
