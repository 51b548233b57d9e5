// SnapshotFrame: finds the bytes of a snapshot in what a primary sends in answer to a full
// synchronization:
//
//   { "\n" } "$" length CRLF bytes                     the length is known
//   { "\n" } "$EOF:" mark CRLF bytes mark              the primary does not know it yet
//
// The mark is 40 random characters. The lines that are empty keep the connection alive while the
// primary gets ready.
//
// Pure; one thread. Bytes are given on as they come, but the last 40, which may be the mark.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::replication {

class SnapshotFrame {
 public:
  // What feed() found. Views are of what was fed, or of memory of the frame, and valid until the
  // next call.
  struct Found {
    bool has_begun = false;  // The first line is complete: size() tells.
    // Bytes of the snapshot, in this order.
    std::string_view first{};
    std::string_view second{};
    bool has_ended = false;  // The bytes behind `consumed` do not belong to the snapshot.
    size_t consumed = 0;     // Of what was fed.
  };

  // Takes all of `bytes` unless the snapshot ends in them. Not to be called again after an error,
  // which is a sentence, or after the end.
  Result<Found> feed(std::string_view bytes);

  // Once it has begun: the size, if the primary said it.
  std::optional<uint64_t> size() const { return size_; }

 private:
  Result<std::optional<size_t>> read_line(std::string_view bytes);
  Status take_line(std::string_view line);
  Found take_sized(std::string_view bytes);
  Found take_marked(std::string_view bytes);

  bool has_begun_ = false;
  std::string line_;  // The first line, as far as it came.
  std::optional<uint64_t> size_;
  uint64_t left_ = 0;  // Of a snapshot whose size is known.
  std::string mark_;
  std::string held_;   // The last bytes, which may be a part of the mark.
  std::string given_;  // Bytes that were held and belong to the snapshot.
};

}  // namespace kvstash::replication
