// Property: whatever bytes a script decodes (MessagePack, JSON, packed bytes), and whatever it then
// returns, the reply is one well-formed reply; what JSON decodes is encoded the same way twice.
#include "base/ensure.h"
#include "resp/reply_parser.h"
#include "support/script_shard.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace {

using kvstash::ensure;

constexpr std::string_view kTwice =
    "local once = cjson.encode(cjson.decode(ARGV[1]))"
    " return {once, cjson.encode(cjson.decode(once))}";
constexpr std::string_view kBodies[] = {
    "return {cmsgpack.unpack(ARGV[1])}",
    "return {map = {cmsgpack.unpack(ARGV[1])}}",
    "return cjson.decode(ARGV[1])",
    "return {set = cjson.decode(ARGV[1])}",
    "local half = math.floor(#ARGV[1] / 2)"
    " return {struct.unpack(ARGV[1]:sub(1, half), ARGV[1]:sub(half + 1))}",
    "return {ARGV[1]:gsub(ARGV[1]:sub(1, 4), '%0%0')}",
    "return {cmsgpack.unpack_limit(ARGV[1], 3, 1)}",
    kTwice,
};

// The only reply: an error, or what the script returned.
kvstash::resp::Reply parsed(std::string_view reply) {
  kvstash::resp::ReplyParser parser({.depth_max = 4096});
  kvstash::resp::Reply tree;
  const auto outcome = parser.parse(reply, tree);
  ensure(outcome.kind == kvstash::resp::ReplyOutcome::Kind::kComplete);
  ensure(outcome.consumed == reply.size());
  return tree;
}

// Whether the two texts that kTwice returns are the same is seen from outside: the script could
// only say so in a reply that its input might imitate.
void check_twice(const kvstash::resp::Reply& reply) {
  if (reply.is_error()) return;
  ensure(reply.items.size() == 2);
  ensure(reply.items[0].text == reply.items[1].text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static kvstash::test::ScriptShard shard;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto version =
      (data[0] & 0x80) != 0 ? kvstash::resp::RespVersion::k3 : kvstash::resp::RespVersion::k2;
  const std::string_view body = kBodies[data[0] % std::size(kBodies)];
  const kvstash::resp::Reply reply = parsed(shard.eval(body, {input.substr(1)}, version));
  if (body == kTwice) check_twice(reply);
  return 0;
}
