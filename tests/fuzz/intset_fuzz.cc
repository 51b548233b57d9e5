// Property: bytes that pass the deep check are a set that finds each of its values, and adding and
// removing one leaves the same values and a valid intset; none of it reads outside the bytes.
//
// Input: the value to add and remove (8 bytes), then the bytes of an intset.
#include "base/ensure.h"
#include "store/intset.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::store;

std::vector<int64_t> values_of(const Intset& set) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < set.size(); ++i)
    values.push_back(set.at(i));
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  int64_t value;
  if (size < sizeof(value)) return 0;
  std::memcpy(&value, data, sizeof(value));
  const std::vector<char> bytes(data + sizeof(value), data + size);  // Its own block.
  const std::string_view raw(bytes.data(), bytes.size());
  if (!is_valid_intset(raw, true)) return 0;
  ensure(is_valid_intset(raw, false));

  Intset set(raw);
  ensure(set.raw() == raw);
  const std::vector<int64_t> before = values_of(set);
  for (const int64_t held : before)
    ensure(set.contains(held));
  const bool was_there = set.contains(value);
  ensure(set.add(value) != was_there);
  ensure(set.contains(value));
  ensure(is_valid_intset(set.raw(), true));
  ensure(set.remove(value));
  ensure(is_valid_intset(set.raw(), true));
  if (was_there) set.add(value);
  ensure(values_of(set) == before);
  return 0;
}
