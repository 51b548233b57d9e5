// Returns OpenSSL's reason for the failure that just happened on this thread, the oldest one in its
// queue, in words. Empties the thread's error queue.
#pragma once

#include <string>

namespace kvstash::net {

std::string take_tls_error();

}  // namespace kvstash::net
