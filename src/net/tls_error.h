// take_tls_error: what OpenSSL has to say about the failure that just happened on this thread, in
// words, oldest reason first; empties the thread's error queue.
#pragma once

#include <string>

namespace kvstash::net {

std::string take_tls_error();

}  // namespace kvstash::net
