#include "commands/sorted_set/sorted_set_bounds.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace kvstash::commands {
namespace {

using store::LexBound;
using store::LexRange;
using store::ScoreRange;

std::optional<double> read_score(std::string_view text) {
  double score = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, score);
  if (failure != std::errc() || stop != end) {  // Rare forms that only strtod reads.
    const std::string copy(text);
    char* rest = nullptr;
    score = std::strtod(copy.c_str(), &rest);
    if (*rest != '\0') return std::nullopt;
  }
  if (std::isnan(score)) return std::nullopt;
  return score;
}

bool take_parenthesis(std::string_view& text) {
  if (!text.starts_with('(')) return false;
  text.remove_prefix(1);
  return true;
}

bool is_alone(std::string_view text) {
  return text.size() == 1 || text[1] == '\0';
}

std::optional<LexBound> read_lex_bound(std::string_view text) {
  using Kind = LexBound::Kind;
  if (text.empty()) return std::nullopt;
  switch (text[0]) {
    case '-':
      return is_alone(text) ? std::optional(LexBound{.kind = Kind::kLowest}) : std::nullopt;
    case '+':
      return is_alone(text) ? std::optional(LexBound{.kind = Kind::kHighest}) : std::nullopt;
    case '[':
      return LexBound{.kind = Kind::kInclusive, .text = text.substr(1)};
    case '(':
      return LexBound{.kind = Kind::kExclusive, .text = text.substr(1)};
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<ScoreRange> parse_score_range(std::string_view min, std::string_view max) {
  ScoreRange range{};
  range.min_exclusive = take_parenthesis(min);
  range.max_exclusive = take_parenthesis(max);
  const std::optional<double> low = read_score(min);
  const std::optional<double> high = read_score(max);
  if (!low || !high) return Error::literal("ERR min or max is not a float");
  range.min = *low;
  range.max = *high;
  return range;
}

Result<LexRange> parse_lex_range(std::string_view min, std::string_view max) {
  const std::optional<LexBound> low = read_lex_bound(min);
  const std::optional<LexBound> high = read_lex_bound(max);
  if (!low || !high) return Error::literal("ERR min or max not valid string range item");
  return LexRange{.min = *low, .max = *high};
}

}  // namespace kvstash::commands
