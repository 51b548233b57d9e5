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

// The pieces between separators; always one more than there are separators. They view `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// Without blanks at both ends.
std::string_view trim(std::string_view text);

// In double quotes, with \n \r \t \a \b \\ \" and \xhh for whatever does not print.
std::string quote(std::string_view text);

// A line split into words at blanks. "..." understands what `quote` writes, '...' only \'; a quote
// may begin inside a word, but after it closes a blank or the end must follow. A NUL ends the line.
// Fails with "unbalanced quotes".
Result<std::vector<std::string>> split_args(std::string_view line);

}  // namespace kvstash
