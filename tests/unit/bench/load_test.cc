#include "bench/load.h"

#include "net/fd.h"
#include "resp/request_parser.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace kvstash::bench {
namespace {

// A server for one client, on a thread of its own, that answers every command with `reply`.
class OneClientServer {
 public:
  explicit OneClientServer(std::string reply) : reply_(std::move(reply)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    listener_.reset(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::bind(listener_.get(), any, length) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    REQUIRE(::getsockname(listener_.get(), any, &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneClientServer() { thread_.join(); }

  uint16_t port() const { return port_; }
  uint64_t commands() const { return commands_; }

 private:
  void serve() {
    const net::Fd client(::accept(listener_.get(), nullptr, nullptr));
    std::string unread;
    std::array<char, 4096> chunk;
    for (ssize_t got = 0; (got = ::read(client.get(), chunk.data(), chunk.size())) > 0;) {
      unread.append(chunk.data(), static_cast<size_t>(got));
      std::string out;
      for (size_t used = take(unread); used != 0; used = take(unread)) {
        unread.erase(0, used);
        ++commands_;
        if (reply_.empty()) return;  // Hangs up.
        out += reply_;
      }
      if (::write(client.get(), out.data(), out.size()) != static_cast<ssize_t>(out.size())) return;
    }
  }

  static size_t take(std::string_view unread) {
    resp::RequestParser parser;
    std::vector<std::string_view> argv;
    const resp::ParseOutcome outcome = parser.parse(unread, {}, argv);
    return outcome.kind == resp::ParseOutcome::Kind::kComplete ? outcome.consumed : 0;
  }

  std::string reply_;
  net::Fd listener_;
  uint16_t port_ = 0;
  std::atomic<uint64_t> commands_ = 0;
  std::thread thread_;
};

LoadOptions one_client(uint16_t port) {
  LoadOptions options;
  options.port = port;
  options.clients = 1;
  options.commands = {"SET key:{next} {data}"};
  return options;
}

TEST_CASE("a run with a count sends exactly so many commands, whatever the pipeline") {
  OneClientServer server("+OK\r\n");
  LoadOptions options = one_client(server.port());
  options.count = 1001;
  options.pipeline = 16;
  const Result<LoadReport> report = run_load(options);
  REQUIRE(report.ok());
  CHECK(report->ops == 1001);
  CHECK(server.commands() == 1001);
  CHECK(report->batches.total() == 63);
  CHECK(report->errors == 0);
  CHECK(report->seconds > 0);
}

TEST_CASE("a run with a duration ends with all its replies") {
  OneClientServer server("$3\r\nabc\r\n");
  LoadOptions options = one_client(server.port());
  options.duration = std::chrono::milliseconds(20);
  const Result<LoadReport> report = run_load(options);
  REQUIRE(report.ok());
  CHECK(report->ops == server.commands());
  CHECK(report->seconds >= 0.02);
}

TEST_CASE("batches larger than what a socket takes at once arrive whole") {
  OneClientServer server("+OK\r\n");
  LoadOptions options = one_client(server.port());
  options.count = 3;
  options.pipeline = 3;
  options.data_bytes = size_t{4} << 20;
  const Result<LoadReport> report = run_load(options);
  REQUIRE(report.ok());
  CHECK(server.commands() == 3);
}

TEST_CASE("error replies are counted, and the first is told") {
  OneClientServer server("-ERR no\r\n");
  LoadOptions options = one_client(server.port());
  options.count = 5;
  const Result<LoadReport> report = run_load(options);
  REQUIRE(report.ok());
  CHECK(report->ops == 5);
  CHECK(report->errors == 5);
  CHECK(report->first_error == "ERR no");
}

TEST_CASE("a server that hangs up or does not speak RESP ends the run") {
  for (const char* reply : {"", "hello\r\n", "+OK\r\n+OK\r\n"}) {
    CAPTURE(reply);
    OneClientServer server(reply);
    LoadOptions options = one_client(server.port());
    options.count = 5;
    CHECK_FALSE(run_load(options).ok());
  }
}

TEST_CASE("commands without words and hosts without an address are refused") {
  LoadOptions options = one_client(1);
  options.commands = {""};
  CHECK_FALSE(run_load(options).ok());
  options.commands = {"PING"};
  options.host = "localhost";
  CHECK_FALSE(run_load(options).ok());
}

}  // namespace
}  // namespace kvstash::bench
