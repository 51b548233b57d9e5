// Text: ASCII case, splitting and quoting, as the protocol and the configuration file use them.
// Bytes above 127 are never letters. Pure; any thread. Results own their bytes.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace kvstash {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
}
// Space, tab, newline, carriage return, vertical tab, form feed.
constexpr bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);

// Returns the pieces between separators, one more than there are separators. They are views of
// `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// Returns `text` without blanks at both ends.
std::string_view trim(std::string_view text);

// Returns `text` in double quotes, with \n \r \t \a \b \\ \" and \xhh for bytes that do not print.
std::string quote(std::string_view text);

// Splits a line into words at blanks. In "..." all escapes that `quote` writes are understood, in
// '...' only \'. A quote may begin inside a word, but a blank or the end must follow its closing
// quote. A NUL ends the line. Fails with "unbalanced quotes".
Result<std::vector<std::string>> split_args(std::string_view line);

}  // namespace kvstash
