#include "net/tls_stream.h"

#include "net/signals.h"
#include "net/socket.h"
#include "net/tls.h"
#include "unit/net/certificates.h"
#include "unit/net/loopback.h"

#include <array>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

// What bytes do is tested through Transport; here, what a stream says it waits for.

namespace {

constexpr Readiness kNeither{.readable = false, .writable = false};
constexpr Readiness kRead{.readable = true, .writable = false};
constexpr Readiness kWrite{.readable = false, .writable = true};
constexpr Readiness kBoth{.readable = true, .writable = true};

bool is(Readiness a, Readiness b) {
  return a.readable == b.readable && a.writable == b.writable;
}

struct Line {
  explicit Line(TlsRole role) {
    ignore_sigpipe();
    const IssuedFiles files = authority.issue({.name = "server"});
    TlsOptions options;
    options.ca_cert_file = authority.ca_file();
    options.cert_file = files.cert_file;
    options.key_file = files.key_file;
    context =
        *(role == TlsRole::kServer ? TlsContext::server(options) : TlsContext::client(options));
    stream.emplace(pair.near.get(), *context);
  }

  // Fills what the kernel takes from the near end.
  void block_output() {
    const std::string junk(4096, 'x');
    while (send(pair.near.get(), junk.data(), junk.size(), MSG_NOSIGNAL) > 0) {
    }
  }

  Authority authority{"authority"};
  Pair pair = unix_pair();
  std::shared_ptr<TlsContext> context;
  std::optional<TlsStream> stream;
};

}  // namespace

TEST_CASE("a stream that has not begun waits for what its user wants") {
  Line line(TlsRole::kServer);
  CHECK(is(line.stream->interest(kRead), kRead));
  CHECK(is(line.stream->interest(kWrite), kWrite));
  CHECK(is(line.stream->interest(kNeither), kNeither));
  CHECK(is(line.stream->meaning(kRead), kRead));
  CHECK(is(line.stream->meaning(kWrite), kWrite));
}

TEST_CASE("a server in its handshake waits for the client, whatever its user wants") {
  Line line(TlsRole::kServer);
  CHECK(line.stream->handshake().state == IoState::kWouldBlock);
  CHECK(is(line.stream->interest(kRead), kRead));
  CHECK(is(line.stream->interest(kWrite), kRead));
  CHECK(is(line.stream->interest(kBoth), kRead));
  CHECK(is(line.stream->interest(kNeither), kNeither));
  CHECK(is(line.stream->meaning(kRead), kBoth));  // Either may bring it on.
  CHECK(is(line.stream->meaning(kWrite), kNeither));
}

TEST_CASE("a client that cannot send its greeting waits to write, whatever its user wants") {
  Line line(TlsRole::kClient);
  line.block_output();
  std::array<char, 16> room;
  CHECK(line.stream->read(room).state == IoState::kWouldBlock);
  CHECK(is(line.stream->interest(kRead), kWrite));
  CHECK(is(line.stream->interest(kWrite), kWrite));
  CHECK(is(line.stream->interest(kNeither), kNeither));
  CHECK(is(line.stream->meaning(kWrite), kBoth));
  CHECK(is(line.stream->meaning(kRead), kNeither));
  CHECK_FALSE(line.stream->has_buffered());
}
