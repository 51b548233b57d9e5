#include "commands/server/hot_keys.h"

#include "commands/shared/help.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/telemetry/hot_keys.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Hold;
using engine::HotKey;
using engine::HotKeys;
using engine::ShardData;

constexpr int64_t kDefaultCount = 10;

Result<size_t> parse_count(ArgReader args) {
  if (args.done()) return static_cast<size_t>(kDefaultCount);
  if (!args.take_with("COUNT")) return engine::errors::syntax();
  const Result<int64_t> count = args.integer();
  if (!count.ok()) return count.error();
  if (*count < 1) return Error::literal("ERR COUNT should be greater than 0");
  if (!args.done()) return engine::errors::syntax();
  return static_cast<size_t>(std::min<int64_t>(*count, HotKeys::kTracked));
}

void write_key(const HotKey& key, resp::ReplyWriter& to) {
  to.map(4);
  to.bulk("key");
  to.bulk(key.name);
  to.bulk("db");
  to.integer(key.db);
  to.bulk("qps");
  to.integer(static_cast<int64_t>(key.per_second));
  to.bulk("error");
  to.integer(static_cast<int64_t>(key.error));
}

}  // namespace

Status hotkeys_get(Call& call) {
  const Result<size_t> count = parse_count(ArgReader(call.args_from(2)));
  if (!count.ok()) return count.error();
  using Keys = std::vector<HotKey>;
  call.gather<Keys>(
      [](const Hold& hold, ShardData& shard) { return shard.hot_keys().hottest(hold.now_ms()); },
      [count = *count](std::vector<Keys>& parts, resp::ReplyWriter& to) {
        Keys all;
        for (Keys& part : parts)
          std::ranges::move(part, std::back_inserter(all));
        engine::keep_hottest(all, count);
        to.array(all.size());
        for (const HotKey& key : all)
          write_key(key, to);
      });
  return {};
}

Status hotkeys_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "GET [COUNT <count>]",
      "    Return the <count> hottest keys of the last seconds (default: 10), hottest first:",
      "    name, database, estimated accesses per second, and how far off that may be.",
      "RESET",
      "    Forget what was counted so far.",
  };
  return reply_help(call, kLines);
}

Status hotkeys_reset(Call& call) {
  call.gather<bool>(
      [](const Hold& hold, ShardData& shard) {
        shard.hot_keys().reset(hold.now_ms());
        return true;
      },
      [](std::vector<bool>&, resp::ReplyWriter& to) { to.ok(); });
  return {};
}

}  // namespace kvstash::commands
