// The ends of ranges of sorted sets, as clients write them: "(1.5" and "+inf", "[a" and "-".
//
// Texts in a LexRange are views of the arguments. Pure; any thread.
#pragma once

#include "base/result.h"
#include "store/sorted_set.h"

#include <string_view>

namespace kvstash::commands {

// As strtod reads them up to a NUL, which is what Redis does: "" is 0, and blanks in front are
// fine.
Result<store::ScoreRange> parse_score_range(std::string_view min, std::string_view max);
Result<store::LexRange> parse_lex_range(std::string_view min, std::string_view max);

}  // namespace kvstash::commands
