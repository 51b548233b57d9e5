#include "net/transport.h"

#include "net/poll.h"
#include "net/signals.h"
#include "net/socket.h"
#include "net/tls.h"
#include "unit/net/certificates.h"
#include "unit/net/loopback.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

constexpr IoResult kBlocked{.state = IoState::kWouldBlock, .bytes = 0};

constexpr IoResult done(size_t bytes) {
  return {.state = IoState::kDone, .bytes = bytes};
}

struct Line {
  Transport near;
  Transport far;
};

Line plain_line() {
  Pair pair = unix_pair();
  return {Transport::plain(pair.near.release()), Transport::plain(pair.far.release())};
}

// Both ends of a TLS connection with certificates from one authority.
struct TlsLine : Line {
  TlsLine() {
    ignore_sigpipe();
    const IssuedFiles server = authority.issue({.name = "server"});
    const IssuedFiles client = authority.issue({.name = "client"});
    TlsOptions options;
    options.ca_cert_file = authority.ca_file();
    options.cert_file = server.cert_file;
    options.key_file = server.key_file;
    options.client_cert_file = client.cert_file;
    options.client_key_file = client.key_file;
    Pair pair = unix_pair();
    near = Transport::tls(pair.near.release(), **TlsContext::server(options));
    far = Transport::tls(pair.far.release(), **TlsContext::client(options));
  }

  void shake() {
    for (int turn = 0; turn < 10 && (near.is_handshaking() || far.is_handshaking()); ++turn) {
      far.handshake();
      near.handshake();
    }
    REQUIRE_FALSE(near.is_handshaking());
    REQUIRE_FALSE(far.is_handshaking());
  }

  Authority authority{"authority"};
};

// Reads what there is, at most `room_bytes` at a time.
std::string read_all(Transport& transport, size_t room_bytes = 4096) {
  std::string result;
  std::vector<char> room(room_bytes);
  while (true) {
    const IoResult got = transport.read(room);
    if (got.state != IoState::kDone) return result;
    result.append(room.data(), got.bytes);
  }
}

std::string pattern(size_t bytes) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>('a' + i * 31 % 26);
  return text;
}

// One end of a connection driven by a loop only through interest() and meaning(), as a session is.
class Driven {
 public:
  Driven(Loop& loop, Transport& transport, std::string output)
      : transport_(transport), output_(std::move(output)) {
    poll_.emplace(loop, transport.fd(), on_ready, this);
    watch();
  }

  std::string input;
  bool is_sent() const { return output_.empty(); }

 private:
  static void on_ready(void* context, Readiness ready) {
    Driven& self = *static_cast<Driven*>(context);
    const Readiness now = self.transport_.meaning(ready);
    if (now.readable) self.input += read_all(self.transport_);
    if (now.writable && !self.output_.empty()) {
      const IoResult put = self.transport_.write(self.output_);
      REQUIRE(put.state != IoState::kFailed);
      self.output_.erase(0, put.bytes);
    }
    self.watch();
  }
  void watch() {
    const Readiness interest =
        transport_.interest({.readable = true, .writable = !output_.empty()});
    poll_->watch(interest.readable, interest.writable);
  }

  Transport& transport_;
  std::string output_;
  std::optional<Poll> poll_;
};

void exchange(Line& line, const std::string& from_near, const std::string& from_far) {
  Loop loop;
  Driven near(loop, line.near, from_near);
  Driven far(loop, line.far, from_far);
  run_until(loop, [&] {
    return near.input.size() >= from_far.size() && far.input.size() >= from_near.size();
  });
  CHECK(near.input == from_far);
  CHECK(far.input == from_near);
  CHECK(near.is_sent());
  CHECK(far.is_sent());
}

}  // namespace

TEST_CASE("plain bytes pass as they are") {
  Line line = plain_line();
  CHECK(line.near.write("hello") == done(5));
  std::array<char, 16> room{};
  CHECK(line.far.read(room) == done(5));
  CHECK(std::string_view(room.data(), 5) == "hello");
}

TEST_CASE("a read with nothing to read would block") {
  Line line = plain_line();
  std::array<char, 16> room{};
  CHECK(line.near.read(room) == kBlocked);
}

TEST_CASE("a write takes what fits, and then would block") {
  Line line = plain_line();
  const std::string big = pattern(size_t{8} << 20);
  const IoResult first = line.near.write(big);
  CHECK(first.state == IoState::kDone);
  CHECK(first.bytes < big.size());
  CHECK(line.near.write(std::string_view(big).substr(first.bytes)) == kBlocked);
  CHECK(read_all(line.far) == big.substr(0, first.bytes));
  CHECK(line.near.write(std::string_view(big).substr(first.bytes)).bytes > 0);
}

TEST_CASE("the end of the peer's bytes is told as closed") {
  Line line = plain_line();
  CHECK(line.far.write("x") == done(1));
  line.far.close();
  CHECK_FALSE(line.far.is_open());
  std::array<char, 16> room{};
  CHECK(line.near.read(room) == done(1));
  CHECK(line.near.read(room).state == IoState::kClosed);
}

TEST_CASE("writing to a closed peer fails with the system's reason and without a signal") {
  Line line = plain_line();
  line.far.close();
  CHECK(line.near.write("x").state == IoState::kFailed);
  CHECK(line.near.error() == "Broken pipe");
}

TEST_CASE("after a shutdown the other direction still works") {
  Line line = plain_line();
  line.near.shutdown();
  std::array<char, 16> room{};
  CHECK(line.far.read(room).state == IoState::kClosed);
  CHECK(line.far.write("late") == done(4));
  CHECK(line.near.read(room) == done(4));
}

TEST_CASE("a plain transport has no handshake, no buffer and no certificate") {
  Line line = plain_line();
  CHECK_FALSE(line.near.is_tls());
  CHECK_FALSE(line.near.is_handshaking());
  CHECK(line.near.handshake() == done(0));
  CHECK_FALSE(line.near.has_buffered());
  CHECK(line.near.tls_peer_name().empty());
  CHECK(line.near.tls_protocol().empty());
  CHECK(line.near.tls_cipher().empty());
  CHECK(line.near.error().empty());
}

TEST_CASE("a moved transport takes the descriptor along") {
  Line line = plain_line();
  const int fd = line.near.fd();
  Transport moved = std::move(line.near);
  CHECK(moved.fd() == fd);
  CHECK_FALSE(line.near.is_open());
  moved = Transport();
  std::array<char, 16> room{};
  CHECK(line.far.read(room).state == IoState::kClosed);
}

TEST_CASE("megabytes pass in both directions at once") {
  Line line = plain_line();
  exchange(line, pattern(3'000'000), pattern(2'000'000));
}

TEST_CASE("a TLS handshake tells who the peer is and what was agreed on") {
  TlsLine line;
  CHECK(line.near.is_tls());
  CHECK(line.near.is_handshaking());
  CHECK(line.near.tls_protocol().empty());
  line.shake();
  CHECK(line.near.tls_peer_name() == "client");
  CHECK(line.far.tls_peer_name() == "server");
  CHECK(line.near.tls_protocol() == "TLSv1.3");
  CHECK(line.near.tls_cipher() == line.far.tls_cipher());
  CHECK(line.near.tls_cipher().starts_with("TLS_"));
}

TEST_CASE("TLS bytes never show on the wire") {
  TlsLine line;
  line.shake();
  read_all(line.far);  // Session tickets.
  CHECK(line.near.write("secret word") == done(11));
  const std::string wire = receive_ready(Fd(dup(line.far.fd())));
  CHECK_FALSE(wire.empty());
  CHECK(wire.find("secret") == std::string::npos);
}

TEST_CASE("reading and writing alone carry the handshake out") {
  TlsLine line;
  exchange(line, "from the server", "from the client");
}

TEST_CASE("megabytes pass through TLS in both directions at once") {
  TlsLine line;
  REQUIRE(set_send_buffer(line.near.fd(), 20'000).ok());
  exchange(line, pattern(3'000'000), pattern(2'000'000));
}

TEST_CASE("a TLS write takes what fits, and goes on when tried again from other memory") {
  TlsLine line;
  line.shake();
  const std::string big = pattern(size_t{4} << 20);
  std::string received;
  size_t sent = 0;
  bool blocked = false;
  while (sent < big.size()) {
    const std::string moved = big.substr(sent);
    const IoResult put = line.near.write(moved);
    REQUIRE((put.state == IoState::kDone || put.state == IoState::kWouldBlock));
    sent += put.bytes;
    if (put.state == IoState::kWouldBlock) {
      blocked = true;
      CHECK(line.near.interest({.readable = true, .writable = true}).writable);
      received += read_all(line.far);
    }
  }
  received += read_all(line.far);
  CHECK(blocked);
  CHECK(received == big);
}

TEST_CASE("bytes that TLS holds back are announced until they are read") {
  TlsLine line;
  line.shake();
  read_all(line.far);
  CHECK_FALSE(line.far.has_buffered());

  // Several records arrive together, and the room is smaller than any of them.
  const std::string text = pattern(3000);
  for (size_t at = 0; at < text.size(); at += 1000)
    CHECK(line.near.write(std::string_view(text).substr(at, 1000)) == done(1000));
  std::array<char, 700> room{};
  std::string received;
  do {
    const IoResult got = line.far.read(room);
    if (got.state == IoState::kDone) received.append(room.data(), got.bytes);
  } while (line.far.has_buffered());
  CHECK(received == text);
}

TEST_CASE("half a TLS record is not announced, and is completed by the rest") {
  TlsLine line;
  line.shake();
  read_all(line.far);
  CHECK(line.near.write("whole") == done(5));
  const std::string record = receive_ready(Fd(dup(line.far.fd())));
  const std::string_view half = std::string_view(record).substr(0, record.size() / 2);
  const std::string_view rest = std::string_view(record).substr(half.size());

  std::array<char, 16> room{};
  CHECK(send(line.near.fd(), half.data(), half.size(), 0) > 0);
  CHECK(line.far.read(room) == kBlocked);
  CHECK_FALSE(line.far.has_buffered());  // Else its user would read for ever.
  CHECK(send(line.near.fd(), rest.data(), rest.size(), 0) > 0);
  CHECK(line.far.read(room) == done(5));
}

TEST_CASE("after the handshake each direction waits for itself again") {
  TlsLine line;
  line.shake();
  for (const Transport* end : {&line.near, &line.far}) {
    CHECK(end->interest({.readable = false, .writable = true}).writable);
    CHECK_FALSE(end->interest({.readable = false, .writable = true}).readable);
    CHECK_FALSE(end->interest({.readable = true, .writable = false}).writable);
  }
}

TEST_CASE("a TLS goodbye ends the connection in good order") {
  TlsLine line;
  line.shake();
  line.near.shutdown();
  read_all(line.far);
  std::array<char, 16> room{};
  CHECK(line.far.read(room).state == IoState::kClosed);
}

TEST_CASE("a TLS peer that goes without a goodbye has closed as well") {
  TlsLine line;
  line.shake();
  read_all(line.far);  // Closing with unread session tickets would be a reset.
  line.far.close();
  std::array<char, 16> room{};
  CHECK(line.near.read(room).state == IoState::kClosed);
}

TEST_CASE("a TLS peer that goes during the handshake has closed as well") {
  TlsLine line;
  line.far.handshake();
  line.far.close();
  IoResult result = line.near.handshake();
  for (int turn = 0; turn < 3 && result.state == IoState::kWouldBlock; ++turn)
    result = line.near.handshake();
  CHECK((result.state == IoState::kClosed || result.state == IoState::kFailed));
}

TEST_CASE("whoever does not speak TLS is refused with a reason") {
  TlsLine line;
  Transport& server = line.near;
  CHECK(send(line.far.fd(), "PING\r\nPING\r\n", 12, 0) == 12);
  std::array<char, 16> room{};
  CHECK(server.read(room).state == IoState::kFailed);
  CHECK(server.error() == "wrong version number");
  CHECK(server.read(room).state == IoState::kFailed);
  CHECK(server.write("x").state == IoState::kFailed);
}

TEST_CASE("a damaged TLS record fails the connection") {
  TlsLine line;
  line.shake();
  read_all(line.far);
  const std::string record = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  CHECK(send(line.near.fd(), record.data(), record.size(), 0) == 37);
  std::array<char, 64> room{};
  CHECK(line.far.read(room).state == IoState::kFailed);
  CHECK_FALSE(line.far.error().empty());
}
