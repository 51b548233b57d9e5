// What FUNCTION DUMP gives and FUNCTION RESTORE takes: for each library the byte 245 and its code
// as a string of an RDB file, then the RDB version (two bytes) and a CRC64 of all before it.
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

std::string dump_functions(const Libraries& libraries);

// The codes of the libraries in a payload. Together they have no more than `bytes_max` bytes, as
// much as a client can be sent or send, however small the payload is that they were packed into;
// and no room is made for a code that its packed bytes cannot fill.
Result<std::vector<std::string>> functions_in(std::string_view payload,
                                              size_t bytes_max = kBulkBytesMax);

}  // namespace kvstash::scripting
