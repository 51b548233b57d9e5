#include "replication/peer/replica_facts.h"

#include "base/numbers.h"
#include "base/text.h"

#include <algorithm>
#include <limits>

namespace kvstash::replication {
namespace {

constexpr size_t kAddressCharsMax = 255;
constexpr size_t kVersionCharsMax = 32;

Error not_an_integer() {
  return Error::literal("ERR value is not an integer or out of range");
}

Result<bool> read_flag(std::string_view text) {
  const std::optional<int64_t> value = parse_int64(text);
  if (!value) return not_an_integer();
  if (*value < 0 || *value > 1)
    return Error::literal("ERR value is out of range, value must between 0 and 1");
  return *value == 1;
}

Status take_port(std::string_view text, ReplicaFacts& facts) {
  const std::optional<int64_t> port = parse_int64(text);
  if (!port) return not_an_integer();
  if (*port < 0 || *port > std::numeric_limits<uint16_t>::max())
    return Error::literal("ERR REPLCONF listening-port is out of range");
  facts.listening_port = static_cast<uint16_t>(*port);
  return {};
}

Status take_filter(std::string_view text, ReplicaFacts& facts) {
  // A list of what is wanted, divided by blanks. Only functions can be named.
  facts.filter = SnapshotFilter::kNothing;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (!equals_ignore_case(word, "functions"))
      return Error::text("ERR Unsupported rdb-filter-only option: " + std::string(word));
    facts.filter = SnapshotFilter::kFunctions;
  }
  return {};
}

// An acknowledgement that cannot be read is passed over, as in Redis.
void take_ack(std::span<const std::string_view> argv, size_t at, int64_t now_ms,
              ReplicaFacts& facts) {
  const std::optional<uint64_t> acked = parse_uint64(argv[at + 1]);
  if (!acked) return;
  facts.acked = std::max(facts.acked, *acked);
  if (at + 3 < argv.size() && equals_ignore_case(argv[at + 2], "fack")) {
    const std::optional<uint64_t> durable = parse_uint64(argv[at + 3]);
    if (durable) facts.durable = std::max(facts.durable.value_or(0), *durable);
  }
  facts.acked_ms = now_ms;
}

}  // namespace

Result<ReplconfReply> take_replconf(std::span<const std::string_view> argv, bool is_replica,
                                    int64_t now_ms, ReplicaFacts& facts) {
  if (argv.size() % 2 == 0) return Error::literal("ERR syntax error");
  for (size_t at = 1; at + 1 < argv.size(); at += 2) {
    const std::string_view option = argv[at];
    const std::string_view value = argv[at + 1];
    const auto is = [option](std::string_view name) { return equals_ignore_case(option, name); };
    if (is("ack")) {
      if (is_replica) take_ack(argv, at, now_ms, facts);
      return ReplconfReply::kNone;
    }
    if (is("getack")) return ReplconfReply::kAckNow;
    Status taken;
    if (is("listening-port")) {
      taken = take_port(value, facts);
    } else if (is("ip-address")) {
      if (value.size() > kAddressCharsMax)
        return Error::text("ERR REPLCONF ip-address provided by replica instance is too long: " +
                           std::to_string(value.size()) + " bytes");
      facts.announced_ip = value;
    } else if (is("capa")) {
      facts.knows_eof = facts.knows_eof || equals_ignore_case(value, "eof");
      facts.knows_psync2 = facts.knows_psync2 || equals_ignore_case(value, "psync2");
    } else if (is("version")) {
      if (value.size() > kVersionCharsMax) return Error::literal("ERR Unrecognized version format");
      facts.version = value;
    } else if (is("rdb-only")) {
      const Result<bool> flag = read_flag(value);
      if (!flag.ok()) return flag.error();
      facts.wants_snapshot_only = *flag;
    } else if (is("rdb-filter-only")) {
      taken = take_filter(value, facts);
    } else {
      return Error::text("ERR Unrecognized REPLCONF option: " + std::string(option));
    }
    if (!taken.ok()) return taken.error();
  }
  return ReplconfReply::kOk;
}

}  // namespace kvstash::replication
