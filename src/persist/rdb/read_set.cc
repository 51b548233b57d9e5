#include "persist/rdb/container_readers.h"

#include <algorithm>
#include <string>
#include <utility>

namespace kvstash::persist::rdb {
namespace {

using store::Set;

Set read_intset(Decoder& from) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (from.ok() && !store::is_valid_intset(bytes, true)) from.fail("an intset is damaged");
  return from.ok() ? Set(store::Intset(bytes)) : Set();
}

Set read_packed(Decoder& from, const ReadOptions& options) {
  store::Listpack pack = read_listpack(from);
  if (options.finds_repeats && has_repeats(pack.view(), 1)) from.fail("a member of a set repeats");
  return Set(std::move(pack));
}

Set read_members(Decoder& from, const store::SetOptions& options) {
  Set set;
  size_t left = from.count(1);
  set.expect(left, options);
  std::string scratch;
  for (; left != 0; --left) {
    const std::string_view member = from.string(scratch);
    if (from.ok() && !set.add(member, options)) from.fail("a member of a set repeats");
    if (!from.ok()) break;
  }
  return set;
}

}  // namespace

Set read_set(Decoder& from, Type type, const ReadOptions& options) {
  if (type == Type::kSet) return read_members(from, options.set);
  Set set = type == Type::kSetIntset ? read_intset(from) : read_packed(from, options);
  set.expect(set.size(), options.set);
  return set;
}

}  // namespace kvstash::persist::rdb
