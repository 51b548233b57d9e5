// ReplyParser: reads replies of RESP2 and RESP3 as trees. For the command line, tests and links to
// other servers; the server itself only writes replies on its hot path.
//
// Pure and incremental: after kIncomplete, call again with a text that begins at the same reply;
// the parser continues where it stopped and scans nothing twice. Depth, elements and lengths are
// bounded. Not thread-safe. A Reply owns its bytes.
#pragma once

#include "base/limits.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::resp {

struct Reply {
  enum class Type : uint8_t {
    kSimple,     // +  text
    kError,      // -  text, and ! (a long error)
    kInteger,    // :  integer
    kBulk,       // $  text
    kNull,       // _  and $-1
    kNullArray,  // *-1
    kArray,      // *  items
    kMap,        // %  items: key, value, key, value, ...
    kSet,        // ~  items
    kPush,       // >  items
    kDouble,     // ,  number, and text as it was sent
    kBoolean,    // #  integer 0 or 1
    kBigNumber,  // (  text
    kVerbatim,   // =  text, without the format; `format`
  };

  Type type = Type::kNull;
  std::string text{};
  std::string format{};  // kVerbatim: "txt", "mkd".
  int64_t integer = 0;
  double number = 0;
  std::vector<Reply> items{};
  std::vector<Reply> attributes{};  // : the key, value, ... that came before this reply.

  bool is_error() const { return type == Type::kError; }
  bool is_null() const { return type == Type::kNull || type == Type::kNullArray; }
  bool is_aggregate() const {
    return type == Type::kArray || type == Type::kMap || type == Type::kSet || type == Type::kPush;
  }
  bool operator==(const Reply&) const = default;
};

struct ReplyLimits {
  size_t bulk_bytes_max = kBulkBytesMax;
  size_t line_bytes_max = kInlineBytesMax;  // A header, simple string, error or number.
  size_t items_max = kReplyItemsMax;        // Elements of one aggregate.
  size_t depth_max = kReplyDepthMax;
};

struct ReplyOutcome {
  enum class Kind : uint8_t { kComplete, kIncomplete, kError };

  Kind kind = Kind::kIncomplete;
  size_t consumed = 0;       // kComplete: number of bytes to drop from the front.
  size_t bytes_needed = 0;   // kIncomplete: the least size of the whole reply.
  std::string_view error{};  // kError: what is wrong, as a literal.
};

class ReplyParser {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : limits_(limits) {}

  // Reads one reply from the front of `unread` into `reply`, which changes only if kComplete.
  ReplyOutcome parse(std::string_view unread, Reply& reply);

  void reset();  // Forgets an incomplete reply.

 private:
  // First all elements must have come, so that nothing is built twice; then the tree is built.
  enum class Step : uint8_t { kDone, kMore, kError };

  Step skip_element(std::string_view unread);
  Step skip_bulk(std::string_view unread, size_t header_end, int64_t length);
  Step open_aggregate(char type, int64_t count);
  Step fail(std::string_view why);
  void close_element();

  ReplyLimits limits_;
  size_t position_ = 0;      // First byte of the next element.
  size_t line_scanned_ = 0;  // Bytes from `position_` on in which no line end was found.
  size_t bytes_needed_ = 0;
  std::vector<uint64_t> pending_;  // For each open aggregate, the number of elements to come.
  std::string_view error_;
};

}  // namespace kvstash::resp
