// ZSCAN. Declared in sorted_set.h.
#include "commands/shared/scan_elements.h"
#include "commands/sorted_set/sorted_set.h"
#include "store/sorted_set.h"

namespace kvstash::commands {

using store::SortedSet;

Status zscan(Call& call) {
  const auto step = [](const SortedSet& set, ElementScan& scan, const ElementScanOptions&,
                       store::ScanPosition at) {
    // Redis formats the scores of large sets differently here than in all other replies.
    const bool is_large = set.encoding() == store::Encoding::kSkiplist;
    return set.scan(at, [&](std::string_view member, double score) {
      if (!scan.wants(member)) return;
      char digits[kDoubleCharsMax];
      scan.add(member);
      const size_t size = is_large ? format_double_17(digits, score) : format_double(digits, score);
      scan.add(std::string_view(digits, size));
    });
  };
  return scan_elements<SortedSet>(call, NoValues::kRefused, step);
}

}  // namespace kvstash::commands
