#include "net/tls_stream.h"

#include "base/ensure.h"
#include "net/tls.h"
#include "net/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>

namespace kvstash::net {

namespace {

// Errors left by earlier calls on this thread must not be taken for the reason of a failure.
void forget_errors() {
  ERR_clear_error();
  errno = 0;
}

}  // namespace

TlsStream::TlsStream(int fd, const TlsContext& context) : ssl_(SSL_new(&context.raw())) {
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd) != 1)
    panic(__FILE__, __LINE__, "out of memory");
  if (context.role() == TlsRole::kServer) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

TlsStream::~TlsStream() = default;

void TlsStream::Deleter::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

IoResult TlsStream::read(std::span<char> room) {
  ensure(!room.empty());
  if (is_broken_) return {.state = IoState::kFailed};
  forget_errors();
  size_t bytes = 0;
  const int code = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
  const IoResult result = finish(code, bytes, Direction::kRead);
  is_drained_ = result.state != IoState::kDone;
  return result;
}

// With partial writes enabled, OpenSSL returns after each record of 16 KiB.
IoResult TlsStream::write(std::string_view bytes) {
  ensure(!bytes.empty() && bytes.size() >= unfinished_bytes_);
  if (is_broken_) return {.state = IoState::kFailed};
  IoResult total;
  while (total.bytes < bytes.size()) {
    forget_errors();
    size_t written = 0;
    const std::string_view rest = bytes.substr(total.bytes);
    const int code = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &written);
    const IoResult result = finish(code, written, Direction::kWrite);
    unfinished_bytes_ = result.state == IoState::kWouldBlock ? rest.size() : 0;
    if (result.state != IoState::kDone) return total.bytes > 0 ? total : result;
    total.bytes += written;
  }
  return total;
}

IoResult TlsStream::handshake() {
  if (is_broken_) return {.state = IoState::kFailed};
  if (is_shaken_) return {};
  forget_errors();
  return finish(SSL_do_handshake(ssl_.get()), 0, Direction::kRead);
}

bool TlsStream::is_handshaking() const {
  return !is_shaken_;
}

IoResult TlsStream::finish(int code, size_t bytes, Direction direction) {
  const int system_code = errno;
  if (!is_shaken_ && SSL_is_init_finished(ssl_.get()) != 0) {
    is_shaken_ = true;
    read_needs_write_ = write_needs_read_ = false;
  }
  if (code > 0) {
    (direction == Direction::kRead ? read_needs_write_ : write_needs_read_) = false;
    return {.state = IoState::kDone, .bytes = bytes};
  }
  switch (const int ssl_error = SSL_get_error(ssl_.get(), code)) {
    case SSL_ERROR_WANT_READ:
      wait_for(Direction::kRead, direction);
      return {.state = IoState::kWouldBlock};
    case SSL_ERROR_WANT_WRITE:
      wait_for(Direction::kWrite, direction);
      return {.state = IoState::kWouldBlock};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = IoState::kClosed};
    default:
      return fail(ssl_error, system_code);
  }
}

void TlsStream::wait_for(Direction what, Direction direction) {
  if (!is_shaken_ || direction == Direction::kRead) read_needs_write_ = what == Direction::kWrite;
  if (!is_shaken_ || direction == Direction::kWrite) write_needs_read_ = what == Direction::kRead;
}

IoResult TlsStream::fail(int ssl_error, int system_code) {
  is_broken_ = true;
  if (ssl_error == SSL_ERROR_SYSCALL) {
    if (system_code == 0) return {.state = IoState::kClosed};
    error_ = std::strerror(system_code);
    return {.state = IoState::kFailed};
  }
  error_ = take_tls_error();
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (!is_shaken_ && verdict != X509_V_OK) {
    error_ += ": ";
    error_ += X509_verify_cert_error_string(verdict);
  }
  return {.state = IoState::kFailed};
}

Readiness TlsStream::interest(Readiness wanted) const {
  return {.readable = read_needs_write_ ? wanted.writable && write_needs_read_
                                        : wanted.readable || (wanted.writable && write_needs_read_),
          .writable = write_needs_read_
                          ? wanted.readable && read_needs_write_
                          : wanted.writable || (wanted.readable && read_needs_write_)};
}

Readiness TlsStream::meaning(Readiness ready) const {
  return {.readable = read_needs_write_ ? ready.writable : ready.readable,
          .writable = write_needs_read_ ? ready.readable : ready.writable};
}

// OpenSSL reads ahead, so it may hold the beginning of a record that it cannot return yet. Only a
// read that returned nothing proves that all complete records have been taken.
bool TlsStream::has_buffered() const {
  return !is_drained_ && SSL_has_pending(ssl_.get()) != 0;
}

std::string TlsStream::peer_name() const {
  if (!is_shaken_) return {};
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* utf8 = nullptr;
  const ASN1_STRING* name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  const int length = ASN1_STRING_to_UTF8(&utf8, name);
  if (length < 0) return {};
  std::string result(reinterpret_cast<const char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  return result;
}

std::string TlsStream::protocol() const {
  return is_shaken_ ? SSL_get_version(ssl_.get()) : "";
}

std::string TlsStream::cipher() const {
  return is_shaken_ ? SSL_get_cipher_name(ssl_.get()) : "";
}

void TlsStream::say_goodbye() {
  if (is_broken_ || !is_shaken_) return;
  forget_errors();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace kvstash::net
