// TlsStream: one TLS connection over a non-blocking socket, as Transport drives it.
//
// It keeps for each direction the event that it waits for: a read may have to wait until the socket
// can be written, and a write until it can be read. During the handshake both wait for the same.
// Does not own the socket. Lives on one thread at a time. Private to this room: use Transport.
#pragma once

#include "net/transport.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;

namespace kvstash::net {

class TlsContext;

class TlsStream {
 public:
  TlsStream(int fd, const TlsContext& context);
  ~TlsStream();

  // The following functions work as in Transport.
  IoResult read(std::span<char> room);
  IoResult write(std::string_view bytes);
  IoResult handshake();
  bool is_handshaking() const;
  Readiness interest(Readiness wanted) const;
  Readiness meaning(Readiness ready) const;
  bool has_buffered() const;
  const std::string& error() const { return error_; }
  std::string peer_name() const;
  std::string protocol() const;
  std::string cipher() const;

  // Sends close_notify if that is possible without waiting.
  void say_goodbye();

 private:
  enum class Direction : uint8_t { kRead, kWrite };
  IoResult finish(int code, size_t bytes, Direction direction);
  IoResult fail(int ssl_error, int system_code);
  void wait_for(Direction what, Direction direction);

  struct Deleter {
    void operator()(ssl_st* ssl) const;
  };
  std::unique_ptr<ssl_st, Deleter> ssl_;
  std::string error_;
  size_t unfinished_bytes_ = 0;  // Bytes of a write that must be repeated.
  bool read_needs_write_ = false;
  bool write_needs_read_ = false;
  bool is_drained_ = false;  // The last read found no complete record.
  bool is_shaken_ = false;   // The handshake is over.
  bool is_broken_ = false;   // After a fatal error nothing may be sent, not even close_notify.
};

}  // namespace kvstash::net
