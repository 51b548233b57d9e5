// ZSCAN. Declared in sorted_set.h.
#include "commands/keys/scan_cursor.h"
#include "commands/shared/element_scan.h"
#include "commands/sorted_set/sorted_set.h"
#include "engine/execution/call.h"
#include "store/sorted_set.h"

namespace kvstash::commands {

using engine::Key;
using store::SortedSet;

Status zscan(Call& call) {
  const Result<uint64_t> cursor = parse_cursor(call.arg(2));
  if (!cursor.ok()) return cursor.error();
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (!key.exists()) {  // Redis looks at the options only if there is a key.
    call.reply().array(2);
    call.reply().bulk("0");
    call.reply().array(0);
    return {};
  }
  const Result<ElementScanOptions> options =
      parse_element_scan(engine::ArgReader(call.args_from(3)), NoValues::kRefused);
  if (!options.ok()) return options.error();

  const auto set = key.view<SortedSet>();
  // Redis prints the scores of large sets here as nowhere else.
  const bool is_large = set->encoding() == store::Encoding::kSkiplist;
  ElementScan scan(*options, call.reply());
  scan.run(static_cast<store::ScanPosition>(*cursor), [&](store::ScanPosition at) {
    return set->scan(at, [&](std::string_view member, double score) {
      if (!scan.wants(member)) return;
      char digits[kDoubleCharsMax];
      scan.add(member);
      const size_t size = is_large ? format_double_17(digits, score) : format_double(digits, score);
      scan.add(std::string_view(digits, size));
    });
  });
  return {};
}

}  // namespace kvstash::commands
