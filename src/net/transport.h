// Transport: moves the bytes of one connection, in the clear or through TLS.
//
// Non-blocking: an operation does what it can now, and reports what to wait for. TLS may have to
// write in order to read, or read in order to write, and its first operations perform the
// handshake. `interest` and `meaning` translate between the operations that the user wants and the
// events of the descriptor, so that both kinds of transport are driven in the same way:
//
//   after any operation: watch for t.interest({.readable = true, .writable = has_output})
//   on an event:         t.meaning(ready) tells whether to call read(), write() or both
//   after a read:        while (t.has_buffered()) read on, as no event will report those bytes
//
// SIGPIPE must be ignored by the process (net/signals.h) before TLS is used.
//
// Owns the descriptor. Lives on one thread at a time. The plain path has no virtual call and no
// allocation, and 24 bytes of state; a TLS connection costs about 10 KiB when idle.
#pragma once

#include "net/address.h"
#include "net/fd.h"
#include "net/poll.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::net {

class TlsContext;
class TlsStream;

enum class IoState : uint8_t {
  kDone,        // `bytes` were moved: at least one.
  kWouldBlock,  // Nothing is possible now; see interest().
  kClosed,      // The peer has ended the connection properly.
  kFailed,      // The connection is dead; error() says why.
};

struct IoResult {
  IoState state = IoState::kDone;
  size_t bytes = 0;

  bool operator==(const IoResult&) const = default;
};

class Transport {
 public:
  // Both take over a non-blocking socket, connected or connecting. The context decides whether TLS
  // begins as the server or as the client; it need not outlive the call.
  static Transport plain(int fd);
  static Transport tls(int fd, const TlsContext& context);

  Transport();  // Not connected: it may only be assigned to.
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();  // Closes without shutdown().

  // Both need at least one byte of room or data. A TLS write that did not complete must be repeated
  // with the same bytes first; more bytes may follow them.
  IoResult read(std::span<char> room) {
    if (tls_ != nullptr) [[unlikely]]
      return read_tls(room);
    const ssize_t got = ::recv(fd_.get(), room.data(), room.size(), 0);
    if (got > 0) [[likely]]
      return {.state = IoState::kDone, .bytes = static_cast<size_t>(got)};
    return got == 0 ? IoResult{.state = IoState::kClosed} : plain_failure();
  }
  IoResult write(std::string_view bytes) {
    if (tls_ != nullptr) [[unlikely]]
      return write_tls(bytes);
    const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put > 0) [[likely]]
      return {.state = IoState::kDone, .bytes = static_cast<size_t>(put)};
    return plain_failure();
  }

  // Continues the handshake. Returns kDone (with 0 bytes) once it is over, and always for a plain
  // transport. Calling it is optional, as read and write do the same first; it is for callers that
  // need to know the peer before the first byte.
  IoResult handshake();
  bool is_handshaking() const;

  // Returns the events to wait for, given the operations that the user wants to do next.
  Readiness interest(Readiness wanted) const {
    return tls_ == nullptr ? wanted : interest_of_tls(wanted);
  }
  // Returns the operations to try when the descriptor reports these events.
  Readiness meaning(Readiness ready) const {
    return tls_ == nullptr ? ready : meaning_of_tls(ready);
  }

  // Whether a read may return bytes that were already read from the descriptor; always false for
  // plain.
  bool has_buffered() const { return tls_ != nullptr && tls_has_buffered(); }

  // Ends the output: sends a close_notify for TLS, and then a FIN. The peer's output can still be
  // read.
  void shutdown();
  void close();  // Closes at once. Destroy the Poll first.
  // Gives the descriptor of a plain transport away; it is closed here. The caller has to close it.
  int release() { return fd_.release(); }

  int fd() const { return fd_.get(); }  // Negative: closed.
  bool is_open() const { return fd_.is_open(); }
  bool is_tls() const { return tls_ != nullptr; }

  std::string error() const;  // Why the last operation returned kFailed.

  // These are empty for a plain transport and until the handshake is over.
  std::string tls_peer_name() const;  // Common name of the peer's certificate, if it showed one.
  std::string tls_protocol() const;   // "TLSv1.3"
  std::string tls_cipher() const;     // "TLS_AES_256_GCM_SHA384"

 private:
  IoResult plain_failure();
  IoResult read_tls(std::span<char> room);
  IoResult write_tls(std::string_view bytes);
  Readiness interest_of_tls(Readiness wanted) const;
  Readiness meaning_of_tls(Readiness ready) const;
  bool tls_has_buffered() const;

  Fd fd_;
  int code_ = 0;  // errno of the last failure.
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace kvstash::net
