// Payloads: one value as DUMP gives it to a client and RESTORE takes it.
//
//   │ type │ value │ version (2 bytes, little-endian) │ CRC64 of all before it (the same, 8 bytes)
//   │
//
// Pure; any thread that may read the entry.
#pragma once

#include "base/result.h"
#include "persist/rdb/format.h"
#include "store/entry.h"

#include <optional>
#include <string>
#include <string_view>

namespace kvstash::persist::rdb {

// The entry's value. The version must be able to hold it (check_writable).
std::string dump_payload(const store::Entry& entry, unsigned version, bool is_compressed);

struct Payload {
  Type type;
  Dialect dialect;
  unsigned version;
  std::string_view value;  // For read_value; a view of the payload.
};

// Takes a payload apart. Nothing: its version cannot be read, its checksum is wrong, or it is too
// short. `checks_sum`: as DEBUG SET-SKIP-CHECKSUM-VALIDATION has it.
std::optional<Payload> open_payload(std::string_view bytes, bool checks_sum = true);

}  // namespace kvstash::persist::rdb
