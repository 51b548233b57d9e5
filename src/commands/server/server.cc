#include "commands/server/server.h"

#include "base/numbers.h"
#include "base/random.h"
#include "commands/shared/help.h"
#include "engine/command/arg_reader.h"
#include "engine/data/databases.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "engine/shard_set.h"

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::DbIndex;
using engine::FlushMode;
using engine::Shard;
namespace errors = engine::errors;

Result<FlushMode> parse_flush(Call& call) {
  ArgReader args(call.args_from(1));
  if (args.done())
    return call.options().lazyfree_lazy_user_flush ? FlushMode::kAsync : FlushMode::kSync;
  const bool is_async = args.take("ASYNC");
  if ((!is_async && !args.take("SYNC")) || !args.done()) return errors::syntax();
  return is_async ? FlushMode::kAsync : FlushMode::kSync;
}

Status flush(Call& call, DbIndex first, DbIndex last) {
  const Result<FlushMode> mode = parse_flush(call);
  if (!mode.ok()) return mode.error();
  for (auto db = static_cast<uint32_t>(first); db <= static_cast<uint32_t>(last); ++db)
    engine::flush_db(call.hold(), static_cast<DbIndex>(db), *mode);
  call.each_held([&](Shard& shard) { shard.tracking().flush(call.hold().pushes()); });
  // A flush changes no key by name, so no change of a key records it. As in Redis it is recorded
  // even if the database was empty, because a replica may hold keys of its own.
  call.record_as_sent();
  call.reply().ok();
  return {};
}

Result<DbIndex> parse_swapped_db(Call& call, size_t arg_index, Error otherwise) {
  const std::optional<int64_t> number = parse_int64(call.arg(arg_index));
  if (!number || *number != static_cast<int32_t>(*number)) return otherwise;
  return static_cast<DbIndex>(*number);
}

bool is_db(Call& call, DbIndex db) {
  return static_cast<uint32_t>(db) < static_cast<uint64_t>(call.options().databases);
}

// ---- LOLWUT: a shelf of jars, each filled at random. Clients look for the line with Redis's
// version.

constexpr std::string_view kVersionLines = "Redis ver. 7.2.4\nkvstash ver. 0.1.0\n";
constexpr unsigned kJars = 8;
constexpr unsigned kJarHeight = 4;

std::string shelf_row(std::string_view jar) {
  std::string row;
  for (unsigned i = 0; i < kJars; ++i)
    row += jar;
  return row + '\n';
}

std::string draw_shelf(Random& random) {
  uint64_t levels[kJars];
  for (uint64_t& level : levels)
    level = random.below(kJarHeight + 1);
  std::string drawing = shelf_row("  ,___, ") + shelf_row("  (___) ");
  for (unsigned height = kJarHeight; height > 0; --height) {
    for (const uint64_t level : levels)
      drawing += level >= height ? "  |:::| " : "  |   | ";
    drawing += '\n';
  }
  return drawing + shelf_row("  '---' ") + shelf_row("========") + '\n';
}

}  // namespace

Status dbsize(Call& call) {
  call.gather<size_t>(
      [db = call.db()](const engine::Hold&, engine::ShardData& shard) {
        const store::Keyspace* space = shard.keyspace_if_any(db);
        return space == nullptr ? size_t{0} : space->size();
      },
      [](std::vector<size_t>& sizes, resp::ReplyWriter& to) {
        size_t total = 0;
        for (const size_t size : sizes)
          total += size;
        to.integer(static_cast<int64_t>(total));
      });
  return {};
}

Status flushall(Call& call) {
  Status done = flush(call, DbIndex{0}, static_cast<DbIndex>(call.options().databases - 1));
  if (done.ok() && !call.is_replay()) call.shards().note_flushed_all();
  return done;
}

Status flushdb(Call& call) {
  return flush(call, call.db(), call.db());
}

Status swapdb(Call& call) {
  const Result<DbIndex> a = parse_swapped_db(call, 1, Error::literal("ERR invalid first DB index"));
  if (!a.ok()) return a.error();
  const Result<DbIndex> b =
      parse_swapped_db(call, 2, Error::literal("ERR invalid second DB index"));
  if (!b.ok()) return b.error();
  if (!is_db(call, *a) || !is_db(call, *b)) return errors::db_out_of_range();
  engine::swap_db(call.hold(), *a, *b);
  ++call.hold().stats().dirty;
  if (*a != *b) call.record_as_sent();
  call.reply().ok();
  return {};
}

// TIME is the only command that reads the clock itself.
Status time(Call& call) {
  constexpr int64_t kMicroseconds = 1'000'000;
  call.take_moment();
  const int64_t now_us = call.now_us();
  call.reply().array(2);
  call.reply().bulk_int64(now_us / kMicroseconds);
  call.reply().bulk_int64(now_us % kMicroseconds);
  return {};
}

// VERSION chooses among Redis's drawings. kvstash has only one, but its number is checked all the
// same.
Status lolwut(Call& call) {
  ArgReader args(call.args_from(1));
  if (args.take_with("VERSION")) {
    const Result<int64_t> version = args.integer();
    if (!version.ok()) return version.error();
  }
  const std::string text = draw_shelf(call.hold().random()).append(kVersionLines);
  call.reply().verbatim("txt", text);
  return {};
}

Status module_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "LIST",
      "    Return a list of loaded modules.",
      "LOAD <path> [<arg> ...]",
      "    Load a module library from <path>, passing to it any optional arguments.",
      "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
      "    Load a module library from <path>, while passing it module configurations and optional "
      "arguments.",
      "UNLOAD <name>",
      "    Unload a module.",
  };
  return reply_help(call, kLines);
}

Status module_list(Call& call) {
  call.reply().array(0);
  return {};
}

Status module_load(Call&) {
  return Error::literal("ERR Error loading the extension. kvstash loads no modules.");
}

Status module_unload(Call&) {
  return Error::literal(
      "ERR Error unloading module: no such module with that name. kvstash loads no modules.");
}

}  // namespace kvstash::commands
