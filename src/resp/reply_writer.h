// ReplyWriter: writes RESP2 or RESP3 into a ReplyBuffer.
//
// The caller uses RESP3, and the writer translates for clients of RESP2 as Redis does:
//
//                 RESP2                      RESP3
//   null          $-1                        _
//   null_array    *-1                        _
//   map(n)        *2n                        %n
//   set(n)        *n                         ~n
//   push(n)       *n                         >n
//   dbl           $3 1.5                     ,1.5
//   boolean       :1                         #t
//   big_number    $n digits                  (digits
//   verbatim      $n text                    =n+4 txt:text
//   attribute(n)  may not be called          |n
//
// An aggregate of n is followed by n elements (2n for map and attribute) that the caller writes. A
// writer holds only references, so it is made where a reply is written. Not thread-safe.
#pragma once

#include "base/numbers.h"
#include "resp/reply_buffer.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::resp {

enum class RespVersion : uint8_t { k2 = 2, k3 = 3 };

class ReplyWriter {
 public:
  // The place where an aggregate of unknown length began.
  enum class Mark : size_t {};

  ReplyWriter(ReplyBuffer& out, RespVersion version) : out_(&out), version_(version) {}

  RespVersion version() const { return version_; }
  bool is_resp3() const { return version_ == RespVersion::k3; }
  ReplyBuffer& buffer() { return *out_; }

  void ok() { out_->append("+OK\r\n"); }
  void simple(std::string_view text);  // One line of our own, without CR or LF.
  // `message` begins with the code: "ERR no such key". CR and LF are replaced by blanks.
  void error(std::string_view message);

  void integer(int64_t value);
  void bulk(std::string_view value);
  void bulk_int64(int64_t value);  // The decimal digits as a bulk string.
  void null() { out_->append(is_resp3() ? "_\r\n" : "$-1\r\n"); }
  void null_array() { out_->append(is_resp3() ? "_\r\n" : "*-1\r\n"); }

  void dbl(double value);
  void boolean(bool value);
  void big_number(std::string_view digits);
  void verbatim(std::string_view format,
                std::string_view text);  // format: 3 letters, such as "txt" or "mkd".

  void array(size_t count) { header('*', count); }
  void map(size_t pairs) { is_resp3() ? header('%', pairs) : header('*', 2 * pairs); }
  void set(size_t count) { header(is_resp3() ? '~' : '*', count); }
  void push(size_t count) { header(is_resp3() ? '>' : '*', count); }
  void attribute(size_t pairs);  // RESP3 only.

  // For aggregates whose length is known only at their end. They may nest: end the inner one first.
  Mark begin() const { return static_cast<Mark>(out_->size()); }
  void end_array(Mark at, size_t count) { insert_header(at, '*', count); }
  void end_map(Mark at, size_t pairs);
  void end_set(Mark at, size_t count) { insert_header(at, is_resp3() ? '~' : '*', count); }

  // Writes bytes that are already RESP of the right version.
  void raw(std::string_view bytes) { out_->append(bytes); }

 private:
  void header(char type, uint64_t count);
  void insert_header(Mark at, char type, uint64_t count);

  ReplyBuffer* out_;
  RespVersion version_;
};

}  // namespace kvstash::resp
