// TlsContext: certificate, key, trusted authorities and rules for TLS connections of one role.
//
// Built from TlsOptions and never changed: to renew a certificate, build another context and use it
// for new connections, while old connections keep theirs. Connections may be opened from any
// thread. Files are read when the context is built, with blocking I/O.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "net/options.h"

#include <memory>
#include <optional>

struct ssl_ctx_st;

namespace kvstash::net {

enum class TlsRole : uint8_t { kServer, kClient };

class TlsContext {
 public:
  // Fails with a sentence that names the file or the option, e.g. "Failed to load certificate:
  // /etc/x.crt: No such file or directory". Certificate and key are required. Authorities are
  // required too, unless no client certificate is ever asked for and no link to other servers uses
  // TLS.
  static Result<std::shared_ptr<TlsContext>> server(const TlsOptions& options);

  // Makes a context for outgoing connections, with the certificate client_cert_file, or else
  // cert_file, or else none. The server's certificate must be signed by the configured authorities
  // or, if none are configured, by one that the system trusts. Names are not compared.
  static Result<std::shared_ptr<TlsContext>> client(const TlsOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  TlsRole role() const { return role_; }

  // Returns when our own certificate expires, or nothing if there is none.
  std::optional<Instant> not_after() const;

  ssl_ctx_st& raw() const { return *context_; }  // Only files of this room use it.

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* context) const;
  };

  explicit TlsContext(TlsRole role);
  static Result<std::shared_ptr<TlsContext>> build(TlsRole role, const TlsOptions& options);

  std::unique_ptr<ssl_ctx_st, Deleter> context_;
  TlsRole role_;
};

}  // namespace kvstash::net
