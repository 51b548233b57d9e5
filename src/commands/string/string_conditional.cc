#include "commands/string/string_conditional.h"

#include "base/numbers.h"
#include "base/text.h"
#include "commands/shared/counted_keys.h"
#include "commands/shared/digits.h"
#include "commands/string/string_options.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <limits>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
namespace errors = engine::errors;
namespace notify = engine::notify;

// Deletes the key if it exists and `shall_go`. Replies how many keys were deleted.
void delete_if(Call& call, Key& key, bool shall_go) {
  const bool goes = key.exists() && shall_go;
  if (goes) {
    key.erase();
    key.changed(notify::kGeneric, "del");
    call.record({"DEL", key.name()});
  }
  call.reply().integer(goes ? 1 : 0);
}

// Returns the number of pairs that MSETEX announces. Error: its arguments contain fewer.
Result<size_t> count_pairs(Call::Args argv) {
  const std::optional<int64_t> count = parse_int64(argv[1]);
  if (!count || *count < 1 || *count > std::numeric_limits<int32_t>::max())
    return Error::literal("ERR invalid numkeys value or out of range");
  const auto pairs = static_cast<size_t>(*count);
  if (pairs > (argv.size() - 2) / 2) return errors::syntax();
  return pairs;
}

// Whether the condition NX or XX of MSETEX holds for all keys.
bool holds_for_all(Call& call, SetCondition condition, size_t pairs) {
  if (condition == SetCondition::kAlways) return true;
  for (size_t i = 0; i < pairs; ++i)
    if (call.write(2 + 2 * i).exists() != (condition == SetCondition::kIfPresent)) return false;
  return true;
}

// Stores one pair of MSETEX, and records it as a separate SET.
void store_pair(Call& call, size_t at, const SetOptions& options, Key::Deadline deadline) {
  Key key = call.write(at);
  const std::string_view value = call.arg(at + 1);
  key.set_string(value, options.keep_deadline ? key.deadline() : deadline);
  key.changed(notify::kString, "set");
  if (deadline) key.also(notify::kGeneric, "expire");
  if (deadline) {
    call.record({"SET", key.name(), value, "PXAT", Digits(*deadline).view()});
  } else if (options.keep_deadline) {
    call.record({"SET", key.name(), value, "KEEPTTL"});
  } else {
    call.record({"SET", key.name(), value});
  }
}

}  // namespace

Status delifeq(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  delete_if(call, key, key.string() == call.arg(2));
  return {};
}

Status delex(Call& call) {
  if (call.argc() != 2 && call.argc() != 4) return errors::wrong_arity("delex");
  Key key = call.write(1);
  if (call.argc() == 2 || !key.exists()) {  // Redis parses the condition only if there is a key.
    delete_if(call, key, true);
    return {};
  }
  if (!key.expect_string().ok())
    return Error::literal("ERR Key should be of string type if conditions are specified");
  const bool is_equal = key.string() == call.arg(3);
  if (equals_ignore_case(call.arg(2), "IFEQ")) {
    delete_if(call, key, is_equal);
  } else if (equals_ignore_case(call.arg(2), "IFNE")) {
    delete_if(call, key, !is_equal);
  } else {
    return Error::literal("ERR Invalid condition. Use IFEQ or IFNE");
  }
  return {};
}

Status msetex(Call& call) {
  const Result<size_t> pairs = count_pairs(call.args());
  if (!pairs.ok()) return pairs.error();
  const Result<SetOptions> options =
      parse_msetex_options(ArgReader(call.args_from(2 + 2 * *pairs)));
  if (!options.ok()) return options.error();
  Key::Deadline deadline;
  if (options->expiry) {
    const Result<int64_t> until = deadline_from(*options->expiry, call.now_ms(), "msetex");
    if (!until.ok()) return until.error();
    deadline = *until;
  }
  const bool goes_on = holds_for_all(call, options->condition, *pairs);
  for (size_t i = 0; goes_on && i < *pairs; ++i)
    store_pair(call, 2 + 2 * i, *options, deadline);
  call.reply().integer(goes_on ? 1 : 0);
  return {};
}

// Finds the key of DELEX. DELEX reads it only if there is a condition.
engine::KeysFound delex_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys) {
  const uint32_t flags = argv.size() > 2 ? engine::kKeyRW | engine::kKeyAccess : engine::kKeyRM;
  keys.push_back({1, flags | engine::kKeyDelete});
  return engine::KeysFound::kAll;
}

engine::KeysFound msetex_keys(std::span<const std::string_view> argv,
                              std::vector<engine::KeyAt>& keys) {
  return append_counted(count_pairs(argv), 2, engine::kKeyOW | engine::kKeyUpdate, keys, 2);
}

}  // namespace kvstash::commands
