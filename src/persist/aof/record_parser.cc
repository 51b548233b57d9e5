#include "persist/aof/record_parser.h"

#include "base/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kvstash::persist {
namespace {

// A line with a count is read into a buffer of this size by Redis.
constexpr size_t kCountLineBytesMax = 127;
constexpr size_t kCountDigitsMax = 19;

std::string expected_line_end(std::string_view got) {
  const auto byte = [got](size_t at) {
    return at < got.size() ? static_cast<unsigned char>(got[at]) : 0;
  };
  return fmt::format("Expected \\r\\n, got: {:02x}{:02x}", byte(0), byte(1));
}

class RecordReader {
 public:
  explicit RecordReader(std::string_view text) : text_(text) {}

  RecordParse read(std::vector<std::string_view>& argv) {
    const size_t argc_before = argv.size();
    const std::optional<int64_t> count = read_count('*');
    if (count && *count < 1) wrong(fmt::format("Expected a command, got {} arguments", *count));
    for (int64_t i = 0; count && i < *count && out_.error.empty(); ++i) {
      if (!read_argument(argv, i == 0)) break;
      if (i + 1 == *count) out_.kind = RecordParse::Kind::kComplete;
    }
    if (out_.kind == RecordParse::Kind::kComplete) {
      out_.consumed = at_;
    } else {
      argv.resize(argc_before);
    }
    return std::move(out_);
  }

 private:
  bool read_argument(std::vector<std::string_view>& argv, bool is_name) {
    const std::optional<int64_t> size = read_count('$');
    if (!size) return false;
    if (*size < 0) return wrong(fmt::format("Expected a length, got {}", *size));
    const size_t bytes = static_cast<size_t>(*size);
    out_.error_offset = at_;
    if (is_name) out_.name_offset = at_;
    const size_t left = text_.size() - at_;
    if (left < bytes + 2)
      return incomplete(at_ + bytes + 2,
                        fmt::format("Expected to read {} bytes, got {} bytes", bytes + 2, left));
    const std::string_view line_end = text_.substr(at_ + bytes, 2);
    if (line_end != "\r\n") return wrong(expected_line_end(line_end));
    ++out_.lines;
    argv.push_back(text_.substr(at_, bytes));
    at_ += bytes + 2;
    return true;
  }

  // Reads "<prefix><number>\r\n".
  std::optional<int64_t> read_count(char prefix) {
    out_.error_offset = at_;
    if (at_ == text_.size()) {
      incomplete(at_ + 4, "");
      return std::nullopt;
    }
    if (text_[at_] != prefix) {
      wrong(fmt::format("Expected prefix '{}', got: '{}'", prefix, text_[at_]));
      return std::nullopt;
    }
    const size_t digits_begin = at_ + 1;
    size_t end = digits_begin;
    if (end < text_.size() && text_[end] == '-') ++end;
    while (end < text_.size() && end - digits_begin <= kCountDigitsMax && text_[end] >= '0' &&
           text_[end] <= '9')
      ++end;
    const std::string_view line_end = text_.substr(end, 2);
    if (line_end == "\r\n") {
      const std::optional<int64_t> number =
          parse_int64(text_.substr(digits_begin, end - digits_begin));
      if (!number || *number > kCountMax) {
        wrong(fmt::format(
            "Expected a number, got: {}",
            text_.substr(digits_begin, std::min(end - digits_begin, kCountLineBytesMax))));
        return std::nullopt;
      }
      ++out_.lines;
      at_ = end + 2;
      return number;
    }
    if (line_end.size() < 2) {  // As Redis does, a file that ends here is called cut, not wrong.
      incomplete(end + 2, expected_line_end(line_end));
    } else {
      wrong(expected_line_end(line_end));
    }
    return std::nullopt;
  }

  bool wrong(std::string error) {
    out_.kind = RecordParse::Kind::kWrong;
    out_.error = std::move(error);
    return false;
  }

  bool incomplete(size_t bytes_needed, std::string error) {
    out_.kind = RecordParse::Kind::kIncomplete;
    out_.bytes_needed = bytes_needed;
    out_.error = std::move(error);
    return false;
  }

  // Far above any file's size, and far below an overflow of sums.
  static constexpr int64_t kCountMax = int64_t{1} << 60;

  std::string_view text_;
  size_t at_ = 0;
  RecordParse out_;
};

}  // namespace

RecordParse parse_record(std::string_view text, std::vector<std::string_view>& argv) {
  return RecordReader(text).read(argv);
}

}  // namespace kvstash::persist
