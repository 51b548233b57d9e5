#include "sentinel/shell/sentinel_shell.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/socket.h"
#include "resp/reply_buffer.h"
#include "unit/net/loopback.h"
#include "unit/net/temp_dir.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::sentinel {
namespace {

using net::test::receive_ready;
using net::test::run_until;
using net::test::send_all;

// A shell on a loop of its own, which watches a data node that the test plays.
class Node {
 public:
  explicit Node(const std::string& more = "")
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    port = std::to_string(net::local_address(listener_.get()).port());
    auto brain = Sentinel::make(
        {.config_text = "sentinel monitor mymaster 127.0.0.1 " + port + " 1\n" + more, .seed = 7});
    REQUIRE(brain.ok());
    shell = std::make_unique<SentinelShell>(
        *std::move(brain),
        SentinelShell::Setup{
            .loop = &loop,
            .clock = &clock,
            .tls = []() -> Result<std::shared_ptr<net::TlsContext>> {
              return Error::literal("no certificates");
            },
            .save_config = [this](std::string_view text) -> Status {
              if (disk_is_full) return Error::literal("No space left on device");
              saved = std::string(text);
              return {};
            },
            .publish = [this](std::string_view channel,
                              std::string_view) { published.emplace_back(channel); },
            .set_log_level = [this](std::string_view level) { log_level = std::string(level); },
            .exit_process = [](int) { FAIL("nothing asks for it"); }});
    set_log_level(LogLevel::kNothing);
    shell->start();
  }
  ~Node() { set_log_level(log_level_before); }

  // Takes the next connection.
  net::Fd accept() {
    net::Fd peer;
    run_until(loop, [&] {
      loop.run_nowait();
      peer = net::Fd(::accept(listener_.get(), nullptr, nullptr));
      return peer.is_open();
    });
    return peer;
  }
  // Waits until the node has got this on one of its connections.
  void wait_for(const net::Fd& peer, std::string_view word) {
    std::string text;
    run_until(loop, [&] {
      loop.run_nowait();
      text += receive_ready(peer);
      return text.find(word) != std::string::npos;
    });
  }
  std::string command(const std::vector<std::string_view>& argv) {
    resp::ReplyBuffer buffer;
    resp::ReplyWriter reply(buffer, resp::RespVersion::k2);
    const Status done = shell->command(argv, reply);
    return done.ok() ? std::string(buffer.view()) : "-" + std::string(done.error().message());
  }
  bool has_published(std::string_view channel) const {
    return std::ranges::find(published, channel) != published.end();
  }

  LogLevel log_level_before = kvstash::log_level();
  net::Loop loop{};
  SystemClock clock{};
  std::string port{};
  bool disk_is_full = false;
  std::string saved{};
  std::string log_level{};
  std::vector<std::string> published{};
  std::unique_ptr<SentinelShell> shell{};

 private:
  net::Fd listener_;
};

}  // namespace

TEST_CASE("sentinel shell: at the start it saves, tells, connects and asks") {
  Node node;
  CHECK(node.saved.find("sentinel myid ") != std::string::npos);
  CHECK(node.has_published("+monitor"));
  const net::Fd commands = node.accept();
  const net::Fd messages = node.accept();
  node.wait_for(commands, "PING");
  node.wait_for(messages, "__sentinel__:hello");
  send_all(commands, "+OK\r\n+PONG\r\n");
  run_until(node.loop, [&] {
    node.loop.run_once();
    return node.command({"SENTINEL", "MASTERS"}).find("link-pending-commands\r\n$1\r\n") !=
           std::string::npos;
  });
}

TEST_CASE("sentinel shell: a connection that is lost is made again, by the timer") {
  Node node;
  net::Fd commands = node.accept();
  const net::Fd messages = node.accept();
  commands.reset();
  const net::Fd again = node.accept();
  node.wait_for(again, "SETNAME");
}

TEST_CASE("sentinel shell: a reply that promises a save says so if it failed") {
  Node node;
  CHECK(node.command({"SENTINEL", "FLUSHCONFIG"}) == "+OK\r\n");
  node.disk_is_full = true;
  CHECK(node.command({"SENTINEL", "FLUSHCONFIG"}) ==
        "-ERR Failed to save config file. Check server logs.");
  CHECK(node.command({"SENTINEL", "MYID"}).starts_with("$40\r\n"));
  node.disk_is_full = false;
  CHECK(node.command({"SENTINEL", "SET", "mymaster", "quorum", "3"}) == "+OK\r\n");
  CHECK(node.saved.find("sentinel monitor mymaster 127.0.0.1 " + node.port + " 3") !=
        std::string::npos);
}

TEST_CASE("sentinel shell: commands of clients act at once") {
  Node node;
  CHECK(node.command({"SENTINEL", "CONFIG", "SET", "loglevel", "debug"}) == "+OK\r\n");
  CHECK(node.log_level == "debug");
  CHECK(node.command({"SENTINEL", "REMOVE", "mymaster"}) == "+OK\r\n");
  CHECK(node.has_published("-monitor"));
  // Its connections are gone: both ends of what was accepted see it.
  const net::Fd commands = node.accept();
  run_until(node.loop, [&] {
    node.loop.run_nowait();
    receive_ready(commands);
    return net::test::is_at_end(commands);
  });
  resp::ReplyBuffer buffer;
  resp::ReplyWriter reply(buffer, resp::RespVersion::k2);
  const std::vector<std::string_view> hello = {"PUBLISH", "news", "text"};
  CHECK(node.shell->publish(hello, reply).ok());
  CHECK(buffer.view() == "-ERR Only HELLO messages are accepted by Sentinel instances.\r\n");
}

TEST_CASE("sentinel shell: links that need TLS are not made in the clear") {
  net::Loop loop;
  const SystemClock clock;
  std::vector<std::string> published;
  SentinelSetup setup{.config_text = "sentinel monitor m 127.0.0.1 1 1\n", .seed = 7};
  setup.process.use_tls = true;
  auto brain = Sentinel::make(std::move(setup));
  REQUIRE(brain.ok());
  int asked = 0;
  SentinelShell shell(*std::move(brain), {.loop = &loop,
                                          .clock = &clock,
                                          .tls = [&]() -> Result<std::shared_ptr<net::TlsContext>> {
                                            ++asked;
                                            return Error::literal("no certificates");
                                          },
                                          .save_config = [](std::string_view) { return Status(); },
                                          .publish = [](std::string_view, std::string_view) {},
                                          .set_log_level = [](std::string_view) {},
                                          .exit_process = [](int) {}});
  const LogLevel was = log_level();
  set_log_level(LogLevel::kNothing);
  shell.start();
  CHECK(asked == 2);
  resp::ReplyBuffer buffer;
  resp::ReplyWriter reply(buffer, resp::RespVersion::k2);
  const std::vector<std::string_view> masters = {"SENTINEL", "MASTERS"};
  CHECK(shell.command(masters, reply).ok());
  CHECK(buffer.view().find("master,disconnected") != std::string_view::npos);
  set_log_level(was);
}

TEST_CASE("sentinel shell: a script runs, and its end is told") {
  const net::test::TempDir directory;
  const std::string script = directory.file("notify.sh");
  const std::string notes = directory.file("notes");
  {
    std::ofstream out(script);
    out << "#!/bin/sh\necho \"$1\" >> '" << notes << "'\n";
  }
  REQUIRE(::chmod(script.c_str(), 0755) == 0);
  Node node("sentinel notification-script mymaster " + script + "\n");
  const auto note = [&] {
    std::ifstream in(notes);
    std::string line;
    std::getline(in, line);
    return line;
  };
  run_until(node.loop, [&] {
    node.loop.run_once();
    return note() == "+monitor" && node.command({"SENTINEL", "PENDING-SCRIPTS"}) == "*0\r\n";
  });
}

}  // namespace kvstash::sentinel
