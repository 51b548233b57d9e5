#include "persist/rdb/value_skipper.h"

#include "support/rdb_values.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;
using namespace std::string_literals;
using Progress = ValueSkipper::Progress;

namespace {

struct Skipped {
  Progress progress;
  size_t bytes;
};

// Feeds the bytes in pieces, where each piece begins with what the one before left over.
Skipped skip_in_pieces(std::string_view layout, std::string_view bytes, size_t piece) {
  ValueSkipper skipper(layout);
  size_t passed = 0;
  size_t fed = 0;
  for (;;) {
    std::string_view part = bytes.substr(passed, fed - passed);
    const size_t before = part.size();
    const Progress progress = skipper.skip(part);
    passed += before - part.size();
    if (progress != Progress::kNeedsMore || fed == bytes.size()) return {progress, passed};
    fed = std::min(fed + piece, bytes.size());
  }
}

Progress progress_of(Type type, Dialect dialect, std::string_view bytes) {
  return skip_in_pieces(*layout_of(type, dialect), bytes, 1).progress;
}

}  // namespace

TEST_CASE("value skipper: finds the end of every value, in pieces of any size") {
  for (const RdbBytes& sample : rdb_samples()) {
    const std::string_view layout = *layout_of(sample.type, Dialect::kRedis);
    const std::string bytes = sample.bytes + "behind";
    INFO(sample.key);
    for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
      const Skipped skipped = skip_in_pieces(layout, bytes, piece);
      CHECK(skipped.progress == Progress::kDone);
      CHECK(skipped.bytes == sample.bytes.size());
    }
  }
}

TEST_CASE("value skipper: a value that is cut short needs more bytes, wherever it is cut") {
  for (const RdbBytes& sample : rdb_samples()) {
    if (sample.bytes.size() > 400) continue;
    const std::string_view layout = *layout_of(sample.type, Dialect::kRedis);
    for (size_t size = 0; size < sample.bytes.size(); ++size) {
      const std::string_view cut = std::string_view(sample.bytes).substr(0, size);
      CHECK(skip_in_pieces(layout, cut, 3).progress == Progress::kNeedsMore);
    }
  }
}

TEST_CASE("value skipper: knows the forms that are only read") {
  CHECK(progress_of(Type::kSortedSetText, Dialect::kRedis,
                    "\x02\x01"
                    "a"
                    "\x03"
                    "1.5\x01"
                    "b\xff") == Progress::kDone);
  CHECK(progress_of(Type::kHashFieldDeadlinesEarly, Dialect::kRedis,
                    "\x01\x00\x01"
                    "f\x01v"s) == Progress::kDone);
  CHECK(progress_of(kValkeyHash2, Dialect::kValkey,
                    "\x01\x01"
                    "f\x01v"
                    "12345678") == Progress::kDone);
  CHECK(progress_of(Type::kHashListpackEx, Dialect::kRedis, "12345678\x02xx") == Progress::kDone);
  CHECK(progress_of(Type::kStream, Dialect::kRedis, "\x00\x00\x01\x02\x00"s) == Progress::kDone);
}

TEST_CASE("value skipper: passes over what modules write, up to its end mark") {
  const std::string module =
      "\x81"
      "12345678"
      "\x01\x05\x02\x40\x05\x03"
      "1234"
      "\x04"
      "12345678"
      "\x05\xc0\x07\x05\x02hi\x00"s;
  CHECK(progress_of(Type::kModule2, Dialect::kRedis, module) == Progress::kDone);
  CHECK(progress_of(Type::kModule2, Dialect::kRedis, module.substr(0, module.size() - 1)) ==
        Progress::kNeedsMore);
  CHECK(progress_of(Type::kModule2, Dialect::kRedis, "\x01\x06") == Progress::kDamaged);
}

TEST_CASE("value skipper: a length of an unknown form is damage") {
  CHECK(progress_of(Type::kString, Dialect::kRedis, "\x82") == Progress::kDamaged);
  CHECK(progress_of(Type::kString, Dialect::kRedis, "\xc4") == Progress::kDamaged);
  CHECK(progress_of(Type::kList, Dialect::kRedis, "\xc0\x01") == Progress::kDamaged);
}

TEST_CASE("value skipper: types of other dialects and unknown types have no layout") {
  CHECK_FALSE(layout_of(Type::kModule, Dialect::kRedis).has_value());
  CHECK_FALSE(layout_of(static_cast<Type>(8), Dialect::kRedis).has_value());
  CHECK_FALSE(layout_of(static_cast<Type>(26), Dialect::kRedis).has_value());
  CHECK_FALSE(layout_of(Type::kHashFieldDeadlines, Dialect::kValkey).has_value());
}
