#include "admin/http_server.h"

#include "net/socket.h"
#include "net/timer.h"
#include "unit/net/loopback.h"

#include <optional>
#include <vector>

using namespace kvstash;
using namespace kvstash::admin;
using namespace kvstash::net;
using namespace kvstash::net::test;
using namespace std::chrono_literals;

namespace {

// A server whose answers depend on the path: /now at once, /later when the test says so, /big with
// `big_bytes`, everything else 404.
struct Site {
  explicit Site(std::chrono::milliseconds timeout = 1h, size_t connections_max = 64) {
    const HttpServerOptions options{
        .listen = {.bind = {"127.0.0.1"}}, .timeout = timeout, .connections_max = connections_max};
    Result<std::unique_ptr<HttpServer>> opened = HttpServer::open(
        loop, options, [this](const HttpRequest& request, HttpResponder responder) {
          handle(request, responder);
        });
    REQUIRE(opened.ok());
    server = std::move(*opened);
  }

  void handle(const HttpRequest& request, HttpResponder responder) {
    ++requests;
    if (request.path == "/now") {
      responder.respond({.body = "here you are"});
    } else if (request.path == "/later") {
      waiting.push_back(responder);
    } else if (request.path == "/big") {
      responder.respond({.body = std::string(big_bytes, 'x')});
    } else {
      responder.respond({.status = 404, .body = "nothing at " + request.path});
    }
  }

  Fd connect() const {
    Fd client = connect_tcp(server->port());
    REQUIRE(client.is_open());
    return client;
  }

  // Everything up to the end of the connection.
  std::string read_to_end(const Fd& client) {
    std::string text;
    run_until(loop, [&] {
      text += receive_ready(client);
      return is_at_end(client);
    });
    return text;
  }
  // Up to and including `last`.
  std::string read_until(const Fd& client, std::string_view last) {
    std::string text;
    run_until(loop, [&] {
      text += receive_ready(client);
      return text.ends_with(last);
    });
    return text;
  }
  std::string ask(std::string_view request) {
    const Fd client = connect();
    send_all(client, request);
    return read_to_end(client);
  }

  static constexpr size_t big_bytes = size_t{16} << 20;
  Loop loop;
  int requests = 0;
  std::vector<HttpResponder> waiting;
  std::unique_ptr<HttpServer> server;
};

constexpr std::string_view kClose = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
constexpr std::string_view kKeep = " HTTP/1.1\r\nHost: h\r\n\r\n";

std::string get(std::string_view path, std::string_view rest) {
  return "GET " + std::string(path) + std::string(rest);
}

}  // namespace

TEST_CASE("a GET is answered with length, type and body") {
  Site site;
  CHECK(site.ask(get("/now", kClose)) ==
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 12\r\n"
        "Connection: close\r\n"
        "\r\n"
        "here you are");
}

TEST_CASE("a HEAD is answered without the body, but with its length") {
  Site site;
  const std::string text = site.ask("HEAD /now" + std::string(kClose));
  CHECK(text.find("Content-Length: 12\r\n") != std::string::npos);
  CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("what the handler does not know is its own answer") {
  Site site;
  const std::string text = site.ask(get("/nowhere", kClose));
  CHECK(text.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(text.ends_with("nothing at /nowhere"));
}

TEST_CASE("requests that are refused never reach the handler") {
  const struct {
    std::string request;
    std::string_view answer;
  } kCases[] = {
      {"POST /now HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n"},
      {"PING\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"GET /now HTTP/3\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
      {get("/" + std::string(9000, 'x'), kClose),
       "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
  };
  for (const auto& item : kCases) {
    CAPTURE(item.answer);
    Site site;
    const Fd client = site.connect();
    send_all(client, item.request);
    const std::string text = site.read_until(client, "\n");
    CHECK(text.starts_with(item.answer));
    CHECK(text.find("Connection: close\r\n") != std::string::npos);
    CHECK(site.requests == 0);
  }
}

TEST_CASE("a refusal of a method names those that are allowed") {
  Site site;
  CHECK(site.ask("DELETE /now HTTP/1.0\r\n\r\n").find("\r\nAllow: GET, HEAD\r\n") !=
        std::string::npos);
}

TEST_CASE("a refused client reads the reason even if it goes on sending") {
  Site site;
  const Fd client = site.connect();
  send_all(client, std::string(20'000, 'x'));
  const std::string text = site.read_to_end(client);
  CHECK(text.starts_with("HTTP/1.1 431 "));
  CHECK(site.server->connection_count() == 1);  // Until the client has closed, too.
  shutdown(client.get(), SHUT_WR);
  run_until(site.loop, [&] { return site.server->connection_count() == 0; });
}

TEST_CASE("a connection is kept for the next request") {
  Site site;
  const Fd client = site.connect();
  for (int round = 0; round < 3; ++round) {
    send_all(client, get("/now", kKeep));
    CHECK(site.read_until(client, "here you are").find("Connection: keep-alive\r\n") !=
          std::string::npos);
  }
  CHECK(site.requests == 3);
  CHECK(site.server->connection_count() == 1);
}

TEST_CASE("requests sent together are answered in order") {
  Site site;
  const Fd client = site.connect();
  send_all(client, get("/now", kKeep) + get("/later", kKeep) + get("/elsewhere", kClose));
  run_until(site.loop, [&] { return !site.waiting.empty(); });
  CHECK(site.requests == 2);
  site.waiting[0].respond({.body = "at last"});
  const std::string text = site.read_to_end(client);
  CHECK(text.find("here you are") < text.find("at last"));
  CHECK(text.find("at last") < text.find("nothing at /elsewhere"));
}

TEST_CASE("a request cut into single bytes is one request") {
  Site site;
  const Fd client = site.connect();
  set_no_delay(client.get());
  for (const char byte : get("/now", kClose)) {
    send_all(client, std::string_view(&byte, 1));
    run_ready(site.loop);
  }
  CHECK(site.read_to_end(client).ends_with("here you are"));
  CHECK(site.requests == 1);
}

TEST_CASE("an answer may come in a later turn of the loop, and only the first one counts") {
  Site site;
  const Fd client = site.connect();
  send_all(client, get("/later", kKeep));
  run_until(site.loop, [&] { return !site.waiting.empty(); });
  CHECK(receive_ready(client).empty());
  site.waiting[0].respond({.body = "first"});
  site.waiting[0].respond({.body = "second"});
  CHECK(site.read_until(client, "first").find("second") == std::string::npos);

  send_all(client, get("/later", kClose));
  run_until(site.loop, [&] { return site.waiting.size() == 2; });
  site.waiting[0].respond({.body = "third"});
  site.waiting[1].respond({.body = "its own"});
  CHECK(site.read_to_end(client).ends_with("\r\n\r\nits own"));
}

TEST_CASE("an answer to a client that has gone is dropped") {
  Site site;
  Fd client = site.connect();
  send_all(client, get("/later", kKeep));
  run_until(site.loop, [&] { return !site.waiting.empty(); });
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  client.reset();
  site.waiting[0].respond({.body = "hello?"});
  run_until(site.loop, [&] { return site.server->connection_count() == 0; });
  site.waiting[0].respond({.body = "hello?"});
}

TEST_CASE("an answer larger than the socket's buffers arrives whole") {
  Site site;
  const std::string text = site.ask(get("/big", kClose));
  const size_t body = text.find("\r\n\r\n") + 4;
  CHECK(text.size() - body == Site::big_bytes);
}

TEST_CASE("a client that does not finish its request in time is closed") {
  Site site(20ms);
  const Fd client = site.connect();
  send_all(client, "GET /now HT");
  CHECK(site.read_to_end(client).empty());
  CHECK(site.server->connection_count() == 0);
}

TEST_CASE("a client that does not take its answer in time is closed") {
  Site site(20ms);
  const Fd client = site.connect();
  send_all(client, get("/big", kClose));
  run_until(site.loop, [&] { return site.requests == 1; });
  run_until(site.loop, [&] { return site.server->connection_count() == 0; });
}

TEST_CASE("a request that nobody answers in time gets a 503") {
  Site site(20ms);
  const Fd client = site.connect();
  send_all(client, get("/later", kKeep));
  CHECK(site.read_to_end(client).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  site.waiting[0].respond({.body = "too late"});
  CHECK(receive_ready(client).empty());
}

TEST_CASE("connections beyond the bound are closed at once, and places become free again") {
  Site site(1h, 2);
  Fd first = site.connect();
  const Fd second = site.connect();
  run_until(site.loop, [&] { return site.server->connection_count() == 2; });
  const Fd third = site.connect();
  CHECK(site.read_to_end(third).empty());
  CHECK(site.server->connection_count() == 2);

  first.reset();
  run_until(site.loop, [&] { return site.server->connection_count() == 1; });
  CHECK(site.ask(get("/now", kClose)).ends_with("here you are"));
}

TEST_CASE("a server that goes closes its connections and its port") {
  Site site;
  const Fd client = site.connect();
  run_until(site.loop, [&] { return site.server->connection_count() == 1; });
  const uint16_t port = site.server->port();
  site.server.reset();
  CHECK(is_at_end(client));
  CHECK_FALSE(connect_tcp(port).is_open());
}

TEST_CASE("a port in use is refused for HTTP as well") {
  Site site;
  const auto second =
      HttpServer::open(site.loop, {.listen = {.bind = {"127.0.0.1"}, .port = site.server->port()}},
                       [](const HttpRequest&, HttpResponder) {});
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message() == "bind: Address already in use");
}
