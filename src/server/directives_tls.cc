#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using net::TlsOptions;

constexpr ValueWord kAuthClientsWords[] = {
    {"no", static_cast<int64_t>(net::TlsAuthClients::kNo)},
    {"yes", static_cast<int64_t>(net::TlsAuthClients::kYes)},
    {"optional", static_cast<int64_t>(net::TlsAuthClients::kOptional)},
};

constexpr Directive kRows[] = {
    {.name = "tls-port",
     .kind = kInteger,
     .slot = field<&TlsOptions::port>,
     .about = "The TCP port for TLS. 0: off. Set port to 0 as well to allow nothing but TLS.",
     .max = 65535},
    {.name = "tls-cert-file",
     .kind = kString,
     .slot = field<&TlsOptions::cert_file>,
     .about = "The server's certificate with its chain, in PEM."},
    {.name = "tls-key-file",
     .kind = kString,
     .slot = field<&TlsOptions::key_file>,
     .about = "The private key of that certificate, in PEM."},
    {.name = "tls-key-file-pass",
     .kind = kString,
     .slot = field<&TlsOptions::key_file_pass>,
     .about = "The passphrase of the private key, if it has one.",
     .flags = kSensitive},
    {.name = "tls-client-cert-file",
     .kind = kString,
     .slot = field<&TlsOptions::client_cert_file>,
     .about = "Another certificate for connections that this server opens, where a certificate "
              "may serve only one of the two roles. Empty: tls-cert-file."},
    {.name = "tls-client-key-file",
     .kind = kString,
     .slot = field<&TlsOptions::client_key_file>,
     .about = "The private key of the client certificate."},
    {.name = "tls-client-key-file-pass",
     .kind = kString,
     .slot = field<&TlsOptions::client_key_file_pass>,
     .about = "The passphrase of the client key, if it has one.",
     .flags = kSensitive},
    {.name = "tls-dh-params-file",
     .kind = kString,
     .slot = field<&TlsOptions::dh_params_file>,
     .about = "Diffie-Hellman parameters in PEM, for old clients without elliptic curves. Empty: "
              "parameters fitting the key are chosen."},
    {.name = "tls-ca-cert-file",
     .kind = kString,
     .slot = field<&TlsOptions::ca_cert_file>,
     .about = "Certificates of the authorities that may vouch for the other side, in one PEM "
              "file."},
    {.name = "tls-ca-cert-dir",
     .kind = kString,
     .slot = field<&TlsOptions::ca_cert_dir>,
     .about = "The same as a directory, prepared with openssl rehash."},
    {.name = "tls-auth-clients",
     .kind = kEnum,
     .slot = enum_field<&TlsOptions::auth_clients>,
     .about = "Whether clients must show a certificate: yes, no, or optional (checked when "
              "shown).",
     .words = kAuthClientsWords},
    {.name = "tls-replication",
     .kind = kBool,
     .slot = field<&TlsOptions::replication>,
     .about = "Use TLS on the connection from a replica to its primary."},
    {.name = "tls-cluster",
     .kind = kBool,
     .slot = field<&TlsOptions::cluster>,
     .about = "Use TLS between the nodes of a cluster."},
    {.name = "tls-protocols",
     .kind = kString,
     .slot = field<&TlsOptions::protocols>,
     .about = "Versions to speak, such as \"TLSv1.2 TLSv1.3\". Empty: both of these."},
    {.name = "tls-ciphers",
     .kind = kString,
     .slot = field<&TlsOptions::ciphers>,
     .about = "Ciphers for TLS 1.2, as ciphers(1ssl) lists them. Empty: the library's choice, "
              "which ages better than ours."},
    {.name = "tls-ciphersuites",
     .kind = kString,
     .slot = field<&TlsOptions::ciphersuites>,
     .about = "Cipher suites for TLS 1.3. Empty: the library's choice."},
    {.name = "tls-prefer-server-ciphers",
     .kind = kBool,
     .slot = field<&TlsOptions::prefer_server_ciphers>,
     .about = "Let the server's order of ciphers win over the client's."},
    {.name = "tls-session-caching",
     .kind = kBool,
     .slot = field<&TlsOptions::session_caching>,
     .about = "Let clients that come back resume their session instead of a full handshake."},
    {.name = "tls-session-cache-size",
     .kind = kInteger,
     .slot = field<&TlsOptions::session_cache_size>,
     .about = "Sessions to remember. 0: without limit.",
     .max = kIntMax},
    {.name = "tls-session-cache-timeout",
     .kind = kInteger,
     .slot = field<&TlsOptions::session_cache_timeout_s>,
     .about = "Seconds that a session may be resumed.",
     .max = kIntMax},
};

}  // namespace

DirectiveGroup tls_directives() {
  return {"TLS",
          "Encrypted connections. Nothing of it matters while tls-port is 0 and the "
          "links to other servers are plain.",
          kRows};
}

}  // namespace kvstash::server
