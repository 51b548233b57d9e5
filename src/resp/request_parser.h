// RequestParser: finds the commands in the bytes that a client sent.
//
//   request   =  "*" count CRLF { "$" length CRLF bytes CRLF }   the usual form
//             |  line LF                                         inline: words, quoted as in text.h
//
// Pure, incremental and without copies: arguments are views into the caller's buffer. It is exactly
// as tolerant as Redis: of most CRLFs only the CR is checked, the CRLF after an argument is not
// checked at all, and a NUL hides the rest of a line. It does not matter how the bytes were cut on
// their way.
//
// After kIncomplete, call again with a text that begins at the same command (it may have moved in
// memory), or call reset(); the parser continues where it stopped and scans nothing twice. It needs
// memory for one entry per argument of an incomplete command, and for the words of one inline
// command. Not thread-safe.
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
  bool authenticated = true;                  // false: the kUnauth... bounds also hold.
};

struct ParseOutcome {
  enum class Kind : uint8_t {
    kComplete,    // A command was read, and its arguments, at least one, were appended.
    kNothing,     // An empty request ("*0", an empty line) was read: it gets no reply.
    kIncomplete,  // Call again with more bytes.
    kError,       // Reply `error` and close: the rest of the stream cannot be parsed.
  };

  Kind kind = Kind::kIncomplete;
  // kComplete: the arguments are views of memory of the parser (an inline command with quotes),
  // which is valid until the next parse() or reset(). Run the command before that, or copy the
  // arguments.
  bool borrows_parser = false;
  size_t consumed = 0;       // kComplete, kNothing: number of bytes to drop from the front.
  size_t bytes_needed = 0;   // kIncomplete: the least size of the whole command.
  std::string_view error{};  // kError: "ERR Protocol error: ...". Lives until the next call.
};

class RequestParser {
 public:
  // Reads one command from the front of `unread` and appends its arguments to `argv`, which changes
  // only if the outcome is kComplete.
  ParseOutcome parse(std::string_view unread, const ParseLimits& limits,
                     std::vector<std::string_view>& argv);

  // Forgets an incomplete command and gives memory back. To be called after kError, and before
  // another stream is parsed.
  void reset();

  bool has_partial() const { return args_left_ > 0 || line_scanned_ > 0; }
  size_t memory_bytes() const;  // Memory for arguments, without the object itself.

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

  // The command that is being read. Offsets count from its first byte.
  size_t position_ = 0;       // The next byte to read.
  size_t line_scanned_ = 0;   // Bytes from `position_` on in which no line end was found.
  size_t args_left_ = 0;      // Arguments not yet read; 0 while the count is not known.
  int64_t bulk_length_ = -1;  // Length of the present argument; -1: not read yet.
  std::vector<Span> spans_;   // The arguments read so far of an incomplete command.

  std::vector<std::string> words_;  // Words of the last inline command, if it had quotes.
  std::string error_;
};

}  // namespace kvstash::resp
