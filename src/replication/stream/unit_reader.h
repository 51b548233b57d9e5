// UnitReader: cuts the stream of a primary into what is applied as a whole: records that stand
// alone, and transactions with all that stands between their MULTI and EXEC.
//
// The stream is the commands that a primary sends its replicas, in RESP. Redis and kvstash write
// nothing else into it.
//
// Pure; one thread. Memory: what was fed and not yet taken, so one whole unit.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::replication {

// Views are valid until the next call of feed() or next().
struct StreamUnit {
  using Record = std::span<const std::string_view>;

  std::string_view bytes;           // As they stand in the stream, MULTI and EXEC included.
  std::span<const Record> records;  // Without MULTI and EXEC; may be empty then.
  bool is_transaction = false;
};

class UnitReader {
 public:
  // A unit that is larger is an error.
  explicit UnitReader(uint64_t unit_bytes_max) : unit_bytes_max_(unit_bytes_max) {}

  void feed(std::string_view bytes);
  // Takes the next unit; nothing: the rest of it is still to come. An Error is a sentence; nothing
  // more can be taken then.
  Result<std::optional<StreamUnit>> next();

  // Bytes that were fed and are not part of a unit that was taken.
  size_t pending_bytes() const { return buffer_.size() - begin_; }

 private:
  struct Word {
    size_t offset;  // From the beginning of the unit.
    size_t size;
  };

  std::string_view unread() const { return std::string_view(buffer_).substr(scanned_); }
  void take_record(std::span<const std::string_view> argv);
  StreamUnit unit();

  uint64_t unit_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;      // Where the present unit begins.
  size_t scanned_ = 0;    // Where its next record begins.
  size_t wanted_ = 0;     // With fewer unread bytes the next record is not complete.
  bool is_open_ = false;  // The unit began with MULTI.
  std::vector<Word> words_;
  std::vector<size_t> record_ends_;  // Of each record of the unit: the number of words up to there.
  std::vector<std::string_view> argv_;
  std::vector<std::string_view> views_;
  std::vector<StreamUnit::Record> records_;
};

}  // namespace kvstash::replication
