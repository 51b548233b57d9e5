#include "commands/server/slowlog.h"

#include "base/numbers.h"
#include "commands/shared/help.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "engine/telemetry/slowlog.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Shard;
using engine::SlowlogEntry;
using Entries = std::vector<SlowlogEntry>;

constexpr int64_t kDefaultCount = 10;

size_t length_max(Call& call) {
  return static_cast<size_t>(call.options().slowlog_max_len);
}

Entries newest_on(Shard& shard, size_t count) {
  const auto& entries = shard.telemetry().slowlog().entries();
  return {entries.begin(),
          entries.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries.size()))};
}

// Merges the entries of all shards: the newest `count`, newest first.
Entries merge(std::vector<Entries>& parts, size_t count) {
  Entries all;
  for (Entries& part : parts)
    std::ranges::move(part, std::back_inserter(all));
  std::ranges::sort(all, std::ranges::greater(), &SlowlogEntry::id);
  if (all.size() > count) all.erase(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  return all;
}

void write_entry(const SlowlogEntry& entry, resp::ReplyWriter& to) {
  to.array(6);
  to.integer(static_cast<int64_t>(entry.id));
  to.integer(entry.time_s);
  to.integer(entry.duration_us);
  to.array(entry.argv.size());
  for (const std::string& arg : entry.argv)
    to.bulk(arg);
  to.bulk(entry.address);
  to.bulk(entry.client_name);
}

}  // namespace

Status slowlog_get(Call& call) {
  if (call.argc() > 3) return subcommand_syntax(call);
  int64_t wanted = kDefaultCount;
  if (call.argc() == 3) {
    const std::optional<int64_t> number = parse_int64(call.arg(2));
    if (!number || *number < -1)
      return Error::literal("ERR count should be greater than or equal to -1");
    wanted = *number;
  }
  // Each shard keeps as many entries as the reply may show.
  const size_t count =
      wanted == -1 ? length_max(call) : std::min(static_cast<size_t>(wanted), length_max(call));
  call.gather<Entries>([count](Shard& shard) { return newest_on(shard, count); },
                       [count](std::vector<Entries>& parts, resp::ReplyWriter& to) {
                         const Entries entries = merge(parts, count);
                         to.array(entries.size());
                         for (const SlowlogEntry& entry : entries)
                           write_entry(entry, to);
                       });
  return {};
}

Status slowlog_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
      "    Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port,",
      "    client name",
      "LEN",
      "    Return the length of the slowlog.",
      "RESET",
      "    Reset the slowlog.",
  };
  return reply_help(call, kLines);
}

Status slowlog_len(Call& call) {
  call.gather<size_t>([](Shard& shard) { return shard.telemetry().slowlog().entries().size(); },
                      [most = length_max(call)](std::vector<size_t>& parts, resp::ReplyWriter& to) {
                        size_t total = 0;
                        for (const size_t part : parts)
                          total += part;
                        to.integer(static_cast<int64_t>(std::min(total, most)));
                      });
  return {};
}

Status slowlog_reset(Call& call) {
  call.gather<bool>(
      [](Shard& shard) {
        shard.telemetry().slowlog().clear();
        return true;
      },
      [](std::vector<bool>&, resp::ReplyWriter& to) { to.ok(); });
  return {};
}

}  // namespace kvstash::commands
