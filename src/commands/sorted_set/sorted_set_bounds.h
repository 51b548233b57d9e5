// The ends of ranges of sorted sets, as clients write them: "(1.5" and "+inf", "[a" and "-".
//
// Texts in a LexRange are views of the arguments. Pure; any thread.
#pragma once

#include "base/result.h"
#include "store/sorted_set.h"

#include <string_view>

namespace kvstash::commands {

// Parses scores as strtod does, up to a NUL, because Redis uses that: "" is 0, and leading blanks
// are accepted.
Result<store::ScoreRange> parse_score_range(std::string_view min, std::string_view max);
Result<store::LexRange> parse_lex_range(std::string_view min, std::string_view max);

}  // namespace kvstash::commands
