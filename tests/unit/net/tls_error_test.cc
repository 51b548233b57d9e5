#include "net/tls_error.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

using namespace kvstash::net;

TEST_CASE("the oldest reason is told, and then none is left") {
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);  // Else it has no words yet.
  ERR_clear_error();
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  CHECK(take_tls_error() == "no shared cipher");
  CHECK(ERR_peek_error() == 0);
  CHECK(take_tls_error() == "unknown TLS error");
}

TEST_CASE("a reason that OpenSSL has no words for is told by its number") {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 77);
  CHECK(take_tls_error().find("reason(77)") != std::string::npos);
}
