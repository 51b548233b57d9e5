#include "bench/reply_counter.h"

#include "base/limits.h"
#include "base/numbers.h"

#include <algorithm>
#include <optional>

namespace kvstash::bench {
namespace {

constexpr size_t kLineEndBytes = 2;

}  // namespace

size_t ReplyCounter::feed(std::string_view bytes) {
  size_t complete = 0;
  while (!bytes.empty() && !is_malformed_) {
    if (bytes_to_skip_ != 0) {
      const auto skipped = static_cast<size_t>(std::min<uint64_t>(bytes_to_skip_, bytes.size()));
      bytes.remove_prefix(skipped);
      bytes_to_skip_ -= skipped;
      if (bytes_to_skip_ == 0) --elements_left_;
    } else {
      const size_t end = bytes.find('\n');
      if (end == bytes.npos || !line_.empty()) line_.append(bytes.substr(0, end));
      if (line_.size() > kLineBytesMax) is_malformed_ = true;
      if (end == bytes.npos) return complete;
      read_line(line_.empty() ? bytes.substr(0, end) : line_);
      line_.clear();
      bytes.remove_prefix(end + 1);
    }
    if (elements_left_ == 0) {
      ++complete;
      elements_left_ = 1;
    }
  }
  return complete;
}

void ReplyCounter::read_line(std::string_view line) {
  if (line.size() < 2 || line.back() != '\r') {
    is_malformed_ = true;
    return;
  }
  const char type = line.front();
  const std::string_view rest = line.substr(1, line.size() - 2);
  switch (type) {
    case '$':
    case '=':
    case '!':
      if (type == '!' && elements_left_ == 1) ++errors_;
      open_bulk(rest);
      break;
    case '*':
    case '~':
    case '>':
    case '%':
      open_aggregate(type, rest);
      break;
    case '-':
      if (elements_left_ == 1 && errors_++ == 0) first_error_ = rest;
      --elements_left_;
      break;
    case '+':
    case ':':
    case '_':
    case ',':
    case '#':
    case '(':
      --elements_left_;
      break;
    default:
      is_malformed_ = true;
  }
}

void ReplyCounter::open_bulk(std::string_view length) {
  const std::optional<int64_t> bytes = parse_int64(length);
  if (!bytes || *bytes < -1 || *bytes > static_cast<int64_t>(kBulkBytesMax)) {
    is_malformed_ = true;
  } else if (*bytes < 0) {
    --elements_left_;
  } else {
    bytes_to_skip_ = static_cast<uint64_t>(*bytes) + kLineEndBytes;
  }
}

void ReplyCounter::open_aggregate(char type, std::string_view count) {
  const std::optional<int64_t> items = parse_int64(count);
  if (!items || *items < -1 || *items > static_cast<int64_t>(kReplyItemsMax)) {
    is_malformed_ = true;
    return;
  }
  if (*items > 0) elements_left_ += static_cast<uint64_t>(*items) * (type == '%' ? 2 : 1);
  --elements_left_;
}

}  // namespace kvstash::bench
