#include "base/text.h"

#include <algorithm>
#include <optional>

namespace kvstash {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

// Returns the letter after a backslash that stands for `c`, or 0.
char escape_letter(char c) {
  switch (c) {
    case '\\':
    case '"':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

// Returns the byte that a backslash and `letter` stand for.
char unescape_letter(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    default:
      return letter;
  }
}

// Cuts one word after another from a line.
class WordReader {
 public:
  // A NUL ends the line, so at() gives 0 both for a NUL and past the end.
  explicit WordReader(std::string_view line) : line_(line.substr(0, line.find('\0'))) {}

  bool skip_blanks() {
    while (is_blank(at(0)))
      ++position_;
    return position_ < line_.size();
  }

  // Returns false if a quote is not closed, or if something follows the closing quote.
  bool read_word(std::string& word) {
    while (!ends_bare_word(at(0))) {
      const char c = line_[position_++];
      if (c == '"') return read_double_quoted(word);
      if (c == '\'') return read_single_quoted(word);
      word.push_back(c);
    }
    return true;
  }

 private:
  char at(size_t ahead) const {
    return position_ + ahead < line_.size() ? line_[position_ + ahead] : '\0';
  }

  // Vertical tab and form feed separate words but do not end one, as in Redis.
  static bool ends_bare_word(char c) {
    return c == '\0' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }

  bool ends_after_quote() const { return at(0) == '\0' || is_blank(at(0)); }

  bool read_double_quoted(std::string& word) {
    while (position_ < line_.size()) {
      const char c = line_[position_++];
      if (c == '"') return ends_after_quote();
      word.push_back(c == '\\' && at(0) != '\0' ? read_escape() : c);
    }
    return false;
  }

  char read_escape() {
    const std::optional<int> high = hex_value(at(1));
    const std::optional<int> low = hex_value(at(2));
    if (at(0) == 'x' && high && low) {
      position_ += 3;
      return static_cast<char>(*high * 16 + *low);
    }
    return unescape_letter(line_[position_++]);
  }

  bool read_single_quoted(std::string& word) {
    while (position_ < line_.size()) {
      const char c = line_[position_++];
      if (c == '\'') return ends_after_quote();
      const bool is_escaped_quote = c == '\\' && at(0) == '\'';
      word.push_back(is_escaped_quote ? '\'' : c);
      if (is_escaped_quote) ++position_;
    }
    return false;
  }

  std::string_view line_;
  size_t position_ = 0;
};

}  // namespace

std::string to_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    c = to_lower(c);
  return result;
}

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    c = to_upper(c);
  return result;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return to_lower(x) == to_lower(y);
         });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  for (size_t end = text.find(separator); end != std::string_view::npos;
       end = text.find(separator, begin)) {
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = escape_letter(c); letter != 0) {
      result += {'\\', letter};
    } else if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    }
  }
  return result += '"';
}

Result<std::vector<std::string>> split_args(std::string_view line) {
  WordReader reader(line);
  std::vector<std::string> words;
  while (reader.skip_blanks()) {
    if (!reader.read_word(words.emplace_back())) return Error::literal("unbalanced quotes");
  }
  return words;
}

}  // namespace kvstash
