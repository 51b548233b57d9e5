// SimClient: a client of a simulated node, with memory in place of a socket. Everything that it
// receives has a time.
//
// Made by SimNode::connect. When its shard is stepped, the shard reads the bytes that the client
// has sent, in pieces of random sizes; the client receives output as soon as the shard has written
// it.
#pragma once

#include "base/ensure.h"
#include "engine/client/session.h"
#include "resp/reply_parser.h"
#include "resp/request_text.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

class SimShard;

// A reply or a push, and the time at which it came, in milliseconds since the simulation began.
struct SimReply {
  resp::Reply reply;
  double at_ms = 0;

  bool is_push() const { return reply.type == resp::Reply::Type::kPush; }
};

// A reply as one line, for comparisons.
inline std::string text_of(const resp::Reply& reply) {
  using Type = resp::Reply::Type;
  if (reply.is_aggregate()) {
    std::string text = reply.type == Type::kPush ? ">[" : "[";
    for (size_t i = 0; i < reply.items.size(); ++i)
      text += (i == 0 ? "" : " ") + text_of(reply.items[i]);
    return text + "]";
  }
  if (reply.is_null()) return "nil";
  if (reply.is_error()) return "-" + reply.text;
  if (reply.type == Type::kInteger || reply.type == Type::kBoolean)
    return std::to_string(reply.integer);
  return reply.text;
}

class SimClient {
 public:
  using Words = std::vector<std::string>;

  // Sends a command as it would be typed, without quotes.
  void say(std::string_view line) { send_bytes(std::string(line) + "\r\n"); }
  // Sends a command whose words may be any bytes.
  void say(const Words& words) {
    const std::vector<std::string_view> argv(words.begin(), words.end());
    std::string bytes;
    resp::append_request(bytes, argv);
    send_bytes(bytes);
  }
  void send_bytes(std::string_view bytes);
  // Sends a command at a later time, in milliseconds since the simulation began.
  void say_at(double ms, std::string_view line);
  // Closes the connection without waiting for replies. Bytes that it has sent before may be lost.
  void hang_up();
  // Stops or starts reading. Bytes that waited meanwhile come at once.
  void set_reading(bool reads);

  // The next reply or push that has come and was not taken yet.
  std::optional<SimReply> take() {
    const std::string_view unread = std::string_view(heard_).substr(taken_);
    resp::Reply reply;
    const resp::ReplyOutcome outcome = parser_.parse(unread, reply);
    ensure(outcome.kind != resp::ReplyOutcome::Kind::kError);
    if (outcome.kind == resp::ReplyOutcome::Kind::kIncomplete) return std::nullopt;
    taken_ += outcome.consumed;
    while (arrivals_.front().end < taken_)
      arrivals_.pop_front();
    return SimReply{std::move(reply), arrivals_.front().at_ms};
  }
  // Takes the next reply or push as a line of text; "(nothing)" if none has come.
  std::string take_text() {
    const std::optional<SimReply> next = take();
    return next ? text_of(next->reply) : "(nothing)";
  }

  // All that the client ever received, with the times at which it came.
  const std::string& transcript() const { return transcript_; }
  bool is_open() const { return session_ != nullptr; }  // As of its shard's last step.
  uint64_t id() const { return session_->info.id; }     // Only of an open client.
  size_t home() const { return home_; }

 private:
  friend class SimShard;
  friend class SimNode;

  struct Arrival {
    size_t end;  // Of heard_.
    double at_ms;
  };

  void hear(std::string_view bytes, double at_ms) {
    if (bytes.empty()) return;
    heard_ += bytes;
    arrivals_.push_back({heard_.size(), at_ms});
    transcript_ += std::to_string(at_ms) + " ";
    transcript_ += bytes;
  }

  SimShard* shard_ = nullptr;
  size_t home_ = 0;
  engine::Session* session_ = nullptr;
  std::string sent_;
  size_t read_ = 0;  // Bytes of sent_ that the shard has read.
  bool is_new_ = true;
  bool is_listed_ = false;
  bool leaves_ = false;
  bool reads_ = true;

  resp::ReplyParser parser_;
  std::string heard_;
  size_t taken_ = 0;  // Of heard_.
  std::deque<Arrival> arrivals_;
  std::string transcript_;
};

}  // namespace kvstash::test
