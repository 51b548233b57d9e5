#include "resp/request_text.h"

#include "base/numbers.h"

namespace kvstash::resp {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

size_t digits_of(size_t number) {
  size_t digits = 1;
  for (; number >= 10; number /= 10)
    ++digits;
  return digits;
}

// The size of a header such as "*3\r\n" or "$5\r\n".
size_t header_bytes(size_t number) {
  return 1 + digits_of(number) + kLineEnd.size();
}

void append_header(std::string& to, char kind, size_t number) {
  char digits[kInt64CharsMax];
  to += kind;
  to.append(digits, format_uint64(digits, number));
  to += kLineEnd;
}

}  // namespace

size_t request_bytes(std::span<const std::string_view> argv) {
  size_t bytes = header_bytes(argv.size());
  for (const std::string_view word : argv)
    bytes += header_bytes(word.size()) + word.size() + kLineEnd.size();
  return bytes;
}

void append_request(std::string& to, std::span<const std::string_view> argv) {
  append_header(to, '*', argv.size());
  for (const std::string_view word : argv) {
    append_header(to, '$', word.size());
    to += word;
    to += kLineEnd;
  }
}

// The parser accepts counts and lengths only without leading zeros and signs, so their digits are
// the ones that append_request writes. Only the whole size and each line end are left to check.
bool is_request_text(std::string_view raw, std::span<const std::string_view> argv) {
  if (raw.size() != request_bytes(argv) || raw.front() != '*') return false;
  size_t at = header_bytes(argv.size());
  const auto ends_line = [raw](size_t end) {
    return raw.substr(end - kLineEnd.size(), kLineEnd.size()) == kLineEnd;
  };
  if (!ends_line(at)) return false;
  for (const std::string_view word : argv) {
    at += header_bytes(word.size());
    if (!ends_line(at) || raw.data() + at != word.data()) return false;
    at += word.size() + kLineEnd.size();
    if (!ends_line(at)) return false;
  }
  return true;
}

}  // namespace kvstash::resp
