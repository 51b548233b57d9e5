#include "net/tls.h"

#include "base/ensure.h"
#include "base/text.h"
#include "net/tls_error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace kvstash::net {
namespace {

constexpr std::string_view kSessionIdContext = "kvstash";

Error failure(std::string_view what, std::string_view subject) {
  std::string message(what);
  message += ": ";
  if (!subject.empty()) {
    message += subject;
    message += ": ";
  }
  return Error::text(message + take_tls_error());
}

// OpenSSL calls this for an encrypted key. It fails without a pass phrase; OpenSSL's own function
// would ask for one on the terminal.
int give_pass_phrase(char* out, int size, int, void* user) {
  const auto& pass = *static_cast<const std::string*>(user);
  if (pass.empty() || pass.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(out, pass.data(), pass.size());
  return static_cast<int>(pass.size());
}

struct KeyPair {
  std::string cert_file;
  std::string key_file;
  std::string pass;
};

KeyPair key_pair_of(TlsRole role, const TlsOptions& options) {
  if (role == TlsRole::kClient && !options.client_cert_file.empty())
    return {options.client_cert_file, options.client_key_file, options.client_key_file_pass};
  return {options.cert_file, options.key_file, options.key_file_pass};
}

Status load_key_pair(SSL_CTX& context, KeyPair pair) {
  if (SSL_CTX_use_certificate_chain_file(&context, pair.cert_file.c_str()) != 1)
    return failure("Failed to load certificate", pair.cert_file);
  SSL_CTX_set_default_passwd_cb(&context, give_pass_phrase);
  SSL_CTX_set_default_passwd_cb_userdata(&context, &pair.pass);
  const int loaded = SSL_CTX_use_PrivateKey_file(&context, pair.key_file.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_default_passwd_cb(&context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(&context, nullptr);
  if (loaded != 1) return failure("Failed to load private key", pair.key_file);
  return {};
}

Status load_authorities(SSL_CTX& context, TlsRole role, const TlsOptions& options) {
  const char* file = options.ca_cert_file.empty() ? nullptr : options.ca_cert_file.c_str();
  const char* dir = options.ca_cert_dir.empty() ? nullptr : options.ca_cert_dir.c_str();
  if (file == nullptr && dir == nullptr) {
    if (role == TlsRole::kClient) SSL_CTX_set_default_verify_paths(&context);
    return {};
  }
  if (SSL_CTX_load_verify_locations(&context, file, dir) != 1)
    return failure("Failed to configure CA certificate(s) file/directory",
                   file != nullptr ? file : dir);
  if (role != TlsRole::kServer || file == nullptr) return {};
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file);
  if (names == nullptr) return failure("Failed to configure CA certificate(s) file", file);
  SSL_CTX_set_client_CA_list(&context, names);  // The context takes the names over.
  return {};
}

Status set_protocols(SSL_CTX& context, std::string_view protocols) {
  bool v12 = false;
  bool v13 = false;
  for (const std::string_view word : split(protocols, ' ')) {
    if (equals_ignore_case(word, "TLSv1.2")) {
      v12 = true;
    } else if (equals_ignore_case(word, "TLSv1.3")) {
      v13 = true;
    } else if (!word.empty()) {
      return Error::text("Invalid tls-protocols specified: '" + std::string(word) +
                         "'. Use a combination of 'TLSv1.2' and 'TLSv1.3'.");
    }
  }
  if (!v12 && !v13) v12 = v13 = true;
  SSL_CTX_set_min_proto_version(&context, v12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(&context, v13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  return {};
}

Status set_ciphers(SSL_CTX& context, const TlsOptions& options) {
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(&context, options.ciphers.c_str()) != 1)
    return failure("Failed to configure ciphers", options.ciphers);
  if (!options.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(&context, options.ciphersuites.c_str()) != 1)
    return failure("Failed to configure ciphersuites", options.ciphersuites);
  return {};
}

Status set_dh_params(SSL_CTX& context, const std::string& file) {
  if (file.empty()) {
    SSL_CTX_set_dh_auto(&context, 1);
    return {};
  }
  BIO* bio = BIO_new_file(file.c_str(), "r");
  if (bio == nullptr) return failure("Failed to load DH params", file);
  EVP_PKEY* params = PEM_read_bio_Parameters(bio, nullptr);
  BIO_free(bio);
  if (params == nullptr) return failure("Failed to load DH params", file);
  // On success the context takes over the parameters.
  if (SSL_CTX_set0_tmp_dh_pkey(&context, params) != 1) {
    EVP_PKEY_free(params);
    return failure("Failed to use DH params", file);
  }
  return {};
}

void set_sessions(SSL_CTX& context, const TlsOptions& options) {
  // Without this, the resumed session of a client that showed a certificate would be refused.
  SSL_CTX_set_session_id_context(&context,
                                 reinterpret_cast<const unsigned char*>(kSessionIdContext.data()),
                                 kSessionIdContext.size());
  if (!options.session_caching) {
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(&context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(
      &context, static_cast<long>(std::min<int64_t>(options.session_cache_size, LONG_MAX)));
  SSL_CTX_set_timeout(&context, static_cast<long>(options.session_cache_timeout_s));
}

void set_modes(SSL_CTX& context) {
  // A reply buffer may have moved before a write is repeated, and idle connections keep no buffers.
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  // RESP itself tells where a command ends, so a missing close_notify is an ordinary end.
  SSL_CTX_set_options(&context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_SINGLE_DH_USE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(&context, 1);  // One recv(2) for each record instead of two.
}

int verify_mode(TlsRole role, TlsAuthClients auth) {
  if (role == TlsRole::kClient) return SSL_VERIFY_PEER;
  switch (auth) {
    case TlsAuthClients::kNo:
      return SSL_VERIFY_NONE;
    case TlsAuthClients::kOptional:
      return SSL_VERIFY_PEER;
    case TlsAuthClients::kYes:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  panic(__FILE__, __LINE__);
}

Status check_options(TlsRole role, const TlsOptions& options) {
  if (!options.client_cert_file.empty() && options.client_key_file.empty())
    return Error::literal("tls-client-cert-file needs tls-client-key-file");
  if (role == TlsRole::kClient) return {};
  if (options.cert_file.empty()) return Error::literal("No tls-cert-file configured!");
  if (options.key_file.empty()) return Error::literal("No tls-key-file configured!");
  const bool asks_for_certificates =
      options.auth_clients != TlsAuthClients::kNo || options.replication || options.cluster;
  if (asks_for_certificates && options.ca_cert_file.empty() && options.ca_cert_dir.empty())
    return Error::literal(
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
        "tls-replication or tls-auth-clients are enabled!");
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsOptions& options) {
  return build(TlsRole::kServer, options);
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsOptions& options) {
  return build(TlsRole::kClient, options);
}

Result<std::shared_ptr<TlsContext>> TlsContext::build(TlsRole role, const TlsOptions& options) {
  Status status = check_options(role, options);
  if (!status.ok()) return status.error();

  ERR_clear_error();
  std::shared_ptr<TlsContext> result(new TlsContext(role));
  SSL_CTX& context = *result->context_;
  status = set_protocols(context, options.protocols);
  if (status.ok()) status = set_ciphers(context, options);
  if (status.ok() && role == TlsRole::kServer)
    status = set_dh_params(context, options.dh_params_file);
  if (status.ok()) status = load_authorities(context, role, options);
  const KeyPair pair = key_pair_of(role, options);
  if (status.ok() && !pair.cert_file.empty()) status = load_key_pair(context, pair);
  if (!status.ok()) return status.error();

  set_sessions(context, options);
  set_modes(context);
  if (options.prefer_server_ciphers) SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_verify(&context, verify_mode(role, options.auth_clients), nullptr);
  return result;
}

TlsContext::TlsContext(TlsRole role)
    : context_(SSL_CTX_new(role == TlsRole::kServer ? TLS_server_method() : TLS_client_method())),
      role_(role) {
  if (context_ == nullptr) panic(__FILE__, __LINE__, "cannot create a TLS context");
}

TlsContext::~TlsContext() = default;

void TlsContext::Deleter::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

std::optional<Instant> TlsContext::not_after() const {
  const X509* certificate = SSL_CTX_get0_certificate(context_.get());
  std::tm utc{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1)
    return std::nullopt;
  return from_ms(int64_t{timegm(&utc)} * 1000);
}

}  // namespace kvstash::net
