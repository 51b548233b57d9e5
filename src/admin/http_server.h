// HttpServer: answers GET and HEAD over HTTP/1.1, for health checks and scrapers of metrics.
//
// Lives on one loop's thread. All of these are bounded: the head of a request (kHttpHeadBytesMax),
// the number of connections (`connections_max`; one more is closed at once), and the time to send a
// request, to answer it, and to receive the response (`timeout` each). Requests on one connection
// are answered one after the other. Not for the open internet: there is neither TLS nor
// authentication.
#pragma once

#include "admin/http_request.h"
#include "base/result.h"
#include "net/listener.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace kvstash::net {
class Loop;
}

namespace kvstash::admin {

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

struct HttpServerOptions {
  net::ListenOptions listen;
  std::chrono::milliseconds timeout{10'000};
  size_t connections_max = 64;
};

class HttpServer;

// The right to answer one request, now or in a later turn of the loop. It is a value: copies answer
// the same request, and only the first answer is sent. An answer is dropped if the client has gone,
// or after `timeout`, when the client has got a 503. Must not be used after its server is
// destroyed, and only on the loop's thread.
class HttpResponder {
 public:
  void respond(const HttpResponse& response) const;

 private:
  friend class HttpServer;
  HttpResponder(HttpServer& server, uint64_t connection, uint64_t request)
      : server_(&server), connection_(connection), request_(request) {}

  HttpServer* server_;
  uint64_t connection_;
  uint64_t request_;
};

class HttpServer {
  struct Private {  // Only open() makes servers.
    explicit Private() = default;
  };

 public:
  // Called on the loop's thread for every request. It must not destroy the server.
  using Handler = std::function<void(const HttpRequest& request, HttpResponder responder)>;

  // Fails like net::Listener::tcp.
  static Result<std::unique_ptr<HttpServer>> open(net::Loop& loop, const HttpServerOptions& options,
                                                  Handler handler);

  HttpServer(Private, net::Loop& loop, const HttpServerOptions& options, Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // Closes all connections at once.

  uint16_t port() const { return listener_->port(); }
  size_t connection_count() const { return connections_.size(); }

 private:
  friend class HttpResponder;
  class Connection;

  void on_accepted(int fd);
  void respond(uint64_t connection, uint64_t request, const HttpResponse& response);
  void remove(uint64_t connection);

  net::Loop& loop_;
  const std::chrono::milliseconds timeout_;
  const size_t connections_max_;
  const Handler handler_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t connections_seen_ = 0;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace kvstash::admin
