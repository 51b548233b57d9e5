// Decoder: reads the primitives of the RDB format from bytes that may be anything.
//
// The first failure stays: after it every read returns zero or nothing and moves nowhere, so a
// reader checks ok() where it would otherwise go wrong, and at the end. Nothing is allocated that
// the bytes which are there cannot fill: a compressed string at most 88 times its own bytes.
//
// Views of strings are valid as long as the bytes, or until their scratch is used again. Pure; any
// thread.
#pragma once

#include "base/result.h"
#include "persist/rdb/format.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::persist::rdb {

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return why_.empty(); }
  bool done() const { return offset_ == bytes_.size(); }
  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  // Notes a failure at the present place, unless there was one before. `why` is a literal that
  // completes the sentence "At byte 12 ...".
  void fail(std::string_view why);
  std::string_view why() const { return why_; }  // Empty if ok().
  Error error() const;  // "At byte 12 of the value a string is cut short". Only if not ok().

  uint8_t byte();
  uint64_t length();  // A length that introduces no integer and no compressed string.
  // The number of elements that follow, each of which takes at least `bytes_each`; it fails if
  // there are not that many bytes.
  size_t count(size_t bytes_each);
  // Reads a string of any form: a view of the bytes, or of `scratch` if they had to be converted.
  std::string_view string(std::string& scratch);
  std::string_view raw(size_t size);
  double binary_double();
  double text_double();  // As the first versions wrote scores.
  int64_t millis();      // Eight bytes.
  int64_t seconds();     // Four bytes.
  store::StreamId stream_id();

 private:
  struct Length {
    uint64_t value = 0;
    bool is_form = false;  // The value is a StringForm.
  };
  Length any_length();
  std::string_view integer(StringForm form, std::string& scratch);
  std::string_view compressed(std::string& scratch);

  std::string_view bytes_;
  size_t offset_ = 0;
  std::string_view why_;
  size_t failed_at_ = 0;
};

}  // namespace kvstash::persist::rdb
