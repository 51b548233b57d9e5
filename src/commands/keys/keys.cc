#include "commands/keys/keys.h"

#include "base/numbers.h"
#include "engine/command/arg_reader.h"
#include "engine/data/key_changes.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <limits>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::DbIndex;
using engine::Key;
namespace errors = engine::errors;
namespace notify = engine::notify;

Result<DbIndex> parse_db(Call& call, std::string_view text) {
  using Int = std::numeric_limits<int32_t>;
  const std::optional<int64_t> number = parse_int64(text);
  if (!number) return errors::not_an_integer();
  if (*number < Int::min() || *number > Int::max()) {
    return Error::literal(
        "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*number < 0 || *number >= call.options().databases) return errors::db_out_of_range();
  return static_cast<DbIndex>(*number);
}

Status delete_keys(Call& call, bool lazily) {
  int64_t deleted = 0;
  for (size_t i = 1; i < call.argc(); ++i) {
    Key key = call.write(i);
    if (!key.exists()) continue;
    if (lazily) engine::note_lazy_free(call.hold(), key.entry());
    key.erase();
    key.changed(notify::kGeneric, "del");
    ++deleted;
  }
  call.reply().integer(deleted);
  return {};
}

enum class IfTargetExists : uint8_t { kReplace, kRefuse };

// False: the target exists and must not be replaced.
Result<bool> rename_key(Call& call, IfTargetExists if_exists) {
  const bool refuses = if_exists == IfTargetExists::kRefuse;
  Key from = call.write(1);
  if (!from.exists()) return errors::no_such_key();
  if (call.arg(1) == call.arg(2)) return !refuses;
  Key to = call.write(2);
  if (to.exists()) {
    if (refuses) return false;
    to.erase();
  }
  to.take_from(from);
  from.changed(notify::kGeneric, "rename_from");
  to.changed(notify::kGeneric, "rename_to", 0);
  return true;
}

struct CopyOptions {
  DbIndex db{};
  bool replace = false;
};

Result<CopyOptions> parse_copy_options(Call& call) {
  CopyOptions options{.db = call.db()};
  for (ArgReader args(call.args_from(3)); !args.done();) {
    if (args.take("REPLACE")) {
      options.replace = true;
    } else if (args.take_with("DB")) {
      const Result<DbIndex> db = parse_db(call, args.next());
      if (!db.ok()) return db.error();
      options.db = *db;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

bool copy_key(Call& call, const CopyOptions& options) {
  const Key from = call.read(1);
  if (!from.exists()) return false;
  Key to = call.write(call.arg(2), options.db);
  if (to.exists()) {
    if (!options.replace) return false;
    to.erase();
  }
  to.copy_from(from);
  to.changed(notify::kGeneric, "copy_to");
  return true;
}

bool move_key(Call& call, DbIndex db) {
  Key from = call.write(1);
  if (!from.exists()) return false;
  Key to = call.write(call.arg(1), db);
  if (to.exists()) return false;
  to.take_from(from);
  from.changed(notify::kGeneric, "move_from");
  to.changed(notify::kGeneric, "move_to", 0);
  return true;
}

}  // namespace

// DEL and UNLINK differ only in what is counted: a value that takes long to free goes to the reaper
// in both cases.
Status del(Call& call) {
  return delete_keys(call, call.options().lazyfree_lazy_user_del);
}

Status unlink(Call& call) {
  return delete_keys(call, true);
}

Status exists(Call& call) {
  int64_t found = 0;
  for (size_t i = 1; i < call.argc(); ++i)
    found += call.peek(i).exists() ? 1 : 0;
  call.reply().integer(found);
  return {};
}

Status touch(Call& call) {
  int64_t found = 0;
  for (size_t i = 1; i < call.argc(); ++i)
    found += call.read(i).exists() ? 1 : 0;
  call.reply().integer(found);
  return {};
}

Status type(Call& call) {
  const Key key = call.peek(1);
  call.reply().simple(key.exists() ? store::type_name(key.type()) : "none");
  return {};
}

Status rename(Call& call) {
  const Result<bool> renamed = rename_key(call, IfTargetExists::kReplace);
  if (!renamed.ok()) return renamed.error();
  call.reply().ok();
  return {};
}

Status renamenx(Call& call) {
  const Result<bool> renamed = rename_key(call, IfTargetExists::kRefuse);
  if (!renamed.ok()) return renamed.error();
  call.reply().integer(*renamed ? 1 : 0);
  return {};
}

Status copy(Call& call) {
  const Result<CopyOptions> options = parse_copy_options(call);
  if (!options.ok()) return options.error();
  if (options->db == call.db() && call.arg(1) == call.arg(2)) return errors::same_object();
  call.reply().integer(copy_key(call, *options) ? 1 : 0);
  return {};
}

Status move(Call& call) {
  const Result<DbIndex> db = parse_db(call, call.arg(2));
  if (!db.ok()) return db.error();
  if (*db == call.db()) return errors::same_object();
  call.reply().integer(move_key(call, *db) ? 1 : 0);
  return {};
}

}  // namespace kvstash::commands
