#include "resp/request_parser.h"

#include "base/numbers.h"
#include "base/text.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace kvstash::resp {
namespace {

constexpr size_t kLineEndBytes = 2;       // CR, and a byte that should be LF.
constexpr size_t kSpansKept = 1024;       // Spans whose memory is kept for later commands.
constexpr size_t kShortLengthDigits = 9;  // A length of so few digits cannot overflow.

// Reads the usual form of a header after its first byte: digits without a leading zero, CR, LF.
// Moves `at` behind it. Returns false, with `at` anywhere, if the header has another form or is
// incomplete.
inline bool read_short_length(const char*& at, const char* end, size_t& length) {
  if (end - at < 3) return false;
  size_t value = static_cast<unsigned char>(*at) - size_t{'0'};
  // Nearly all lengths have one digit or two.
  if (at[1] == '\r' && value <= 9) {
    length = value;
    at += 1 + kLineEndBytes;
    return true;
  }
  if (value > 9 || value == 0) return false;
  const size_t second = static_cast<unsigned char>(at[1]) - size_t{'0'};
  if (end - at > 3 && at[2] == '\r' && second <= 9) {
    length = value * 10 + second;
    at += 2 + kLineEndBytes;
    return true;
  }
  const char* last = end - at > static_cast<ptrdiff_t>(kShortLengthDigits) + 1
                         ? at + kShortLengthDigits
                         : end - kLineEndBytes;
  for (++at; at <= last; ++at) {
    const size_t digit = static_cast<unsigned char>(*at) - size_t{'0'};
    if (digit > 9) {
      if (*at != '\r') return false;
      at += kLineEndBytes;
      length = value;
      return true;
    }
    value = value * 10 + digit;
  }
  return false;
}

// Reads a whole command in its usual form and returns its size. Otherwise it returns 0 and leaves
// `argv` as it was; parse_in_steps then finds out whether the command is incomplete, wrong or
// unusual.
size_t read_usual_command(std::string_view unread, size_t args_max, size_t bulk_bytes_max,
                          std::vector<std::string_view>& argv) {
  const size_t argv_size = argv.size();
  const char* at = unread.data() + 1;
  const char* const end = unread.data() + unread.size();
  size_t count = 0;
  if (!read_short_length(at, end, count) || count == 0 || count > args_max) return 0;

  for (; count > 0; --count) {
    size_t length = 0;
    if (at == end || *at++ != '$' || !read_short_length(at, end, length) ||
        length > bulk_bytes_max || static_cast<size_t>(end - at) < length + kLineEndBytes) {
      argv.resize(argv_size);
      return 0;
    }
    argv.emplace_back(at, length);
    at += length + kLineEndBytes;
  }
  return static_cast<size_t>(at - unread.data());
}

// Appends the words of a line without quotes: the same as split_args finds, but not copied.
void append_plain_words(std::string_view line, std::vector<std::string_view>& argv) {
  constexpr std::string_view kWordEnds = " \n\r\t";
  while (true) {
    while (!line.empty() && is_blank(line.front()))
      line.remove_prefix(1);
    if (line.empty()) return;
    const size_t size = std::min(line.find_first_of(kWordEnds), line.size());
    argv.push_back(line.substr(0, size));
    line.remove_prefix(size);
  }
}

}  // namespace

ParseOutcome RequestParser::parse(std::string_view unread, const ParseLimits& limits,
                                  std::vector<std::string_view>& argv) {
  if (!words_.empty()) [[unlikely]]
    forget_words();
  if (args_left_ > 0) return parse_in_steps(unread, limits, argv);
  if (unread.empty()) return incomplete(unread);
  if (unread[0] != '*') return parse_inline(unread, limits, argv);

  const bool is_known = limits.authenticated;
  const size_t size = read_usual_command(
      unread, is_known ? limits.args_max : std::min<size_t>(limits.args_max, kUnauthArgsMax),
      is_known ? limits.bulk_bytes_max : std::min(limits.bulk_bytes_max, kUnauthBulkBytesMax),
      argv);
  if (size == 0) return parse_in_steps(unread, limits, argv);
  line_scanned_ = 0;
  return {.kind = ParseOutcome::Kind::kComplete, .consumed = size};
}

void RequestParser::reset() {
  forget_command();
  forget_words();
  spans_ = std::vector<Span>();
}

size_t RequestParser::memory_bytes() const {
  size_t bytes = spans_.capacity() * sizeof(Span) + words_.capacity() * sizeof(std::string);
  for (const std::string& word : words_)
    bytes += word.capacity();
  return bytes;
}

// Parses a command of any form. It keeps its state between any two bytes, and reports every error
// as Redis does.
ParseOutcome RequestParser::parse_in_steps(std::string_view unread, const ParseLimits& limits,
                                           std::vector<std::string_view>& argv) {
  if (args_left_ == 0) {
    const Step step = read_count(unread, limits);
    if (step == Step::kError) return failed();
    if (step == Step::kMore) return incomplete(unread);
    if (args_left_ == 0) {
      const size_t consumed = std::exchange(position_, 0);
      return {.kind = ParseOutcome::Kind::kNothing, .consumed = consumed};
    }
  }
  for (; args_left_ > 0; --args_left_) {
    const Step step = read_argument(unread, limits);
    if (step == Step::kError) return failed();
    if (step == Step::kMore) return incomplete(unread);
  }
  argv.reserve(argv.size() + spans_.size());
  for (const Span& span : spans_)
    argv.push_back(unread.substr(span.offset, span.size));
  const size_t consumed = position_;
  forget_command();
  return {.kind = ParseOutcome::Kind::kComplete, .consumed = consumed};
}

RequestParser::Step RequestParser::read_count(std::string_view unread, const ParseLimits& limits) {
  const Step step = find_line_end(unread, '\r', limits.inline_bytes_max);
  if (step == Step::kError) return fail("too big mbulk count string");
  if (step == Step::kMore) return step;

  const std::optional<int64_t> count = parse_int64(unread.substr(1, line_scanned_ - 1));
  if (!count || (*count > 0 && static_cast<uint64_t>(*count) > limits.args_max)) {
    return fail("invalid multibulk length");
  }
  if (!limits.authenticated && *count > int64_t{kUnauthArgsMax}) {
    return fail("unauthenticated multibulk length");
  }
  position_ = std::exchange(line_scanned_, 0) + kLineEndBytes;
  args_left_ = *count > 0 ? static_cast<size_t>(*count) : 0;
  return Step::kDone;
}

RequestParser::Step RequestParser::read_argument(std::string_view unread,
                                                 const ParseLimits& limits) {
  if (bulk_length_ < 0) {
    const Step step = read_bulk_length(unread, limits);
    if (step != Step::kDone) return step;
  }
  const auto size = static_cast<size_t>(bulk_length_);
  if (unread.size() - position_ < size + kLineEndBytes) return Step::kMore;
  spans_.push_back({.offset = position_, .size = size});
  position_ += size + kLineEndBytes;
  bulk_length_ = -1;
  return Step::kDone;
}

RequestParser::Step RequestParser::read_bulk_length(std::string_view unread,
                                                    const ParseLimits& limits) {
  const Step step = find_line_end(unread, '\r', limits.inline_bytes_max);
  if (step == Step::kError) return fail("too big bulk count string");
  if (step == Step::kMore) return step;

  const char type = unread[position_];
  if (type != '$') {
    // The text is one line of a reply, which a CR or LF in it would end early.
    const char shown = type == '\r' || type == '\n' ? ' ' : type;
    return fail(std::string("expected '$', got '") + shown + "'");
  }
  const std::optional<int64_t> length =
      parse_int64(unread.substr(position_ + 1, line_scanned_ - 1));
  if (!length || *length < 0 || static_cast<uint64_t>(*length) > limits.bulk_bytes_max) {
    return fail("invalid bulk length");
  }
  if (!limits.authenticated && static_cast<uint64_t>(*length) > kUnauthBulkBytesMax) {
    return fail("unauthenticated bulk length");
  }
  position_ += std::exchange(line_scanned_, 0) + kLineEndBytes;
  bulk_length_ = *length;
  return Step::kDone;
}

ParseOutcome RequestParser::parse_inline(std::string_view unread, const ParseLimits& limits,
                                         std::vector<std::string_view>& argv) {
  const Step step = find_line_end(unread, '\n', limits.inline_bytes_max);
  if (step == Step::kError) {
    fail("too big inline request");
    return failed();
  }
  if (step == Step::kMore) return incomplete(unread);

  std::string_view line = unread.substr(0, std::exchange(line_scanned_, 0));
  ParseOutcome outcome{.kind = ParseOutcome::Kind::kComplete, .consumed = line.size() + 1};
  if (line.ends_with('\r')) line.remove_suffix(1);

  const size_t argv_size = argv.size();
  if (line.find_first_of("\"'") == std::string_view::npos) {
    append_plain_words(line, argv);
  } else {
    Result<std::vector<std::string>> words = split_args(line);
    if (!words.ok()) {
      fail("unbalanced quotes in request");
      return failed();
    }
    words_ = *std::move(words);
    argv.insert(argv.end(), words_.begin(), words_.end());
    outcome.borrows_parser = true;
  }
  if (argv.size() == argv_size) outcome.kind = ParseOutcome::Kind::kNothing;
  return outcome;
}

// Searches for `end` from `position_` on and sets `line_scanned_` to the bytes before it. The bound
// holds for the line itself, not for the part of it that has come, so it does not matter how the
// bytes were cut. After a CR one more byte must follow. A NUL ends the search for good, as in
// Redis.
RequestParser::Step RequestParser::find_line_end(std::string_view unread, char end,
                                                 size_t bytes_max) {
  const std::string_view rest = unread.substr(position_);
  const size_t found = std::min(rest.find(end, line_scanned_), rest.size());
  const size_t hidden = rest.substr(0, found).find('\0', line_scanned_);
  const bool is_found = found < rest.size() && hidden == std::string_view::npos;
  if ((is_found ? found : rest.size()) > bytes_max) return Step::kError;

  line_scanned_ = std::min(found, hidden);
  const size_t bytes_after = end == '\r' ? 1 : 0;
  return is_found && found + bytes_after < rest.size() ? Step::kDone : Step::kMore;
}

RequestParser::Step RequestParser::fail(std::string_view message) {
  error_ = "ERR Protocol error: ";
  error_ += message;
  return Step::kError;
}

ParseOutcome RequestParser::failed() {
  forget_command();
  return {.kind = ParseOutcome::Kind::kError, .error = error_};
}

ParseOutcome RequestParser::incomplete(std::string_view unread) const {
  const size_t bytes_needed = bulk_length_ < 0
                                  ? unread.size() + 1
                                  : position_ + static_cast<size_t>(bulk_length_) + kLineEndBytes;
  return {.kind = ParseOutcome::Kind::kIncomplete, .bytes_needed = bytes_needed};
}

void RequestParser::forget_command() {
  position_ = 0;
  line_scanned_ = 0;
  args_left_ = 0;
  bulk_length_ = -1;
  spans_.clear();
  if (spans_.capacity() > kSpansKept) spans_ = std::vector<Span>();
}

// Assigned from a temporary, because assigning {} would keep the memory.
void RequestParser::forget_words() {
  words_ = std::vector<std::string>();
}

}  // namespace kvstash::resp
