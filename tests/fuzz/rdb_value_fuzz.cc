// Property: whatever bytes a value of any type is read from, reading them ends in a refusal or in a
// value that is safe to use: it can be stored, looked through, written and read again, and is the
// same then. A value that was read has its end where the skipper finds it, or earlier. What is
// written becomes commands, whatever the pieces in which it comes.
//
// Input: the type; the dialect (bit 0), whether repeats are looked for (bit 1) and the limits of
// encodings (bits 2 and 3); then the bytes of the value.
#include "base/ensure.h"
#include "persist/aof/entry_commands.h"
#include "persist/rdb/value_reader.h"
#include "persist/rdb/value_skipper.h"
#include "support/rdb_values.h"
#include "support/value_image.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;

ValueImage stored(RdbSpace& space, Value value) {
  return image_of(space.put("k", std::move(value)));
}

void check_written(const store::Entry& entry, const ValueImage& image, Extreme extreme) {
  const RdbBytes written = rdb_bytes_of(entry, kVersionOfFieldDeadlines, true);
  RdbSpace space(extreme);
  Result<Value> again = read_value(written.type, Dialect::kRedis, written.bytes, space.options());
  ensure(again.ok());
  ensure(stored(space, *std::move(again)) == image);
}

void check_commands(const store::Entry& entry, size_t split) {
  Encoded encoded;
  Encoder to(encoded);
  write_entry(to, entry, {.version = kVersionOfFieldDeadlines});
  const std::string_view bytes = encoded.bytes;
  std::string whole;
  persist::EntryCommands at_once(whole);
  at_once.add(0, bytes);
  ensure(at_once.finish().ok());
  std::string parts;
  persist::EntryCommands in_parts(parts);
  split %= bytes.size();
  in_parts.add(0, bytes.substr(0, split));
  in_parts.add(0, bytes.substr(split));
  ensure(in_parts.finish().ok() && parts == whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto type = static_cast<Type>(data[0]);
  const Dialect dialect = (data[1] & 1) != 0 ? Dialect::kValkey : Dialect::kRedis;
  const auto extreme = static_cast<Extreme>(data[1] >> 2 & 3);
  const std::vector<char> block(data + 2, data + size);  // Its own, for the sanitizer.
  const std::string_view bytes(block.data(), block.size());
  RdbSpace space(extreme);
  ReadOptions options = space.options();
  options.finds_repeats = (data[1] & 2) != 0;

  std::string_view left = bytes;
  const std::optional<std::string_view> layout = layout_of(type, dialect);
  const auto progress =
      layout ? ValueSkipper(*layout).skip(left) : ValueSkipper::Progress::kDamaged;
  Result<Value> value = read_value(type, dialect, bytes, options);
  if (!value.ok()) return 0;
  ensure(progress == ValueSkipper::Progress::kDone);
  if (value->is_empty()) return 0;
  // Without the search, repeats may be there, and what is written then is refused.
  if (!options.finds_repeats) return 0;
  const ValueImage image = stored(space, *std::move(value));
  const store::Entry& entry = *space.space().find(RdbSpace::ref("k"));
  check_written(entry, image, extreme);
  check_commands(entry, size);
  return 0;
}
