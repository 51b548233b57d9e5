#include "resp/reply_writer.h"

#include <cstring>

namespace kvstash::resp {
namespace {

constexpr size_t kHeaderBytesMax = 1 + kInt64CharsMax + 2;  // Type, digits and CRLF.
constexpr size_t kVerbatimFormatBytes = 3;

char* put_line_end(char* at) {
  std::memcpy(at, "\r\n", 2);
  return at + 2;
}

// Writes "<type><number>\r\n". Lengths below 100 are usual and need no loop.
char* put_header(char* at, char type, uint64_t number) {
  *at++ = type;
  if (number < 10) {
    *at++ = static_cast<char>('0' + number);
  } else if (number < 100) {
    at[0] = static_cast<char>('0' + number / 10);
    at[1] = static_cast<char>('0' + number % 10);
    at += 2;
  } else {
    at += format_uint64(at, number);
  }
  return put_line_end(at);
}

char* put_bytes(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

size_t distance(const char* begin, const char* end) {
  return static_cast<size_t>(end - begin);
}

}  // namespace

void ReplyWriter::simple(std::string_view text) {
  char* begin = out_->reserve(text.size() + 3);
  *begin = '+';
  out_->commit(distance(begin, put_line_end(put_bytes(begin + 1, text))));
}

void ReplyWriter::error(std::string_view message) {
  char* begin = out_->reserve(message.size() + 3);
  *begin = '-';
  char* end = put_bytes(begin + 1, message);
  for (char* at = begin; at != end; ++at) {
    if (*at == '\r' || *at == '\n') *at = ' ';
  }
  out_->commit(distance(begin, put_line_end(end)));
}

void ReplyWriter::integer(int64_t value) {
  char* begin = out_->reserve(kHeaderBytesMax);
  *begin = ':';
  char* end = begin + 1 + format_int64(begin + 1, value);
  out_->commit(distance(begin, put_line_end(end)));
}

void ReplyWriter::bulk(std::string_view value) {
  char* begin = out_->reserve(kHeaderBytesMax + value.size() + 2);
  char* end = put_bytes(put_header(begin, '$', value.size()), value);
  out_->commit(distance(begin, put_line_end(end)));
}

void ReplyWriter::bulk_int64(int64_t value) {
  char digits[kInt64CharsMax];
  bulk({digits, format_int64(digits, value)});
}

void ReplyWriter::dbl(double value) {
  char digits[kDoubleCharsMax];
  const std::string_view text(digits, format_double(digits, value));
  if (!is_resp3()) return bulk(text);
  char* begin = out_->reserve(text.size() + 3);
  *begin = ',';
  out_->commit(distance(begin, put_line_end(put_bytes(begin + 1, text))));
}

void ReplyWriter::boolean(bool value) {
  if (is_resp3()) {
    out_->append(value ? "#t\r\n" : "#f\r\n");
  } else {
    out_->append(value ? ":1\r\n" : ":0\r\n");
  }
}

void ReplyWriter::big_number(std::string_view digits) {
  if (!is_resp3()) return bulk(digits);
  char* begin = out_->reserve(digits.size() + 3);
  *begin = '(';
  out_->commit(distance(begin, put_line_end(put_bytes(begin + 1, digits))));
}

void ReplyWriter::verbatim(std::string_view format, std::string_view text) {
  ensure(format.size() == kVerbatimFormatBytes);
  if (!is_resp3()) return bulk(text);
  const size_t size = format.size() + 1 + text.size();
  char* begin = out_->reserve(kHeaderBytesMax + size + 2);
  char* end = put_bytes(put_header(begin, '=', size), format);
  *end++ = ':';
  out_->commit(distance(begin, put_line_end(put_bytes(end, text))));
}

void ReplyWriter::attribute(size_t pairs) {
  ensure(is_resp3());
  header('|', pairs);
}

void ReplyWriter::end_map(Mark at, size_t pairs) {
  if (is_resp3()) {
    insert_header(at, '%', pairs);
  } else {
    insert_header(at, '*', 2 * pairs);
  }
}

void ReplyWriter::header(char type, uint64_t count) {
  char* begin = out_->reserve(kHeaderBytesMax);
  out_->commit(distance(begin, put_header(begin, type, count)));
}

void ReplyWriter::insert_header(Mark at, char type, uint64_t count) {
  char text[kHeaderBytesMax];
  out_->insert(static_cast<size_t>(at), {text, distance(text, put_header(text, type, count))});
}

}  // namespace kvstash::resp
