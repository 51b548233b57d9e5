// NetOptions: what an operator may choose about sockets and TLS.
//
// A plain value without logic: server/directives_*.cc gives every field its redis.conf name, range
// and documentation, and the initialisers here are the defaults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvstash::net {

// Whether a TLS client must show a certificate. With kOptional it is checked if the client shows
// one.
enum class TlsAuthClients : uint8_t { kNo, kYes, kOptional };

// Empty paths are not set. `protocols` is a blank-separated list of TLSv1.2 and TLSv1.3; empty:
// both.
struct TlsOptions {
  int64_t port = 0;  // 0: no TLS listener.
  std::string cert_file;
  std::string key_file;
  std::string key_file_pass;
  std::string client_cert_file;  // For outgoing connections; empty: cert_file.
  std::string client_key_file;
  std::string client_key_file_pass;
  std::string dh_params_file;
  std::string ca_cert_file;
  std::string ca_cert_dir;
  TlsAuthClients auth_clients = TlsAuthClients::kYes;
  bool replication = false;  // Replication links use TLS.
  bool cluster = false;      // The cluster bus uses TLS.
  std::string protocols;
  std::string ciphers;
  std::string ciphersuites;
  bool prefer_server_ciphers = false;
  bool session_caching = true;
  int64_t session_cache_size = 20 * 1024;
  int64_t session_cache_timeout_s = 300;

  bool operator==(const TlsOptions&) const = default;
};

struct NetOptions {
  // Addresses to listen on; one with a leading '-' may be missing on this machine. Empty: none.
  std::vector<std::string> bind = {"*", "-::*"};
  std::string bind_source_addr;  // Local address of outgoing connections; empty: the system's.
  int64_t port = 6379;           // 0: no plain TCP listener.
  std::string unixsocket;        // Path; empty: none.
  int64_t unixsocketperm = 0;    // Mode bits; 0: as the umask leaves them.
  int64_t tcp_backlog = 511;
  int64_t tcp_keepalive_s = 300;  // 0: off.
  int64_t timeout_s = 0;          // Clients idle for this long are closed; 0: never.
  int64_t maxclients = 10'000;
  bool protected_mode = true;
  int64_t socket_mark_id = 0;
  int64_t metrics_port = 0;  // Port of HTTP health and metrics; 0: off.
  TlsOptions tls;

  bool operator==(const NetOptions&) const = default;
};

}  // namespace kvstash::net
