// Glob: the pattern language of KEYS, SCAN, PSUBSCRIBE and CONFIG GET.
//
//   *      any bytes        [abc] [a-z]   one of these       \x   the byte x
//   ?      any one byte     [^abc]        none of these
//
// An unclosed '[' runs to the end of the pattern. Time is bounded by |pattern| x |text|: a pattern
// of many stars cannot stall a shard. Pure; any thread.
#pragma once

#include <string_view>

namespace kvstash {

bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace kvstash
