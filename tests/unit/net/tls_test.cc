#include "net/tls.h"

#include "net/signals.h"
#include "net/transport.h"
#include "unit/net/certificates.h"
#include "unit/net/loopback.h"

#include <openssl/dh.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

constexpr long kDay = 24 * kHour;

TlsOptions server_options(const Authority& authority, const IssuedFiles& files,
                          TlsAuthClients auth = TlsAuthClients::kNo) {
  TlsOptions options;
  options.ca_cert_file = authority.ca_file();
  options.cert_file = files.cert_file;
  options.key_file = files.key_file;
  options.auth_clients = auth;
  return options;
}

// A client that shows no certificate and trusts `authority`.
TlsOptions client_options(const Authority& authority) {
  TlsOptions options;
  options.ca_cert_file = authority.ca_file();
  return options;
}

TlsOptions client_options(const Authority& authority, const IssuedFiles& files) {
  TlsOptions options = client_options(authority);
  options.client_cert_file = files.cert_file;
  options.client_key_file = files.key_file;
  return options;
}

std::shared_ptr<TlsContext> built(Result<std::shared_ptr<TlsContext>> context) {
  REQUIRE_MESSAGE(context.ok(), std::string(context.ok() ? "" : context.error().message()));
  return std::move(*context);
}

std::string refusal(const Result<std::shared_ptr<TlsContext>>& context) {
  REQUIRE_FALSE(context.ok());
  return std::string(context.error().message());
}

struct Meeting {
  Transport server;
  Transport client;
  IoState server_state = IoState::kWouldBlock;
  IoState client_state = IoState::kWouldBlock;

  bool succeeded() const {
    return server_state == IoState::kDone && client_state == IoState::kDone;
  }
};

// Shakes hands until both ends have done so or failed.
Meeting meet(const TlsContext& server, const TlsContext& client) {
  ignore_sigpipe();
  Pair pair = unix_pair();
  Meeting meeting{.server = Transport::tls(pair.near.release(), server),
                  .client = Transport::tls(pair.far.release(), client)};
  for (int turn = 0; turn < 10; ++turn) {
    if (meeting.client_state == IoState::kWouldBlock)
      meeting.client_state = meeting.client.handshake().state;
    if (meeting.server_state == IoState::kWouldBlock)
      meeting.server_state = meeting.server.handshake().state;
  }
  return meeting;
}

Meeting meet(const TlsOptions& server, const TlsOptions& client) {
  return meet(*built(TlsContext::server(server)), *built(TlsContext::client(client)));
}

void write_text(const std::string& path, const std::string& text) {
  const OpenFile file = create_file(path);
  REQUIRE(std::fwrite(text.data(), 1, text.size(), file.get()) == text.size());
}

void write_dh_params(const std::string& path) {
  EVP_PKEY_CTX* generator = EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
  EVP_PKEY* params = nullptr;
  REQUIRE(EVP_PKEY_paramgen_init(generator) == 1);
  REQUIRE(EVP_PKEY_CTX_set_dh_nid(generator, NID_ffdhe2048) == 1);
  REQUIRE(EVP_PKEY_paramgen(generator, &params) == 1);
  BIO* out = BIO_new_file(path.c_str(), "w");
  REQUIRE(PEM_write_bio_Parameters(out, params) == 1);
  BIO_free(out);
  EVP_PKEY_free(params);
  EVP_PKEY_CTX_free(generator);
}

// Connects with OpenSSL itself, offering `session` (may be null). Returns whether the server took
// it, and the session to offer next time, which the caller frees.
std::pair<bool, SSL_SESSION*> resume(const TlsContext& server, const TlsContext& client,
                                     SSL_SESSION* session) {
  Pair pair = unix_pair();
  Transport server_end = Transport::tls(pair.near.release(), server);
  SSL* ssl = SSL_new(&client.raw());
  SSL_set_fd(ssl, pair.far.get());
  SSL_set_connect_state(ssl);
  if (session != nullptr) SSL_set_session(ssl, session);
  char byte = 0;
  for (int turn = 0; turn < 5; ++turn) {
    SSL_read(ssl, &byte, 1);  // Takes session tickets in, too.
    std::array<char, 16> room;
    server_end.read(room);
  }
  REQUIRE(SSL_is_init_finished(ssl) == 1);
  const bool reused = SSL_session_reused(ssl) == 1;
  SSL_SESSION* next = SSL_get1_session(ssl);
  SSL_shutdown(ssl);  // A session that was not closed in good order is not offered again.
  SSL_free(ssl);
  return {reused, next};
}

bool resumes(const TlsOptions& server_side, const TlsOptions& client_side) {
  const auto server = built(TlsContext::server(server_side));
  const auto client = built(TlsContext::client(client_side));
  const auto [first_reused, session] = resume(*server, *client, nullptr);
  CHECK_FALSE(first_reused);
  CHECK((SSL_SESSION_is_resumable(session) == 1) == server_side.session_caching);
  const auto [second_reused, next] = resume(*server, *client, session);
  SSL_SESSION_free(session);
  SSL_SESSION_free(next);
  return second_reused;
}

}  // namespace

TEST_CASE("client certificates are demanded, checked when shown, or ignored") {
  const Authority ours("ours");
  const Authority theirs("theirs");
  const IssuedFiles server = ours.issue({.name = "server"});
  const TlsOptions none = client_options(ours);
  const TlsOptions good = client_options(ours, ours.issue({.name = "good"}));
  const TlsOptions expired =
      client_options(ours, ours.issue({.name = "expired", .valid_for_s = -kHour}));
  const TlsOptions foreign = client_options(ours, theirs.issue({.name = "foreign"}));
  const struct {
    TlsAuthClients auth;
    const TlsOptions& client;
    bool welcome;
    const char* error;
  } kCases[] = {
      {TlsAuthClients::kYes, good, true, ""},
      {TlsAuthClients::kYes, none, false, "peer did not return a certificate"},
      {TlsAuthClients::kYes, expired, false, "certificate verify failed: certificate has expired"},
      {TlsAuthClients::kYes, foreign, false,
       "certificate verify failed: unable to get local issuer certificate"},
      {TlsAuthClients::kOptional, good, true, ""},
      {TlsAuthClients::kOptional, none, true, ""},
      {TlsAuthClients::kOptional, expired, false,
       "certificate verify failed: certificate has expired"},
      {TlsAuthClients::kOptional, foreign, false,
       "certificate verify failed: unable to get local issuer certificate"},
      {TlsAuthClients::kNo, good, true, ""},
      {TlsAuthClients::kNo, none, true, ""},
      {TlsAuthClients::kNo, expired, true, ""},
      {TlsAuthClients::kNo, foreign, true, ""},
  };
  for (const auto& item : kCases) {
    CAPTURE(static_cast<int>(item.auth));
    CAPTURE(item.client.client_cert_file);
    const Meeting meeting = meet(server_options(ours, server, item.auth), item.client);
    CHECK(meeting.succeeded() == item.welcome);
    CHECK(meeting.server.error() == item.error);
  }
}

TEST_CASE("a client refuses a server whose certificate has expired or is not from its authority") {
  const Authority ours("ours");
  const Authority theirs("theirs");
  const IssuedFiles expired = ours.issue({.name = "server", .valid_for_s = -kHour});
  const Meeting late = meet(server_options(ours, expired), client_options(ours));
  CHECK(late.client_state == IoState::kFailed);
  CHECK(late.client.error() == "certificate verify failed: certificate has expired");

  const IssuedFiles fresh = ours.issue({.name = "server"});
  const Meeting strange = meet(server_options(ours, fresh), client_options(theirs));
  CHECK(strange.client_state == IoState::kFailed);
}

TEST_CASE("a renewed certificate is for new connections, old ones go on") {
  const Authority authority("authority");
  const auto client = built(TlsContext::client(client_options(authority)));
  auto context =
      built(TlsContext::server(server_options(authority, authority.issue({.name = "before"}))));
  Meeting old = meet(*context, *client);
  REQUIRE(old.succeeded());

  context =
      built(TlsContext::server(server_options(authority, authority.issue({.name = "after"}))));
  Meeting fresh = meet(*context, *client);
  CHECK(fresh.client.tls_peer_name() == "after");
  CHECK(old.client.tls_peer_name() == "before");
  CHECK(old.client.write("still here").state == IoState::kDone);
  std::array<char, 16> room;
  CHECK(old.server.read(room).bytes == 10);
}

TEST_CASE("a context knows when its certificate expires") {
  const Authority authority("authority");
  const IssuedFiles files = authority.issue({.name = "server", .valid_for_s = kDay});
  const auto context = built(TlsContext::server(server_options(authority, files)));
  REQUIRE(context->not_after().has_value());
  const int64_t left_ms = to_ms(*context->not_after()) - to_ms(wall_now());
  CHECK(left_ms <= kDay * 1000);
  CHECK(left_ms > (kDay - 60) * 1000);
  CHECK_FALSE(built(TlsContext::client(client_options(authority)))->not_after().has_value());
}

TEST_CASE("only the configured protocols are spoken") {
  const Authority authority("authority");
  const IssuedFiles files = authority.issue({.name = "server"});
  TlsOptions server = server_options(authority, files);
  TlsOptions client = client_options(authority);

  server.protocols = "TLSv1.2";
  CHECK(meet(server, client).server.tls_protocol() == "TLSv1.2");
  server.protocols = "tlsv1.3  TLSv1.2";
  CHECK(meet(server, client).server.tls_protocol() == "TLSv1.3");
  server.protocols = "TLSv1.3";
  client.protocols = "TLSv1.2";
  CHECK_FALSE(meet(server, client).succeeded());
}

TEST_CASE("old and unknown protocols are refused by name") {
  const Authority authority("authority");
  TlsOptions options = server_options(authority, authority.issue({.name = "server"}));
  for (const char* word : {"TLSv1", "TLSv1.1", "SSLv3", "TLSv1.4"}) {
    CAPTURE(word);
    options.protocols = std::string("TLSv1.3 ") + word;
    CHECK(refusal(TlsContext::server(options)) ==
          "Invalid tls-protocols specified: '" + std::string(word) +
              "'. Use a combination of 'TLSv1.2' and 'TLSv1.3'.");
  }
}

TEST_CASE("only the configured ciphers are used") {
  const Authority authority("authority");
  TlsOptions options = server_options(authority, authority.issue({.name = "server"}));
  options.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256";
  options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  CHECK(meet(options, client_options(authority)).client.tls_cipher() ==
        "TLS_CHACHA20_POLY1305_SHA256");
  options.protocols = "TLSv1.2";
  CHECK(meet(options, client_options(authority)).client.tls_cipher() ==
        "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_CASE("the server's order of ciphers counts only if it is preferred") {
  const Authority authority("authority");
  TlsOptions server = server_options(authority, authority.issue({.name = "server"}));
  TlsOptions client = client_options(authority);
  server.protocols = "TLSv1.2";
  server.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
  client.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
  CHECK(meet(server, client).server.tls_cipher() == "ECDHE-ECDSA-AES256-GCM-SHA384");
  server.prefer_server_ciphers = true;
  CHECK(meet(server, client).server.tls_cipher() == "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_CASE("ciphers that do not exist are refused") {
  const Authority authority("authority");
  TlsOptions options = server_options(authority, authority.issue({.name = "server"}));
  options.ciphers = "NONSENSE";
  CHECK(refusal(TlsContext::server(options)).starts_with("Failed to configure ciphers: NONSENSE"));
  options.ciphers.clear();
  options.ciphersuites = "NONSENSE";
  CHECK(refusal(TlsContext::server(options)).starts_with("Failed to configure ciphersuites"));
}

TEST_CASE("an encrypted key needs its pass phrase") {
  const Authority authority("authority");
  TlsOptions options =
      server_options(authority, authority.issue({.name = "server", .key_pass = "open sesame"}));
  CHECK(refusal(TlsContext::server(options)).starts_with("Failed to load private key: "));
  options.key_file_pass = "open barley";
  CHECK(refusal(TlsContext::server(options)).starts_with("Failed to load private key: "));
  options.key_file_pass = "open sesame";
  CHECK(meet(options, client_options(authority)).succeeded());
}

TEST_CASE("what cannot be loaded is refused with its name") {
  const Authority authority("authority");
  const IssuedFiles files = authority.issue({.name = "server"});
  const IssuedFiles other = authority.issue({.name = "other"});
  const TlsOptions good = server_options(authority, files);

  TlsOptions options = good;
  options.cert_file = "/nonexistent/server.crt";
  CHECK(refusal(TlsContext::server(options))
            .starts_with("Failed to load certificate: /nonexistent/server.crt: "));
  options = good;
  options.key_file = "/nonexistent/server.key";
  CHECK(refusal(TlsContext::server(options))
            .starts_with("Failed to load private key: /nonexistent/server.key: "));
  options = good;
  options.key_file = other.key_file;
  CHECK(refusal(TlsContext::server(options)) ==
        "Failed to load private key: " + other.key_file + ": key values mismatch");
  options = good;
  options.ca_cert_file = "/nonexistent/ca.crt";
  CHECK(refusal(TlsContext::server(options))
            .starts_with(
                "Failed to configure CA certificate(s) file/directory: /nonexistent/ca.crt: "));
}

TEST_CASE("what a server needs and does not have is said") {
  const Authority authority("authority");
  const TlsOptions good = server_options(authority, authority.issue({.name = "server"}));

  TlsOptions options = good;
  options.cert_file.clear();
  CHECK(refusal(TlsContext::server(options)) == "No tls-cert-file configured!");
  options = good;
  options.key_file.clear();
  CHECK(refusal(TlsContext::server(options)) == "No tls-key-file configured!");
  options = good;
  options.client_cert_file = options.cert_file;
  CHECK(refusal(TlsContext::server(options)) == "tls-client-cert-file needs tls-client-key-file");
  options = good;
  options.ca_cert_file.clear();
  CHECK(TlsContext::server(options).ok());
  options.auth_clients = TlsAuthClients::kOptional;
  CHECK(refusal(TlsContext::server(options))
            .starts_with("Either tls-ca-cert-file or tls-ca-cert-dir must be specified"));
}

TEST_CASE("DH parameters come from a file, if it has some") {
  const Authority authority("authority");
  const TempDir dir;
  TlsOptions options = server_options(authority, authority.issue({.name = "server"}));
  options.dh_params_file = dir.file("dh.pem");
  write_dh_params(options.dh_params_file);
  CHECK(meet(options, client_options(authority)).succeeded());
  write_text(options.dh_params_file, "nothing\n");
  CHECK(refusal(TlsContext::server(options)).starts_with("Failed to load DH params: "));
}

TEST_CASE("sessions are resumed, with or without client certificates, unless caching is off") {
  const Authority authority("authority");
  const IssuedFiles files = authority.issue({.name = "server"});
  const TlsOptions client = client_options(authority, authority.issue({.name = "client"}));
  for (const char* protocols : {"TLSv1.2", "TLSv1.3"}) {
    CAPTURE(protocols);
    TlsOptions server = server_options(authority, files, TlsAuthClients::kYes);
    server.protocols = protocols;
    CHECK(resumes(server, client));
    server.auth_clients = TlsAuthClients::kNo;
    CHECK(resumes(server, client));
    server.session_caching = false;
    CHECK_FALSE(resumes(server, client));
  }
}
