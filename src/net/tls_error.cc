#include "net/tls_error.h"

#include <openssl/err.h>

namespace kvstash::net {

std::string take_tls_error() {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string result;
  if (code == 0) {
    result = "unknown TLS error";
  } else if (reason != nullptr) {
    result = reason;
  } else {  // OpenSSL has no reason text for system errors.
    char text[256];
    ERR_error_string_n(code, text, sizeof(text));
    result = text;
  }
  ERR_clear_error();
  return result;
}

}  // namespace kvstash::net
