// RequestParser: the commands in the bytes that a client sent.
//
//   request   =  "*" count CRLF { "$" length CRLF bytes CRLF }   the usual form
//             |  line LF                                         inline: words, quoted as in text.h
//
// Pure, incremental and without copies: arguments are views into the caller's buffer. Exactly as
// tolerant as Redis: of most CRLFs only the CR is looked at, the one after an argument is not
// looked at at all, and a NUL hides the rest of a line. How the bytes were cut up on their way
// changes nothing.
//
// Time: an incomplete command is continued where it stopped, never scanned again; for that, call
// again with a text that begins at the same command (it may have moved in memory), or reset().
// Memory: one entry per argument of an incomplete command, and the words of one inline command. Not
// thread-safe.
#pragma once

#include "base/limits.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::resp {

struct ParseLimits {
  size_t bulk_bytes_max = kBulkBytesMax;      // One argument.
  size_t args_max = kArgsMax;                 // Arguments of one command.
  size_t inline_bytes_max = kInlineBytesMax;  // One inline command, or one header line.
  bool authenticated = true;                  // false: kUnauthArgsMax and kUnauthBulkBytesMax hold.
};

struct ParseOutcome {
  enum class Kind : uint8_t {
    kComplete,    // One command: its arguments, at least one, were appended.
    kNothing,     // An empty request ("*0", an empty line): skip it, without a reply.
    kIncomplete,  // Call again with more bytes.
    kError,       // Reply `error` and close: the rest of the stream means nothing.
  };

  Kind kind = Kind::kIncomplete;
  // kComplete: the arguments view storage of the parser (an inline command with quotes) that the
  // next parse() or reset() ends. Run the command before parsing on; copy before sending it
  // elsewhere.
  bool borrows_parser = false;
  size_t consumed = 0;       // kComplete, kNothing: bytes to drop from the front.
  size_t bytes_needed = 0;   // kIncomplete: the command has at least so many bytes, from its front.
  std::string_view error{};  // kError: "ERR Protocol error: ...". Lives until the next call.
};

class RequestParser {
 public:
  // Reads one command from the front of `unread` and appends its arguments to `argv`, which is left
  // alone unless the outcome is kComplete.
  ParseOutcome parse(std::string_view unread, const ParseLimits& limits,
                     std::vector<std::string_view>& argv);

  // Forgets an incomplete command and gives memory back. After kError, or to begin elsewhere.
  void reset();

  bool has_partial() const { return args_left_ > 0 || line_scanned_ > 0; }
  size_t memory_bytes() const;  // Held for arguments, beyond the object itself.

 private:
  struct Span {
    size_t offset;
    size_t size;
  };
  enum class Step : uint8_t { kDone, kMore, kError };

  ParseOutcome parse_inline(std::string_view unread, const ParseLimits& limits,
                            std::vector<std::string_view>& argv);
  ParseOutcome parse_in_steps(std::string_view unread, const ParseLimits& limits,
                              std::vector<std::string_view>& argv);
  Step read_count(std::string_view unread, const ParseLimits& limits);
  Step read_argument(std::string_view unread, const ParseLimits& limits);
  Step read_bulk_length(std::string_view unread, const ParseLimits& limits);
  Step find_line_end(std::string_view unread, char end, size_t bytes_max);
  Step fail(std::string_view message);
  ParseOutcome failed();
  ParseOutcome incomplete(std::string_view unread) const;
  void forget_command();
  void forget_words();

  // The command being read. Offsets count from its first byte.
  size_t position_ = 0;       // The next byte to look at.
  size_t line_scanned_ = 0;   // Bytes from `position_` on in which no line end was found.
  size_t args_left_ = 0;      // Arguments not yet read; 0 while the count is not known.
  int64_t bulk_length_ = -1;  // Of the argument at `position_`, once its header was read.
  std::vector<Span> spans_;   // The arguments read before the bytes ran out.

  std::vector<std::string> words_;  // Of the last inline command, if it was quoted.
  std::string error_;
};

}  // namespace kvstash::resp
