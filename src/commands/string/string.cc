#include "commands/string/string.h"

#include "base/numbers.h"
#include "commands/shared/digits.h"
#include "commands/string/string_options.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
namespace errors = engine::errors;
namespace notify = engine::notify;
using Deadline = Key::Deadline;

Result<int64_t> parse_integer(std::string_view text) {
  const std::optional<int64_t> value = parse_int64(text);
  if (!value) return errors::not_an_integer();
  return *value;
}

// Replies the value of a key that is absent or a string.
void reply_value(Call& call, Key& key) {
  if (!key.exists()) return call.reply().null();
  if (key.entry().encoding() == store::Encoding::kInt)
    return call.reply().bulk_int64(key.entry().integer());
  call.reply().bulk(key.string());
}

void store_value(Key& key, std::string_view value, Deadline deadline) {
  key.set_string(value, deadline);
  key.changed(notify::kString, "set");
}

void store_until(Call& call, Key& key, std::string_view value, int64_t deadline_ms) {
  store_value(key, value, deadline_ms);
  key.also(notify::kGeneric, "expire");
  if (call.wants_effects())
    call.record({"SET", key.name(), value, "PXAT", Digits(deadline_ms).view()});
}

// Whether the condition of SET holds. If the condition compares, the key must be absent or a
// string.
bool holds(const SetOptions& options, Key& key) {
  switch (options.condition) {
    case SetCondition::kAlways:
      return true;
    case SetCondition::kIfAbsent:
      return !key.exists();
    case SetCondition::kIfPresent:
      return key.exists();
    case SetCondition::kIfEqual:
      return key.exists() && key.string() == options.expected;
    case SetCondition::kIfNotEqual:
      return !key.exists() || key.string() != options.expected;
  }
  return false;
}

// SET with options.
Status set_with_options(Call& call) {
  SetOptions options;
  if (Status status = parse_set_options(ArgReader(call.args_from(3)), options); !status.ok())
    return status;
  Deadline deadline;
  if (options.expiry) {
    const Result<int64_t> until = deadline_from(*options.expiry, call.now_ms(), "set");
    if (!until.ok()) return until.error();
    deadline = *until;
  }
  Key key = options.return_old ? call.read(1) : call.write(1);
  if (options.return_old || options.compares()) {
    if (Status status = key.expect_string(); !status.ok()) return status;
  }
  if (options.return_old) reply_value(call, key);
  if (!holds(options, key)) {
    if (!options.return_old) call.reply().null();
    return {};
  }
  const std::string_view value = call.arg(2);
  if (deadline) {
    store_until(call, key, value, *deadline);
  } else {
    store_value(key, value, options.keep_deadline ? key.deadline() : std::nullopt);
  }
  if (!options.return_old) call.reply().ok();
  // The record omits GET, as nobody reads its reply, and the condition, as it held.
  if ((options.return_old || options.compares()) && !deadline) {
    if (options.keep_deadline) {
      call.record({"SET", key.name(), value, "KEEPTTL"});
    } else {
      call.record({"SET", key.name(), value});
    }
  }
  return {};
}

// SETEX and PSETEX.
Status set_expiring(Call& call, Expiry::Unit unit, std::string_view command) {
  const Result<int64_t> deadline_ms =
      deadline_from({.unit = unit, .amount = call.arg(2)}, call.now_ms(), command);
  if (!deadline_ms.ok()) return deadline_ms.error();
  Key key = call.write(1);
  store_until(call, key, call.arg(3), *deadline_ms);
  call.reply().ok();
  return {};
}

void erase_found(Call& call, Key& key, std::string_view record) {
  key.erase();
  key.changed(notify::kGeneric, "del");
  call.record({record, key.name()});
}

// Changes or removes the deadline as GETEX asks. Called after its reply is written.
void apply_getex(Call& call, Key& key, const GetexOptions& options, Deadline deadline) {
  if (deadline && options.expiry->is_absolute() && call.is_past(*deadline)) {
    erase_found(call, key, call.options().lazyfree_lazy_expire ? "UNLINK" : "DEL");
  } else if (deadline) {
    key.set_deadline(deadline);
    key.changed(notify::kGeneric, "expire");
    if (call.wants_effects()) call.record({"PEXPIREAT", key.name(), Digits(*deadline).view()});
  } else if (options.persist && key.deadline()) {
    key.set_deadline(std::nullopt);
    key.changed(notify::kGeneric, "persist");
    call.record({"PERSIST", key.name()});
  }
}

// Whether a string of `size` bytes may grow by `extra` bytes.
bool fits(const Call& call, size_t size, size_t extra) {
  const uint64_t limit = call.string_bytes_max();
  return size <= limit && extra <= limit - size;
}

// The bytes from first to last. A negative index counts from the end.
std::string_view slice(std::string_view bytes, int64_t first, int64_t last) {
  if (first < 0 && last < 0 && first > last) return {};
  const auto size = static_cast<int64_t>(bytes.size());
  if (first < 0) first = std::max<int64_t>(size + first, 0);
  if (last < 0) last = std::max<int64_t>(size + last, 0);
  last = std::min(last, size - 1);
  if (first > last) return {};
  return bytes.substr(static_cast<size_t>(first), static_cast<size_t>(last - first) + 1);
}

// INCR, DECR, INCRBY and DECRBY.
Status add(Call& call, int64_t increment) {
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  int64_t value = 0;
  if (key.exists() && key.entry().encoding() == store::Encoding::kInt) {
    value = key.entry().integer();
  } else if (key.exists()) {
    const Result<int64_t> parsed = parse_integer(key.string());
    if (!parsed.ok()) return parsed.error();
    value = *parsed;
  }
  const std::optional<int64_t> sum = checked_add(value, increment);
  if (!sum) return Error::literal("ERR increment or decrement would overflow");
  key.set_integer(*sum, key.deadline());
  key.changed(notify::kString, "incrby");
  call.reply().integer(*sum);
  return {};
}

}  // namespace

// ---- Whole values.

Status get(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  reply_value(call, key);
  return {};
}

Status set(Call& call) {
  if (call.argc() > 3) return set_with_options(call);
  Key key = call.write(1);
  store_value(key, call.arg(2), std::nullopt);
  call.reply().ok();
  return {};
}

Status setnx(Call& call) {
  Key key = call.write(1);
  const bool is_new = !key.exists();
  if (is_new) store_value(key, call.arg(2), std::nullopt);
  call.reply().integer(is_new ? 1 : 0);
  return {};
}

Status setex(Call& call) {
  return set_expiring(call, Expiry::Unit::kSeconds, "setex");
}

Status psetex(Call& call) {
  return set_expiring(call, Expiry::Unit::kMilliseconds, "psetex");
}

Status getset(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  reply_value(call, key);
  store_value(key, call.arg(2), std::nullopt);
  call.record({"SET", key.name(), call.arg(2)});
  return {};
}

Status getdel(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  reply_value(call, key);
  if (key.exists()) erase_found(call, key, "DEL");
  return {};
}

Status getex(Call& call) {
  const Result<GetexOptions> options = parse_getex_options(ArgReader(call.args_from(2)));
  if (!options.ok()) return options.error();
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  if (!key.exists()) {  // As in Redis, the number is parsed only if the key exists.
    call.reply().null();
    return {};
  }
  Deadline deadline;
  if (options->expiry) {
    const Result<int64_t> until = deadline_from(*options->expiry, call.now_ms(), "getex");
    if (!until.ok()) return until.error();
    deadline = *until;
  }
  reply_value(call, key);
  apply_getex(call, key, *options, deadline);
  return {};
}

// ---- Several keys at once.

Status mget(Call& call) {
  call.reply().array(call.argc() - 1);
  for (size_t i = 1; i < call.argc(); ++i) {
    Key key = call.read(i);
    if (key.expect_string().ok()) {
      reply_value(call, key);
    } else {
      call.reply().null();
    }
  }
  return {};
}

Status mset(Call& call) {
  if (call.argc() % 2 == 0) return errors::wrong_arity("mset");
  for (size_t i = 1; i < call.argc(); i += 2) {
    Key key = call.write(i);
    store_value(key, call.arg(i + 1), std::nullopt);
  }
  call.reply().ok();
  return {};
}

Status msetnx(Call& call) {
  if (call.argc() % 2 == 0) return errors::wrong_arity("msetnx");
  for (size_t i = 1; i < call.argc(); i += 2) {
    if (call.write(i).exists()) {
      call.reply().integer(0);
      return {};
    }
  }
  for (size_t i = 1; i < call.argc(); i += 2) {
    Key key = call.write(i);
    store_value(key, call.arg(i + 1), std::nullopt);
  }
  call.reply().integer(1);
  return {};
}

// ---- Parts of a value.

Status append(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  const std::string_view tail = call.arg(2);
  const size_t size = key.string_size();
  if (!key.exists()) {
    key.set_string(tail, std::nullopt);
  } else if (!fits(call, size, tail.size())) {
    return errors::string_too_long();
  } else {
    const std::span<char> bytes =
        key.open_string(size + tail.size(), {.offset = size, .count = tail.size()});
    std::copy(tail.begin(), tail.end(), bytes.begin() + static_cast<ptrdiff_t>(size));
  }
  key.changed(notify::kString, "append");
  call.reply().integer(static_cast<int64_t>(size + tail.size()));
  return {};
}

Status strlen(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  call.reply().integer(static_cast<int64_t>(key.string_size()));
  return {};
}

Status getrange(Call& call) {
  const Result<int64_t> first = parse_integer(call.arg(2));
  if (!first.ok()) return first.error();
  const Result<int64_t> last = parse_integer(call.arg(3));
  if (!last.ok()) return last.error();
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  call.reply().bulk(slice(key.string(), *first, *last));
  return {};
}

Status substr(Call& call) {
  return getrange(call);
}

Status setrange(Call& call) {
  const Result<int64_t> parsed = parse_integer(call.arg(2));
  if (!parsed.ok()) return parsed.error();
  if (*parsed < 0) return Error::literal("ERR offset is out of range");
  const auto offset = static_cast<size_t>(*parsed);
  const std::string_view patch = call.arg(3);
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  if (patch.empty()) {
    call.reply().integer(static_cast<int64_t>(key.string_size()));
    return {};
  }
  if (!fits(call, offset, patch.size())) return errors::string_too_long();
  const std::span<char> bytes =
      key.open_string(offset + patch.size(), {.offset = offset, .count = patch.size()});
  std::copy(patch.begin(), patch.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
  key.changed(notify::kString, "setrange");
  call.reply().integer(static_cast<int64_t>(bytes.size()));
  return {};
}

// ---- Numbers.

Status incr(Call& call) {
  return add(call, 1);
}

Status decr(Call& call) {
  return add(call, -1);
}

Status incrby(Call& call) {
  const Result<int64_t> increment = parse_integer(call.arg(2));
  if (!increment.ok()) return increment.error();
  return add(call, *increment);
}

Status decrby(Call& call) {
  const Result<int64_t> decrement = parse_integer(call.arg(2));
  if (!decrement.ok()) return decrement.error();
  const std::optional<int64_t> increment = checked_sub(0, *decrement);
  if (!increment) return Error::literal("ERR decrement would overflow");
  return add(call, *increment);
}

Status incrbyfloat(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  const std::optional<long double> value =
      key.exists() ? parse_long_double(key.string()) : std::optional(0.0L);
  const std::optional<long double> increment = parse_long_double(call.arg(2));
  if (!value || !increment) return errors::not_a_float();
  const long double sum = *value + *increment;
  if (!std::isfinite(sum)) return Error::literal("ERR increment would produce NaN or Infinity");
  char digits[kLongDoubleCharsMax];
  const std::string_view text(digits, format_long_double_human(digits, sum));
  key.set_text(text, store::Encoding::kEmbstr, key.deadline());
  key.changed(notify::kString, "incrbyfloat");
  call.record({"SET", key.name(), text, "KEEPTTL"});
  call.reply().bulk(text);
  return {};
}

// Finds the key of SET. SET reads it only if GET or a comparison is asked for.
engine::KeysFound set_keys(std::span<const std::string_view> argv,
                           std::vector<engine::KeyAt>& keys) {
  SetOptions options;
  static_cast<void>(parse_set_options(ArgReader(argv.subspan(3)), options));
  const bool reads = options.return_old || options.compares();
  const uint32_t flags = reads ? engine::kKeyRW | engine::kKeyAccess : engine::kKeyOW;
  keys.push_back({1, flags | engine::kKeyUpdate});
  return engine::KeysFound::kAll;
}

}  // namespace kvstash::commands
