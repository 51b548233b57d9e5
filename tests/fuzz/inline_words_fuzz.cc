// Property: words that are quoted and sent on one line arrive as they were.
//
// Input: words, each ended by a byte 0xfe.
#include "base/ensure.h"
#include "base/text.h"
#include "resp/request_parser.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::resp;

constexpr size_t kWordsMax = 64;
constexpr size_t kBytesMax = 4096;  // Quoted, each may take four.

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kBytesMax) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> words = kvstash::split(bytes, '\xfe');
  if (words.size() > kWordsMax) return 0;
  std::string line;
  for (const std::string_view word : words)
    line.append(line.empty() ? "" : " ").append(kvstash::quote(word));
  ensure(line.find_first_of("\r\n") == std::string::npos);
  line += "\r\n";

  RequestParser parser;
  std::vector<std::string_view> argv;
  const ParseLimits limits{.bulk_bytes_max = kBytesMax,
                           .args_max = kWordsMax,
                           .inline_bytes_max = 5 * kBytesMax,
                           .authenticated = true};
  const ParseOutcome outcome = parser.parse(line, limits, argv);
  ensure(outcome.kind == ParseOutcome::Kind::kComplete);
  ensure(outcome.consumed == line.size());
  ensure(argv == words);
  return 0;
}
