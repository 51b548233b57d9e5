// HSCAN. Declared in hash.h.
#include "commands/hash/hash.h"
#include "commands/keys/scan_cursor.h"
#include "commands/shared/element_scan.h"
#include "engine/execution/call.h"
#include "store/hash.h"

namespace kvstash::commands {

using engine::Key;
using store::Hash;

Status hscan(Call& call) {
  const Result<uint64_t> cursor = parse_cursor(call.arg(2));
  if (!cursor.ok()) return cursor.error();
  const Key key = call.read(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  if (!key.exists()) {  // Redis looks at the options only if there is a key.
    call.reply().array(2);
    call.reply().bulk("0");
    call.reply().array(0);
    return {};
  }
  const Result<ElementScanOptions> options =
      parse_element_scan(engine::ArgReader(call.args_from(3)), NoValues::kAllowed);
  if (!options.ok()) return options.error();

  const auto hash = key.view<Hash>();
  ElementScan scan(*options, call.reply());
  scan.run(static_cast<store::ScanPosition>(*cursor), [&](store::ScanPosition at) {
    return hash->scan(at, call.horizon_ms(), [&](const store::HashField& field) {
      if (!scan.wants(field.name)) return;
      scan.add(field.name);
      if (options->has_values) scan.add(field.value);
    });
  });
  return {};
}

}  // namespace kvstash::commands
