#include "resp/reply_parser.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kvstash::resp {
namespace {

using Type = Reply::Type;

constexpr size_t kLineEndBytes = 2;
constexpr size_t kVerbatimPrefixBytes = 4;  // For example "txt:".
constexpr std::string_view kLineTypes = "+-:_,#(";
constexpr std::string_view kBulkTypes = "$=!";
constexpr std::string_view kAggregateTypes = "*%~>|";

bool is_one_of(char type, std::string_view types) {
  return types.find(type) != std::string_view::npos;
}

// Returns the number of elements that follow a header with this count.
uint64_t element_count(char type, int64_t count) {
  const auto elements = static_cast<uint64_t>(count);
  return type == '%' || type == '|' ? 2 * elements : elements;
}

bool is_sign_and_digits(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<double> parse_number(std::string_view text) {
  if (text == "nan" || text == "-nan") return __builtin_nan("");
  return parse_double(text);
}

// Whether a line that is a whole element has the form that its type demands.
bool is_well_formed(char type, std::string_view text) {
  switch (type) {
    case ':':
      return parse_int64(text).has_value();
    case '_':
      return text.empty();
    case ',':
      return parse_number(text).has_value();
    case '#':
      return text == "t" || text == "f";
    case '(':
      return is_sign_and_digits(text);
    default:
      return true;
  }
}

// Builds trees from bytes that ReplyParser has found complete and well formed.
class Builder {
 public:
  explicit Builder(std::string_view bytes) : bytes_(bytes) {}

  Reply build() {
    std::vector<Reply> attributes;
    while (bytes_[position_] == '|') {
      const int64_t pairs = take_length();
      take_items(attributes, element_count('|', pairs));
    }
    Reply reply = build_plain();
    reply.attributes = std::move(attributes);
    return reply;
  }

 private:
  Reply build_plain() {
    const char type = bytes_[position_];
    if (is_one_of(type, kLineTypes)) return build_line(type, take_line());
    const int64_t length = take_length();
    if (length < 0) return {.type = type == '*' ? Type::kNullArray : Type::kNull};
    if (is_one_of(type, kBulkTypes)) return build_bulk(type, static_cast<size_t>(length));

    Reply reply{.type = type == '*'   ? Type::kArray
                        : type == '%' ? Type::kMap
                        : type == '~' ? Type::kSet
                                      : Type::kPush};
    take_items(reply.items, element_count(type, length));
    return reply;
  }

  static Reply build_line(char type, std::string_view text) {
    switch (type) {
      case '+':
        return {.type = Type::kSimple, .text = std::string(text)};
      case '-':
        return {.type = Type::kError, .text = std::string(text)};
      case ':':
        return {.type = Type::kInteger, .integer = *parse_int64(text)};
      case ',':
        return {.type = Type::kDouble, .text = std::string(text), .number = *parse_number(text)};
      case '#':
        return {.type = Type::kBoolean, .integer = text == "t" ? 1 : 0};
      case '(':
        return {.type = Type::kBigNumber, .text = std::string(text)};
      default:
        return {.type = Type::kNull};
    }
  }

  Reply build_bulk(char type, size_t size) {
    std::string_view text = bytes_.substr(position_, size);
    position_ += size + kLineEndBytes;
    if (type == '!') return {.type = Type::kError, .text = std::string(text)};
    if (type == '$') return {.type = Type::kBulk, .text = std::string(text)};
    return {.type = Type::kVerbatim,
            .text = std::string(text.substr(kVerbatimPrefixBytes)),
            .format = std::string(text.substr(0, kVerbatimPrefixBytes - 1))};
  }

  // Memory is not reserved in advance: an element is many times larger in memory than on the wire.
  void take_items(std::vector<Reply>& items, uint64_t count) {
    for (; count > 0; --count)
      items.push_back(build());
  }

  std::string_view take_line() {
    const size_t end = bytes_.find('\r', position_);
    const std::string_view line = bytes_.substr(position_ + 1, end - position_ - 1);
    position_ = end + kLineEndBytes;
    return line;
  }

  int64_t take_length() { return *parse_int64(take_line()); }

  std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace

ReplyOutcome ReplyParser::parse(std::string_view unread, Reply& reply) {
  bool is_started = position_ > 0;
  while (!is_started || !pending_.empty()) {
    is_started = true;
    const Step step = skip_element(unread);
    if (step == Step::kError) {
      const std::string_view error = error_;
      reset();
      return {.kind = ReplyOutcome::Kind::kError, .error = error};
    }
    if (step == Step::kMore) return {.bytes_needed = bytes_needed_};
  }
  const size_t consumed = position_;
  reset();
  reply = Builder(unread.substr(0, consumed)).build();
  return {.kind = ReplyOutcome::Kind::kComplete, .consumed = consumed};
}

void ReplyParser::reset() {
  position_ = 0;
  line_scanned_ = 0;
  bytes_needed_ = 0;
  pending_.clear();
  error_ = {};
}

ReplyParser::Step ReplyParser::skip_element(std::string_view unread) {
  const std::string_view rest = unread.substr(position_);
  bytes_needed_ = unread.size() + 1;
  const size_t end = rest.find('\r', line_scanned_);
  line_scanned_ = std::min(end, rest.size());
  if (line_scanned_ > limits_.line_bytes_max) return fail("line is too long");
  if (rest.size() < line_scanned_ + kLineEndBytes) return Step::kMore;
  if (end == 0 || rest[end + 1] != '\n') return fail("malformed line");

  const char type = rest[0];
  const std::string_view text = rest.substr(1, end - 1);
  const size_t header_end = position_ + end + kLineEndBytes;
  if (is_one_of(type, kLineTypes)) {
    if (!is_well_formed(type, text)) return fail("malformed value");
    position_ = header_end;
    close_element();
    return Step::kDone;
  }
  const std::optional<int64_t> length = parse_int64(text);
  if (!length || *length < -1) return fail("malformed length");
  if (is_one_of(type, kBulkTypes)) return skip_bulk(unread, header_end, *length);
  if (!is_one_of(type, kAggregateTypes)) return fail("unknown type");
  position_ = header_end;
  return open_aggregate(type, *length);
}

ReplyParser::Step ReplyParser::skip_bulk(std::string_view unread, size_t header_end,
                                         int64_t length) {
  const char type = unread[position_];
  if (length < 0) {
    if (type != '$') return fail("malformed length");
    position_ = header_end;
    close_element();
    return Step::kDone;
  }
  const auto size = static_cast<size_t>(length);
  if (size > limits_.bulk_bytes_max) return fail("bulk string is too long");
  if (type == '=' && size < kVerbatimPrefixBytes) return fail("malformed verbatim string");
  bytes_needed_ = header_end + size + kLineEndBytes;
  if (unread.size() < bytes_needed_) return Step::kMore;
  if (unread.substr(header_end + size, kLineEndBytes) != "\r\n") return fail("malformed bulk end");
  if (type == '=' && unread[header_end + kVerbatimPrefixBytes - 1] != ':') {
    return fail("malformed verbatim string");
  }
  position_ = bytes_needed_;
  close_element();
  return Step::kDone;
}

ReplyParser::Step ReplyParser::open_aggregate(char type, int64_t count) {
  line_scanned_ = 0;
  if (count < 0) {
    if (type != '*') return fail("malformed length");
    close_element();
    return Step::kDone;
  }
  if (static_cast<uint64_t>(count) > limits_.items_max) return fail("aggregate is too long");
  // An attribute is no element of its own: the reply that it describes still has to follow.
  const uint64_t elements = element_count(type, count) + (type == '|' ? 1 : 0);
  if (pending_.size() >= limits_.depth_max) return fail("reply is nested too deeply");
  pending_.push_back(elements);
  if (elements == 0) {
    pending_.pop_back();
    close_element();
  }
  return Step::kDone;
}

// Ends an element. If it was the last of its aggregate, the aggregate ends as well, and so on
// upwards.
void ReplyParser::close_element() {
  line_scanned_ = 0;
  while (!pending_.empty() && --pending_.back() == 0)
    pending_.pop_back();
}

ReplyParser::Step ReplyParser::fail(std::string_view why) {
  error_ = why;
  return Step::kError;
}

}  // namespace kvstash::resp
