#include "admin/metrics_page.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>

namespace kvstash::admin {
namespace {

// One request over a connection of its own; the whole answer.
std::string get(uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  REQUIRE(::write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  std::string answer;
  char part[4096];
  for (ssize_t got = 0; (got = ::read(fd, part, sizeof(part))) > 0;)
    answer.append(part, static_cast<size_t>(got));
  ::close(fd);
  return answer;
}

bool has_status(const std::string& answer, const std::string& status) {
  return answer.starts_with("HTTP/1.1 " + status);
}

constexpr std::span<const std::span<const engine::CommandSpec>> kNoRows;

struct Source {
  engine::CommandTable commands{kNoRows};
  std::atomic<int> asked{0};
  bool is_serving = true;
  bool is_loading = false;

  Snapshot make() {
    Snapshot snapshot;
    snapshot.commands = &commands;
    snapshot.is_serving = is_serving;
    snapshot.process.persist.is_loading = is_loading;
    return snapshot;
  }
  MetricsPage::Collect answers_at_once() {
    return [this](auto done) {
      ++asked;
      done(make());
    };
  }
};

const MetricsOptions kLoopback{.bind = {"127.0.0.1"}, .port = 0};

}  // namespace

TEST_CASE("the page answers scrapes and probes while the shards answer") {
  Source source;
  MetricsPage page(kLoopback, source.answers_at_once());
  REQUIRE(page.start().ok());
  const std::string metrics = get(page.port(), "/metrics");
  CHECK(has_status(metrics, "200"));
  CHECK(metrics.find("text/plain; version=0.0.4") != std::string::npos);
  CHECK(metrics.find("\nredis_up 1\n") != std::string::npos);
  CHECK(has_status(get(page.port(), "/health"), "200"));
  CHECK(has_status(get(page.port(), "/ready"), "200"));
  CHECK(source.asked == 3);
  CHECK(has_status(get(page.port(), "/nothing"), "404"));
  CHECK(source.asked == 3);
}

TEST_CASE("a server on its way out is alive but not ready") {
  Source source;
  source.is_serving = false;
  MetricsPage page(kLoopback, source.answers_at_once());
  REQUIRE(page.start().ok());
  CHECK(has_status(get(page.port(), "/health"), "200"));
  CHECK(has_status(get(page.port(), "/ready"), "503"));
}

TEST_CASE("a server that loads its data is alive but not ready") {
  Source source;
  source.is_loading = true;
  MetricsPage page(kLoopback, source.answers_at_once());
  REQUIRE(page.start().ok());
  CHECK(has_status(get(page.port(), "/health"), "200"));
  const std::string answer = get(page.port(), "/ready");
  CHECK(has_status(answer, "503"));
  CHECK(answer.ends_with("loading\n"));
}

TEST_CASE("a probe gives up on shards that do not answer, and a late answer does no harm") {
  Source source;
  std::mutex lock;
  std::vector<std::function<void(Snapshot)>> late;
  {
    MetricsPage page(kLoopback, [&](auto done) {
      const std::lock_guard guard(lock);
      late.push_back(std::move(done));
    });
    REQUIRE(page.start().ok());
    CHECK(has_status(get(page.port(), "/health"), "503"));
    {
      const std::lock_guard guard(lock);
      REQUIRE(late.size() == 1);
      late[0](source.make());
      late.clear();
    }
    CHECK(has_status(get(page.port(), "/health"), "503"));
  }
  // The page has gone; its question has not.
  const std::lock_guard guard(lock);
  for (const auto& done : late)
    done(source.make());
}

TEST_CASE("a port that is taken is an error with its number") {
  Source source;
  MetricsPage first(kLoopback, source.answers_at_once());
  REQUIRE(first.start().ok());
  MetricsPage second({.bind = {"127.0.0.1"}, .port = first.port()}, source.answers_at_once());
  const Status failed = second.start();
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message().find(std::to_string(first.port())) != std::string_view::npos);
}

}  // namespace kvstash::admin
