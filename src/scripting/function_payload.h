// What FUNCTION DUMP gives and FUNCTION RESTORE takes: for each library the byte 245 and its code
// as a string of an RDB file, then the RDB version (two bytes) and a CRC64 of all before it.
//
// Pure; any thread.
#pragma once

#include "base/result.h"
#include "scripting/libraries.h"

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

std::string dump_functions(const Libraries& libraries);

// The codes of the libraries in a payload. Bounded by what strings a client may send.
Result<std::vector<std::string>> functions_in(std::string_view payload);

}  // namespace kvstash::scripting
