#include "net/dialed.h"

#include "net/address.h"
#include "net/socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

namespace kvstash::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{20'000};

// A listener on the loopback that accepts only when a test does.
class Listening {
 public:
  Listening() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0);
    REQUIRE(::listen(fd_.get(), 4) == 0);
  }
  uint16_t port() const { return local_address(fd_.get()).port(); }
  Fd accept() const { return Fd(::accept(fd_.get(), nullptr, nullptr)); }

 private:
  Fd fd_;
};

}  // namespace

TEST_CASE("dialed: bytes go both ways, also more than the kernel takes at once") {
  const std::atomic<bool> gives_up{false};
  const Listening listening;
  Dialed dialed(gives_up);
  CHECK_FALSE(dialed.is_open());
  REQUIRE(dialed.connect("127.0.0.1", listening.port(), kPatience).ok());
  CHECK(dialed.is_open());
  const Fd other = listening.accept();
  const std::string sent(size_t{8} << 20, 'x');
  std::thread echo([&other, left = sent.size()]() mutable {
    std::array<char, 65536> bytes;
    while (left != 0) {
      const ssize_t got = ::recv(other.get(), bytes.data(), bytes.size(), 0);
      if (got <= 0) return;
      left -= static_cast<size_t>(got);
    }
    (void)::send(other.get(), "done", 4, 0);
  });
  CHECK(dialed.send(sent, kPatience).ok());
  std::array<char, 16> reply;
  const Result<size_t> received = dialed.receive(reply, kPatience);
  echo.join();
  REQUIRE(received.ok());
  CHECK(std::string_view(reply.data(), *received) == "done");
}

TEST_CASE("dialed: nobody listens, nobody answers, somebody hangs up") {
  const std::atomic<bool> gives_up{false};
  uint16_t free_port = 0;
  {
    const Listening gone;
    free_port = gone.port();
  }
  Dialed refused(gives_up);
  CHECK_FALSE(refused.connect("127.0.0.1", free_port, kPatience).ok());
  CHECK(refused.was_refused());
  CHECK_FALSE(refused.is_open());
  Dialed unknown(gives_up);
  CHECK_FALSE(unknown.connect("host.invalid", 1, kPatience).ok());
  CHECK_FALSE(unknown.was_refused());

  const Listening listening;
  Dialed dialed(gives_up);
  REQUIRE(dialed.connect("127.0.0.1", listening.port(), kPatience).ok());
  std::array<char, 16> reply;
  const auto began = steady_clock::now();
  const Result<size_t> silent = dialed.receive(reply, milliseconds(60));
  REQUIRE_FALSE(silent.ok());
  CHECK(silent.error().message() == "receive: timed out");
  CHECK(steady_clock::now() - began >= milliseconds(60));
  listening.accept();
  const Result<size_t> closed = dialed.receive(reply, kPatience);
  REQUIRE(closed.ok());
  CHECK(*closed == 0);
}

TEST_CASE("dialed: a wait ends soon when the thread is to give up") {
  std::atomic<bool> gives_up{false};
  const Listening listening;
  Dialed dialed(gives_up);
  REQUIRE(dialed.connect("127.0.0.1", listening.port(), kPatience).ok());
  std::thread later([&gives_up] { gives_up = true; });
  std::array<char, 16> reply;
  const auto began = steady_clock::now();
  CHECK_FALSE(dialed.receive(reply, kPatience).ok());
  CHECK(steady_clock::now() - began < kPatience / 2);
  later.join();
}

}  // namespace kvstash::net
