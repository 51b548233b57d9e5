// HGET and the other commands that only read a hash. Declared in hash.h.
#include "commands/hash/hash.h"
#include "commands/shared/packed_reply.h"
#include "engine/execution/call.h"
#include "store/hash.h"

namespace kvstash::commands {
namespace {

using engine::Key;
using store::Hash;
using store::HashField;
using store::PackedValue;

// Opens the key, which must be absent or a hash, for reading.
Result<Key> read_hash(Call& call) {
  Key key = call.read(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status.error();
  return key;
}

void reply_or_null(Call& call, const std::optional<PackedValue>& value) {
  value ? reply_value(call.reply(), *value) : call.reply().null();
}

size_t length_of(std::optional<PackedValue> value) {
  if (!value) return 0;
  char scratch[kInt64CharsMax];
  return value->string(scratch).size();
}

enum class Side : uint8_t { kNames, kValues };

// HKEYS and HVALS.
Status reply_side(Call& call, Side side) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  resp::ReplyWriter& to = call.reply();
  if (!key->exists()) {
    to.array(0);
    return {};
  }
  const auto hash = key->view<Hash>();
  to.array(hash->live_size(call.horizon_ms()));
  hash->for_each(call.horizon_ms(), [&](const HashField& field) {
    reply_value(to, side == Side::kNames ? field.name : field.value);
  });
  return {};
}

}  // namespace

Status hget(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  if (key->exists()) {
    reply_or_null(call, key->view<Hash>()->find(call.arg(2), call.horizon_ms()));
  } else {
    call.reply().null();
  }
  return {};
}

Status hmget(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  const Call::Args fields = call.args_from(2);
  call.reply().array(fields.size());
  if (key->exists()) {
    const auto hash = key->view<Hash>();
    for (const std::string_view field : fields)
      reply_or_null(call, hash->find(field, call.horizon_ms()));
  } else {
    for (size_t i = 0; i < fields.size(); ++i)
      call.reply().null();
  }
  return {};
}

Status hgetall(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  resp::ReplyWriter& to = call.reply();
  if (!key->exists()) {
    to.map(0);
    return {};
  }
  const auto hash = key->view<Hash>();
  to.map(hash->live_size(call.horizon_ms()));
  hash->for_each(call.horizon_ms(), [&to](const HashField& field) {
    reply_value(to, field.name);
    reply_value(to, field.value);
  });
  return {};
}

Status hkeys(Call& call) {
  return reply_side(call, Side::kNames);
}

Status hvals(Call& call) {
  return reply_side(call, Side::kValues);
}

Status hlen(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  const size_t size = key->exists() ? key->view<Hash>()->live_size(call.horizon_ms()) : 0;
  call.reply().integer(static_cast<int64_t>(size));
  return {};
}

Status hexists(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  const bool is_there =
      key->exists() && key->view<Hash>()->contains(call.arg(2), call.horizon_ms());
  call.reply().integer(is_there ? 1 : 0);
  return {};
}

Status hstrlen(Call& call) {
  const Result<Key> key = read_hash(call);
  if (!key.ok()) return key.error();
  const size_t length =
      key->exists() ? length_of(key->view<Hash>()->find(call.arg(2), call.horizon_ms())) : 0;
  call.reply().integer(static_cast<int64_t>(length));
  return {};
}

}  // namespace kvstash::commands
