#include "commands/hash/hash.h"

#include "base/numbers.h"
#include "commands/hash/hash_fields.h"
#include "commands/shared/container_options.h"
#include "engine/execution/call.h"

#include <cmath>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::FieldDeadlineRule;
using store::Hash;
using store::PackedValue;
namespace errors = engine::errors;
namespace notify = engine::notify;

// Opens the key, which must be absent or a hash, for a change of `fields` (every `step`th of
// these). Removes those of the fields whose deadline has passed.
Result<Key> write_hash(Call& call, Call::Args fields, size_t step = 1) {
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status.error();
  for (size_t i = 0; i < fields.size(); i += step)
    key.expire_field(fields[i]);
  return key;
}

// Stores all the pairs that follow the key. Returns how many fields are new.
Result<int64_t> store_pairs(Call& call) {
  if (call.argc() % 2 != 0) return errors::wrong_arity(call.command().spec->name);
  Result<Key> key = write_hash(call, call.args_from(2), 2);
  if (!key.ok()) return key.error();
  const store::HashOptions options = hash_options(call);
  int64_t added = 0;
  auto hash = key->open<Hash>();
  hash->expect(call.argc() / 2 - 1, options);
  for (size_t i = 2; i < call.argc(); i += 2)
    added += hash->set(call.arg(i), call.arg(i + 1), options) ? 1 : 0;
  hash.close();
  key->changed(notify::kHash, "hset", call.argc() / 2 - 1);
  return added;
}

// Stores a value that was computed from the field's old value. The field keeps its deadline.
void update(Call& call, Key& key, std::string_view value, std::string_view event) {
  key.open<Hash>()->set(call.arg(2), value, hash_options(call), FieldDeadlineRule::kKeep);
  key.changed(notify::kHash, event);
}

// The value of the field that the command names. The view lives until the key is changed.
std::optional<PackedValue> find_field(Call& call, const Key& key) {
  if (!key.exists()) return std::nullopt;
  return key.view<Hash>()->find(call.arg(2), call.horizon_ms());
}

// Records the sum of HINCRBYFLOAT itself, because another machine might compute another sum. HSET
// removes a field's deadline, so the deadline is recorded as well.
void record_sum(Call& call, const Key& key, std::string_view sum) {
  if (!call.wants_effects()) return;
  const std::string_view field = call.arg(2);
  call.record({"HSET", key.name(), field, sum});
  if (const std::optional<int64_t> deadline_ms = key.view<Hash>()->deadline_ms(field))
    record_deadline(call, key, *deadline_ms, std::span(&field, 1));
}

std::optional<int64_t> integer_of(PackedValue value) {
  return value.is_integer() ? value.integer() : parse_int64(value.text());
}

std::optional<long double> float_of(PackedValue value) {
  char scratch[kInt64CharsMax];
  return parse_long_double(value.string(scratch));
}

}  // namespace

Status hset(Call& call) {
  const Result<int64_t> added = store_pairs(call);
  if (!added.ok()) return added.error();
  call.reply().integer(*added);
  return {};
}

Status hmset(Call& call) {
  const Result<int64_t> added = store_pairs(call);
  if (!added.ok()) return added.error();
  call.reply().ok();
  return {};
}

Status hsetnx(Call& call) {
  Result<Key> key = write_hash(call, call.args().subspan(2, 1));
  if (!key.ok()) return key.error();
  const bool is_new = !find_field(call, *key);
  if (is_new) {
    key->open<Hash>()->set(call.arg(2), call.arg(3), hash_options(call));
    key->changed(notify::kHash, "hset");
  }
  call.reply().integer(is_new ? 1 : 0);
  return {};
}

Status hdel(Call& call) {
  Result<Key> key = write_hash(call, call.args_from(2));
  if (!key.ok()) return key.error();
  uint64_t deleted = 0;
  if (key->exists()) {
    auto hash = key->open<Hash>();
    for (const std::string_view field : call.args_from(2))
      deleted += hash->erase(field) ? 1 : 0;
  }
  if (deleted != 0) {
    key->changed(notify::kHash, "hdel", deleted);
    if (!key->exists()) key->also(notify::kGeneric, "del");
  }
  call.reply().integer(static_cast<int64_t>(deleted));
  return {};
}

Status hincrby(Call& call) {
  const std::optional<int64_t> increment = parse_int64(call.arg(3));
  if (!increment) return errors::not_an_integer();
  Result<Key> key = write_hash(call, call.args().subspan(2, 1));
  if (!key.ok()) return key.error();
  const std::optional<PackedValue> found = find_field(call, *key);
  const std::optional<int64_t> value = found ? integer_of(*found) : 0;
  if (!value) return Error::literal("ERR hash value is not an integer");
  const std::optional<int64_t> sum = checked_add(*value, *increment);
  if (!sum) return Error::literal("ERR increment or decrement would overflow");
  char digits[kInt64CharsMax];
  update(call, *key, {digits, format_int64(digits, *sum)}, "hincrby");
  call.reply().integer(*sum);
  return {};
}

Status hincrbyfloat(Call& call) {
  const std::optional<long double> increment = parse_long_double(call.arg(3));
  if (!increment) return errors::not_a_float();
  if (!std::isfinite(*increment)) return Error::literal("ERR value is NaN or Infinity");
  Result<Key> key = write_hash(call, call.args().subspan(2, 1));
  if (!key.ok()) return key.error();
  const std::optional<PackedValue> found = find_field(call, *key);
  const std::optional<long double> value = found ? float_of(*found) : 0.0L;
  if (!value) return Error::literal("ERR hash value is not a float");
  const long double sum = *value + *increment;
  if (!std::isfinite(sum)) return Error::literal("ERR increment would produce NaN or Infinity");
  char digits[kLongDoubleCharsMax];
  const std::string_view text(digits, format_long_double_human(digits, sum));
  update(call, *key, text, "hincrbyfloat");
  record_sum(call, *key, text);
  call.reply().bulk(text);
  return {};
}

}  // namespace kvstash::commands
