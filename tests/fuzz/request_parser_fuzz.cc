// Property: however the network cuts up the bytes, the parser sees the same commands and the same
// error, and every argument lies within the bytes or in the parser.
//
// Input: the first byte chooses the limits and the size of the pieces, the rest is what a client
// sends.
#include "base/ensure.h"
#include "resp/request_parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::resp;

struct Transcript {
  std::vector<std::vector<std::string>> commands;
  std::string error;
  size_t left = 0;

  bool operator==(const Transcript&) const = default;
};

bool lies_within(std::string_view part, const std::string& whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// `unread` is a copy of its own size, so that AddressSanitizer sees a read beyond it.
Transcript parse_in_pieces(std::string_view bytes, size_t piece, const ParseLimits& limits) {
  RequestParser parser;
  Transcript transcript;
  std::vector<std::string_view> argv;
  size_t begin = 0;
  for (size_t end = std::min(piece, bytes.size());; end = std::min(end + piece, bytes.size())) {
    while (begin < end) {
      const std::string unread(bytes.substr(begin, end - begin));
      argv.clear();
      const ParseOutcome outcome = parser.parse(unread, limits, argv);
      if (outcome.kind == ParseOutcome::Kind::kError) {
        transcript.error = outcome.error;
        return transcript;
      }
      if (outcome.kind == ParseOutcome::Kind::kIncomplete) {
        ensure(outcome.bytes_needed > unread.size());
        break;
      }
      ensure(outcome.consumed > 0 && outcome.consumed <= unread.size());
      ensure(argv.empty() == (outcome.kind == ParseOutcome::Kind::kNothing));
      for (const std::string_view argument : argv) {
        ensure(outcome.borrows_parser || lies_within(argument, unread));
      }
      if (!argv.empty()) transcript.commands.emplace_back(argv.begin(), argv.end());
      begin += outcome.consumed;
    }
    if (end == bytes.size()) break;
  }
  transcript.left = bytes.size() - begin;
  return transcript;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ParseLimits limits{.bulk_bytes_max = 4096,
                           .args_max = 64,
                           .inline_bytes_max = (data[0] & 1) != 0 ? size_t{32} : size_t{1024},
                           .authenticated = (data[0] & 2) != 0};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Transcript whole = parse_in_pieces(bytes, bytes.size() + 1, limits);
  ensure(parse_in_pieces(bytes, 1, limits) == whole);
  ensure(parse_in_pieces(bytes, 2 + data[0] / 4, limits) == whole);
  return 0;
}
