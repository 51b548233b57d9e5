// Property: whatever the arguments of a command on strings, bits or sorting, it answers with one
// complete reply, and nothing is read or written where it should not be.
//
// Input: commands, each ended by a byte 0xff, their words by 0xfe; the first byte of a command says
// which one it is.
#include "base/ensure.h"
#include "base/text.h"
#include "resp/reply_parser.h"
#include "support/held_shards.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash;

constexpr size_t kCommandsMax = 32;
constexpr uint64_t kStringBytesMax = 1 << 16;

constexpr std::string_view kCommands[] = {
    "SORT",   "SORT_RO", "BITFIELD", "BITFIELD_RO", "SETRANGE", "GETRANGE", "SETBIT",
    "GETBIT", "BITPOS",  "BITCOUNT", "BITOP",       "SET",      "GETEX",    "MSETEX",
    "DELEX",  "LCS",     "RPUSH",    "SADD",        "APPEND",   "SUBSTR",
};

class Server {
 public:
  Server() : shards_(1) { shards_.options.proto_max_bulk_len = kStringBytesMax; }

  void clear() { shards_.run_on(0, {"FLUSHALL"}); }

  void run(const std::vector<std::string_view>& argv) {
    if (!engine::CommandTable::arity_fits(shards_.command(argv[0]), argv.size())) return;
    const std::string bytes = shards_.run_on(0, argv);
    resp::Reply reply;
    const resp::ReplyOutcome outcome = resp::ReplyParser().parse(bytes, reply);
    ensure(outcome.kind == resp::ReplyOutcome::Kind::kComplete);
    ensure(outcome.consumed == bytes.size());
    shards_.forget_journal(0);
  }

 private:
  test::HeldShards shards_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Server server;
  server.clear();
  const std::string bytes(data, data + size);
  size_t count = 0;
  for (const std::string_view command : split(bytes, '\xff')) {
    if (command.empty() || ++count > kCommandsMax) continue;
    std::vector<std::string_view> argv = split(command.substr(1), '\xfe');
    argv.insert(argv.begin(),
                kCommands[static_cast<unsigned char>(command[0]) % std::size(kCommands)]);
    server.run(argv);
  }
  return 0;
}
