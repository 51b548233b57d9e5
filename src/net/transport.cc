#include "net/transport.h"

#include "base/ensure.h"
#include "net/tls_stream.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace kvstash::net {

static_assert(sizeof(Transport) <= 24, "three words beside every connection");

Transport Transport::plain(int fd) {
  ensure(fd >= 0);
  Transport transport;
  transport.fd_.reset(fd);
  return transport;
}

Transport Transport::tls(int fd, const TlsContext& context) {
  Transport transport = plain(fd);
  transport.tls_ = std::make_unique<TlsStream>(fd, context);
  return transport;
}

Transport::Transport() = default;
Transport::Transport(Transport&&) noexcept = default;

Transport& Transport::operator=(Transport&& other) noexcept {
  close();
  fd_ = std::move(other.fd_);
  code_ = other.code_;
  tls_ = std::move(other.tls_);
  return *this;
}

Transport::~Transport() = default;

IoResult Transport::plain_failure() {
  if (errno == EAGAIN || errno == EINTR) return {.state = IoState::kWouldBlock};
  code_ = errno;
  return {.state = IoState::kFailed};
}

IoResult Transport::read_tls(std::span<char> room) {
  return tls_->read(room);
}

IoResult Transport::write_tls(std::string_view bytes) {
  return tls_->write(bytes);
}

IoResult Transport::handshake() {
  return tls_ == nullptr ? IoResult{} : tls_->handshake();
}

bool Transport::is_handshaking() const {
  return tls_ != nullptr && tls_->is_handshaking();
}

Readiness Transport::interest_of_tls(Readiness wanted) const {
  return tls_->interest(wanted);
}

Readiness Transport::meaning_of_tls(Readiness ready) const {
  return tls_->meaning(ready);
}

bool Transport::tls_has_buffered() const {
  return tls_->has_buffered();
}

void Transport::shutdown() {
  if (!is_open()) return;
  if (tls_ != nullptr) tls_->say_goodbye();
  ::shutdown(fd_.get(), SHUT_WR);
}

void Transport::close() {
  tls_.reset();
  fd_.reset();
}

std::string Transport::error() const {
  if (tls_ != nullptr) return tls_->error();
  return code_ == 0 ? std::string() : std::strerror(code_);
}

std::string Transport::tls_peer_name() const {
  return tls_ == nullptr ? std::string() : tls_->peer_name();
}

std::string Transport::tls_protocol() const {
  return tls_ == nullptr ? std::string() : tls_->protocol();
}

std::string Transport::tls_cipher() const {
  return tls_ == nullptr ? std::string() : tls_->cipher();
}

}  // namespace kvstash::net
