// Property: a manifest that is read is printed so that it is read as the same again, and names no
// file outside of its directory.
#include "base/ensure.h"
#include "persist/aof/manifest.h"
#include "persist/aof/transitions.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using kvstash::ensure;
using namespace kvstash::persist;

namespace {

void check_name(const ManifestFile& file) {
  ensure(!file.name.empty() && file.name.find_first_of("/\\") == std::string::npos);
  ensure(file.name != "." && file.name != ".." && file.seq != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto manifest = parse_manifest(text);
  if (manifest.ok()) {
    if (manifest->base) check_name(*manifest->base);
    for (const ManifestFile& file : manifest->history)
      check_name(file);
    for (const ManifestFile& file : manifest->increments)
      check_name(file);
    const std::string printed = print_manifest(*manifest);
    const auto again = parse_manifest(printed);
    // Quoting makes names longer: a line that was not too long may be so now.
    if (again.ok()) ensure(*again == *manifest);
    if (!again.ok()) ensure(printed.size() >= kManifestLineBytesMax);
  } else {
    ensure(!manifest.error().message().empty());
  }
  const auto kept = parse_kept(text);
  if (kept.ok()) ensure(*parse_kept(print_kept(*kept)) == *kept);
  return 0;
}
