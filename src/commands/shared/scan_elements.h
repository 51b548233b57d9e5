// The body that HSCAN, SSCAN and ZSCAN share; they differ in how they visit their container.
#pragma once

#include "commands/keys/scan_cursor.h"
#include "commands/shared/element_scan.h"
#include "engine/execution/call.h"
#include "store/object.h"

#include <cstdint>
#include <utility>

namespace kvstash::commands {

// Runs the command on the container of type T at its key. `step` is called with the container, the
// scan, its options and a position. It passes the elements there to the scan and returns the next
// position.
template <store::Container T, typename Step>
Status scan_elements(engine::Call& call, NoValues no_values, Step&& step) {
  const Result<uint64_t> cursor = parse_cursor(call.arg(2));
  if (!cursor.ok()) return cursor.error();
  const engine::Key key = call.read(1);
  if (Status status = key.expect(T::kType); !status.ok()) return status;
  if (!key.exists()) {  // As in Redis, options are parsed only if the key exists.
    call.reply().array(2);
    call.reply().bulk("0");
    call.reply().array(0);
    return {};
  }
  const Result<ElementScanOptions> options =
      parse_element_scan(engine::ArgReader(call.args_from(3)), no_values);
  if (!options.ok()) return options.error();
  const auto container = key.view<T>();
  ElementScan scan(*options, call.reply());
  scan.run(static_cast<store::ScanPosition>(*cursor),
           [&](store::ScanPosition at) { return step(*container, scan, *options, at); });
  return {};
}

}  // namespace kvstash::commands
