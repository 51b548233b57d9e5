// HSCAN. Declared in hash.h.
#include "commands/hash/hash.h"
#include "commands/shared/scan_elements.h"
#include "store/hash.h"

namespace kvstash::commands {

using store::Hash;

Status hscan(Call& call) {
  const auto step = [&call](const Hash& hash, ElementScan& scan, const ElementScanOptions& options,
                            store::ScanPosition at) {
    return hash.scan(at, call.horizon_ms(), [&](const store::HashField& field) {
      if (!scan.wants(field.name)) return;
      scan.add(field.name);
      if (options.has_values) scan.add(field.value);
    });
  };
  return scan_elements<Hash>(call, NoValues::kAllowed, step);
}

}  // namespace kvstash::commands
