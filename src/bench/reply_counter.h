// ReplyCounter: counts the replies that have come, without keeping or interpreting them.
//
// It is for a load generator, which must cost little compared with the server: the bytes of a value
// are skipped without being read. RESP2 and RESP3. Holds at most one header line, of kLineBytesMax.
// There is one per connection; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::bench {

class ReplyCounter {
 public:
  static constexpr size_t kLineBytesMax = size_t{64} << 10;

  // Takes the next bytes of the connection. Returns the number of replies that they complete.
  size_t feed(std::string_view bytes);

  bool is_malformed() const { return is_malformed_; }  // Stays true: the stream is lost.
  uint64_t errors() const { return errors_; }          // Replies that are an error as a whole.
  const std::string& first_error() const { return first_error_; }  // Without the '-'.

 private:
  void read_line(std::string_view line);  // Without its line end.
  void open_bulk(std::string_view length);
  void open_aggregate(char type, std::string_view count);

  std::string line_;            // The part of a line that has come so far.
  uint64_t bytes_to_skip_ = 0;  // Remaining bytes of a bulk string and its line end.
  uint64_t elements_left_ = 1;  // Elements that complete the current reply.
  uint64_t errors_ = 0;
  std::string first_error_;
  bool is_malformed_ = false;
};

}  // namespace kvstash::bench
