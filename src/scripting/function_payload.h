// The payload that FUNCTION DUMP makes and FUNCTION RESTORE takes: for each library the byte 245
// and its code as a string of an RDB file, then the RDB version (two bytes) and a CRC64 of
// everything before it.
//
// Pure; any thread.
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "scripting/libraries.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

// `rdb_version`: the version that the payload says it has; its bytes are the same in all.
std::string dump_functions(const Libraries& libraries, unsigned rdb_version);

// The codes of the libraries in a payload. Together they may have no more than `bytes_max` bytes,
// however small the packed payload is, because no more can be sent to a client or by one. No memory
// is allocated for a code that its packed bytes cannot fill.
Result<std::vector<std::string>> functions_in(std::string_view payload,
                                              size_t bytes_max = kBulkBytesMax);

}  // namespace kvstash::scripting
