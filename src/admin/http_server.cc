#include "admin/http_server.h"

#include "base/ensure.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/poll.h"
#include "net/socket.h"
#include "net/timer.h"
#include "net/transport.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace kvstash::admin {
namespace {

constexpr int kMethodNotAllowed = 405;
constexpr int kUnavailable = 503;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case kMethodNotAllowed:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case kUnavailable:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string format_response(const HttpResponse& response, bool is_head, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += reason_of(response.status);
  text += "\r\nContent-Type: " + response.content_type;
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (response.status == kMethodNotAllowed) text += "\r\nAllow: GET, HEAD";
  text += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (!is_head) text += response.body;
  return text;
}

// Makes a refusal whose body is the text of its status.
HttpResponse refusal(int status) {
  HttpResponse response;
  response.status = status;
  response.body = std::string(reason_of(status)) + "\n";
  return response;
}

}  // namespace

// The connection of one client. It is always in one state, and has `timeout` to leave it:
//
//   kReading --request--> kAnswering --respond()--> kWriting --sent--> kReading   (kept alive)
//      |                      |                        |
//      +------ refused -------+--- too late: 503 ------+--sent--> kDraining --end--> gone
//
// kDraining reads and drops the rest of the client's input: if we closed while the client still
// sends, its system would discard our response.
class HttpServer::Connection {
 public:
  Connection(HttpServer& server, uint64_t number, int fd)
      : server_(server),
        number_(number),
        transport_(net::Transport::plain(fd)),
        timer_(server.loop_, [this] { on_timeout(); }),
        poll_(server.loop_, fd, on_ready, this) {}

  bool ok() const { return poll_.ok(); }

  // These functions may destroy the connection, so callers must not touch it afterwards.
  void begin() {
    enter(State::kReading);
    pump();
  }
  void respond(uint64_t request, const HttpResponse& response) {
    if (state_ != State::kAnswering || request != request_number_) return;
    answer(response);
    if (!is_pumping_) pump();
  }

 private:
  enum class State : uint8_t { kReading, kAnswering, kWriting, kDraining, kGone };

  static void on_ready(void* context, net::Readiness) {
    auto& connection = *static_cast<Connection*>(context);
    if (connection.state_ == State::kReading) connection.receive();
    if (connection.state_ == State::kDraining) connection.drain();
    connection.pump();
  }

  void on_timeout() {
    if (state_ == State::kAnswering) {
      is_head_ = keep_alive_ = false;
      answer(refusal(kUnavailable));
    } else {
      state_ = State::kGone;
    }
    pump();
  }

  // Takes steps until it has to wait. That is bounded, as the input holds at most
  // kHttpHeadBytesMax.
  void pump() {
    is_pumping_ = true;
    while (advance()) {
    }
    is_pumping_ = false;
    if (state_ == State::kGone) return server_.remove(number_);
    poll_.watch(state_ == State::kReading || state_ == State::kDraining, state_ == State::kWriting);
  }

  // Takes one step. Returns false if there is nothing to do before the next event.
  bool advance() {
    if (state_ == State::kReading) return take_request();
    if (state_ == State::kWriting) return flush();
    return false;
  }

  void enter(State state) {
    state_ = state;
    timer_.start(server_.timeout_);
  }

  void receive() {
    std::array<char, kHttpHeadBytesMax> room;
    ensure(input_.size() < room.size());
    const net::IoResult got = transport_.read(std::span(room).first(room.size() - input_.size()));
    if (got.state == net::IoState::kDone) {
      input_.append(room.data(), got.bytes);
    } else if (got.state != net::IoState::kWouldBlock) {
      state_ = State::kGone;
    }
  }

  void drain() {
    std::array<char, kHttpHeadBytesMax> scrap;
    const net::IoResult got = transport_.read(scrap);
    if (got.state == net::IoState::kClosed || got.state == net::IoState::kFailed)
      state_ = State::kGone;
  }

  bool take_request() {
    HttpParsed parsed = parse_http_request(input_);
    if (parsed.status == 0) return false;
    input_.erase(0, parsed.bytes);
    enter(State::kAnswering);
    if (parsed.status != 200) {
      is_head_ = keep_alive_ = false;
      answer(refusal(parsed.status));
      return true;
    }
    is_head_ = parsed.request.is_head;
    keep_alive_ = parsed.request.keep_alive;
    ++request_number_;
    server_.handler_(parsed.request, HttpResponder(server_, number_, request_number_));
    return true;
  }

  void answer(const HttpResponse& response) {
    output_ = format_response(response, is_head_, keep_alive_);
    sent_bytes_ = 0;
    enter(State::kWriting);
  }

  bool flush() {
    const net::IoResult put = transport_.write(std::string_view(output_).substr(sent_bytes_));
    if (put.state == net::IoState::kWouldBlock) return false;
    if (put.state != net::IoState::kDone) {
      state_ = State::kGone;
      return false;
    }
    sent_bytes_ += put.bytes;
    if (sent_bytes_ < output_.size()) return true;
    output_ = {};  // An idle connection does not keep a page of metrics.
    if (!keep_alive_) transport_.shutdown();
    enter(keep_alive_ ? State::kReading : State::kDraining);
    return true;
  }

  HttpServer& server_;
  const uint64_t number_;
  State state_ = State::kReading;
  bool is_pumping_ = false;
  bool is_head_ = false;
  bool keep_alive_ = false;
  uint64_t request_number_ = 0;
  size_t sent_bytes_ = 0;
  std::string input_;  // At most kHttpHeadBytesMax.
  std::string output_;
  net::Transport transport_;
  net::Timer timer_;
  net::Poll poll_;  // Destroyed before the descriptor that it watches.
};

void HttpResponder::respond(const HttpResponse& response) const {
  server_->respond(connection_, request_, response);
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(net::Loop& loop,
                                                     const HttpServerOptions& options,
                                                     Handler handler) {
  auto server = std::make_unique<HttpServer>(Private(), loop, options, std::move(handler));
  Result<std::unique_ptr<net::Listener>> listener = net::Listener::tcp(
      loop, options.listen,
      [raw = server.get()](int fd, const net::Address&) { raw->on_accepted(fd); });
  if (!listener.ok()) return listener.error();
  server->listener_ = std::move(*listener);
  return server;
}

HttpServer::HttpServer(Private, net::Loop& loop, const HttpServerOptions& options, Handler handler)
    : loop_(loop),
      timeout_(options.timeout),
      connections_max_(options.connections_max),
      handler_(std::move(handler)) {}

HttpServer::~HttpServer() = default;

void HttpServer::on_accepted(int fd) {
  net::Fd guard(fd);
  if (connections_.size() >= connections_max_) {
    log(LogLevel::kVerbose, "HTTP connection refused: too many");
    return;
  }
  net::set_no_delay(fd);
  const uint64_t number = ++connections_seen_;
  auto connection = std::make_unique<Connection>(*this, number, guard.release());
  if (!connection->ok()) return;
  Connection& added = *connections_.emplace(number, std::move(connection)).first->second;
  added.begin();
}

void HttpServer::respond(uint64_t connection, uint64_t request, const HttpResponse& response) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) found->second->respond(request, response);
}

void HttpServer::remove(uint64_t connection) {
  connections_.erase(connection);
}

}  // namespace kvstash::admin
