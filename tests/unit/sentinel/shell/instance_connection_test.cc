#include "sentinel/shell/instance_connection.h"

#include "net/socket.h"
#include "unit/net/loopback.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace kvstash::sentinel {
namespace {

using net::test::receive_ready;
using net::test::run_until;
using net::test::send_all;

constexpr LinkId kLink{7};

// Another server, which a connection is made to.
class Instance {
 public:
  Instance() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0);
    REQUIRE(::listen(listener_.get(), 4) == 0);
  }
  net::DialTarget target() const {
    return {.ip = "127.0.0.1", .port = net::local_address(listener_.get()).port()};
  }
  void accept() {
    peer_ = net::Fd(::accept(listener_.get(), nullptr, nullptr));
    REQUIRE(peer_.is_open());
  }
  const net::Fd& peer() const { return peer_; }
  void hang_up() { peer_.reset(); }

 private:
  net::Fd listener_;
  net::Fd peer_;
};

// The sentinel's end, with what it was told.
struct End {
  net::Loop loop{};
  std::vector<Event> told{};
  InstanceConnection::Tell tell = [this](std::vector<Event> events) {
    for (Event& event : events)
      told.push_back(std::move(event));
  };
  std::unique_ptr<InstanceConnection> connection{};

  void open(const net::DialTarget& target) {
    auto opened = InstanceConnection::open(loop, kLink, target, nullptr, tell);
    REQUIRE(opened.ok());
    connection = *std::move(opened);
  }
  template <typename Kind>
  const Kind& wait_for(size_t index) {
    run_until(loop, [&] { return told.size() > index; });
    REQUIRE(std::holds_alternative<Kind>(told[index]));
    return std::get<Kind>(told[index]);
  }
  void send(const std::vector<std::string>& argv) { REQUIRE(connection->send(argv)); }
};

// What the instance gets, once it is so many bytes.
std::string received(End& end, const Instance& instance, size_t bytes) {
  std::string text;
  run_until(end.loop, [&] {
    text += receive_ready(instance.peer());
    // The loop must not wait for what only this loop sees.
    if (text.size() < bytes) end.loop.run_nowait();
    return text.size() >= bytes;
  });
  return text;
}

}  // namespace

TEST_CASE("instance connection: commands wait until it is open, and replies come in order") {
  Instance instance;
  End end;
  end.open(instance.target());
  end.send({"PING"});
  end.send({"SENTINEL", "two words", ""});
  const auto& opened = end.wait_for<LinkOpened>(0);
  CHECK(opened.link == kLink);
  CHECK(opened.local_ip == "127.0.0.1");
  instance.accept();
  const std::string sent =
      "*1\r\n$4\r\nPING\r\n*3\r\n$8\r\nSENTINEL\r\n$9\r\ntwo words\r\n$0\r\n\r\n";
  CHECK(received(end, instance, sent.size()) == sent);
  send_all(instance.peer(), "+PONG\r\n:1\r\n$5\r\nhe");
  CHECK(end.wait_for<ReplyReceived>(1).reply.text == "PONG");
  CHECK(end.wait_for<ReplyReceived>(2).reply.integer == 1);
  send_all(instance.peer(), "llo\r\n*2\r\n$1\r\na\r\n:3\r\n");
  CHECK(end.wait_for<ReplyReceived>(3).reply.text == "hello");
  CHECK(end.wait_for<ReplyReceived>(4).reply.items.size() == 2);
  CHECK(end.told.size() == 5);
}

TEST_CASE("instance connection: why it is over is told behind the last replies") {
  Instance instance;
  End end;
  end.open(instance.target());
  end.wait_for<LinkOpened>(0);
  instance.accept();
  send_all(instance.peer(), "+PONG\r\n+half");
  instance.hang_up();
  CHECK(end.wait_for<ReplyReceived>(1).reply.text == "PONG");
  CHECK(end.wait_for<LinkClosed>(2).reason == "Server closed the connection");
}

TEST_CASE("instance connection: nobody listens") {
  net::DialTarget target;
  {
    const Instance gone;
    target = gone.target();
  }
  End end;
  end.open(target);
  const auto& closed = end.wait_for<LinkClosed>(0);
  CHECK(closed.link == kLink);
  CHECK(closed.reason.ends_with("Connection refused"));
  const auto wrong =
      InstanceConnection::open(end.loop, kLink, {.ip = "no address", .port = 1}, nullptr, end.tell);
  CHECK_FALSE(wrong.ok());
}

TEST_CASE("instance connection: it may be destroyed by what it tells") {
  Instance instance;
  End end;
  end.tell = [&end](std::vector<Event> events) {
    for (Event& event : events)
      end.told.push_back(std::move(event));
    end.connection.reset();
  };
  end.open(instance.target());
  end.wait_for<LinkOpened>(0);
  CHECK(end.connection == nullptr);
}

TEST_CASE("instance connection: what is no reply, or too long a one, ends it") {
  const auto told_of = [](std::string_view bytes) {
    Instance instance;
    End end;
    end.open(instance.target());
    end.wait_for<LinkOpened>(0);
    instance.accept();
    send_all(instance.peer(), bytes);
    return end.wait_for<LinkClosed>(1).reason;
  };
  CHECK(told_of("HTTP/1.1 400 Bad Request\r\n").starts_with("Protocol error: "));
  CHECK(told_of("$99999999999\r\n").starts_with("Protocol error: "));
  CHECK(told_of("*100000\r\n").starts_with("Protocol error: "));
}

TEST_CASE("instance connection: many bulk strings may not add up to a reply without end") {
  Instance instance;
  End end;
  end.open(instance.target());
  end.wait_for<LinkOpened>(0);
  instance.accept();
  net::test::set_non_blocking(instance.peer());
  const std::string piece = "$1048576\r\n" + std::string(1048576, 'x') + "\r\n";
  std::string all = "*100\r\n";
  for (int i = 0; i < 20; ++i)
    all += piece;
  size_t sent = 0;
  run_until(end.loop, [&] {
    const ssize_t put =
        ::send(instance.peer().get(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
    if (put > 0) sent += static_cast<size_t>(put);
    end.loop.run_nowait();
    return end.told.size() > 1;
  });
  CHECK(std::get<LinkClosed>(end.told[1]).reason == "Protocol error: too long a reply");
}

TEST_CASE("instance connection: what waits to be sent is bounded") {
  Instance instance;  // It does not accept, and takes nothing.
  End end;
  end.open(instance.target());
  const std::vector<std::string> large = {"PUBLISH", std::string(size_t{1} << 20, 'x')};
  for (int i = 0; i < 3; ++i)
    CHECK(end.connection->send(large));
  CHECK_FALSE(end.connection->send(large));
}

}  // namespace kvstash::sentinel
