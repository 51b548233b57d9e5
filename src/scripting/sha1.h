// SHA1 in 40 hex digits: the name of a script. Not for secrets. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kvstash::scripting {

std::string sha1_hex(std::string_view text);

}  // namespace kvstash::scripting
