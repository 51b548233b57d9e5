#include "persist/rdb/value_reader.h"

#include "persist/rdb/container_readers.h"
#include "persist/rdb/decoder.h"

#include <optional>
#include <string>

namespace kvstash::persist::rdb {
namespace {

Value read_string(Decoder& from) {
  std::string scratch;
  const std::string_view text = from.string(scratch);
  if (text.data() == scratch.data()) return Value::string(std::move(scratch));
  return Value::string(text);
}

// Nothing: the type is unknown.
std::optional<Value> read_redis_value(Decoder& from, Type type, const ReadOptions& options) {
  switch (type) {
    case Type::kString:
      return read_string(from);
    case Type::kList:
    case Type::kListZiplist:
    case Type::kListQuicklist:
    case Type::kListQuicklist2:
      return Value::object(read_list(from, type, options.list));
    case Type::kSet:
    case Type::kSetIntset:
    case Type::kSetListpack:
      return Value::object(read_set(from, type, options));
    case Type::kSortedSetText:
    case Type::kSortedSet:
    case Type::kSortedSetZiplist:
    case Type::kSortedSetListpack:
      return Value::object(read_sorted_set(from, type, options));
    case Type::kHash:
    case Type::kHashZipmap:
    case Type::kHashZiplist:
    case Type::kHashListpack:
    case Type::kHashFieldDeadlinesEarly:
    case Type::kHashListpackEarly:
    case Type::kHashFieldDeadlines:
    case Type::kHashListpackEx:
      return Value::object(read_hash(from, type, options));
    case Type::kStream:
    case Type::kStream2:
    case Type::kStream3:
      return Value::object(read_stream(from, type));
    case Type::kModule:
    case Type::kModule2:
      break;
  }
  return std::nullopt;
}

std::optional<Value> read(Decoder& from, Type type, Dialect dialect, const ReadOptions& options) {
  if (dialect == Dialect::kRedis || type <= Type::kStream3)
    return read_redis_value(from, type, options);
  if (type == kValkeyHash2) return Value::object(read_valkey_hash(from, options));
  return std::nullopt;
}

}  // namespace

Result<Value> read_value(Type type, Dialect dialect, std::string_view bytes,
                         const ReadOptions& options) {
  if (type == Type::kModule || type == Type::kModule2)
    return Error::literal("The value belongs to a module");
  Decoder from(bytes);
  std::optional<Value> value = read(from, type, dialect, options);
  if (!value)
    return Error::text("The type " + std::to_string(static_cast<unsigned>(type)) + " is unknown");
  if (!from.ok()) return from.error();
  return *std::move(value);
}

}  // namespace kvstash::persist::rdb
