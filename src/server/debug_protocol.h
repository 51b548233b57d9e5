// DEBUG PROTOCOL: one reply of each type, for the tests of client libraries.
#pragma once

#include "base/result.h"
#include "resp/reply_writer.h"

#include <string_view>

namespace kvstash::server {

// Writes a reply of the type named `type`, in any case: string, integer, double, ... The error
// lists all types.
Status write_sample(std::string_view type, resp::ReplyWriter& to);

}  // namespace kvstash::server
