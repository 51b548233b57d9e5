#include "replication/link/replica_link.h"

#include "base/ensure.h"
#include "base/numbers.h"
#include "replication/history.h"
#include "resp/request_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kvstash::replication {
namespace {

constexpr int64_t kRetryMs = 1000;
constexpr int64_t kAckMs = 1000;
// Redis passes over an acknowledgement that comes too early behind a snapshot, and then sends no
// stream before the next one. So the first ones are sent sooner, until the stream begins.
constexpr int64_t kEarlyAckMs = 100;
constexpr int kEarlyAcks = 10;
constexpr size_t kLineBytesMax = 1024;

// Removes the next word from `text`, and the blanks behind it.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  while (text.starts_with(' '))
    text.remove_prefix(1);
  return word;
}

}  // namespace

std::string_view link_state_name(LinkState state) {
  switch (state) {
    case LinkState::kNone:
      return "none";
    case LinkState::kConnect:
      return "connect";
    case LinkState::kDialing:
      return "connecting";
    case LinkState::kHandshake:
      return "handshake";
    case LinkState::kReceiving:
    case LinkState::kLoading:
      return "sync";
    case LinkState::kStreaming:
      return "connected";
  }
  ensure(false);
  return "";
}

std::vector<LinkAction> ReplicaLink::step(const LinkEvent& event, int64_t now_ms) {
  now_ms_ = now_ms;
  std::visit([this](const auto& what) { on(what); }, event);
  return std::exchange(actions_, {});
}

// ---- Events.

void ReplicaLink::on(const LinkStarts&) {
  ensure(state_ == LinkState::kNone);
  down_since_ms_ = now_ms_;
  dial_at_ms_ = now_ms_;
  state_ = LinkState::kConnect;
  on(LinkTimer{});
}

void ReplicaLink::on(const LinkDialed& event) {
  ensure(state_ == LinkState::kDialing);
  state_ = LinkState::kHandshake;
  heard_ms_ = now_ms_;
  have_ = event.have;
  takes_over_ = event.takes_over;
  full_.reset();
  line_.clear();
  due_ = {Due::kPing};
  tell(LogLevel::kNotice, "Non blocking connect for SYNC fired the event.");
  send({"PING"});
}

void ReplicaLink::on(const LinkReceived& event) {
  heard_ms_ = now_ms_;
  std::string_view bytes = event.bytes;
  while (!bytes.empty()) {
    switch (state_) {
      case LinkState::kHandshake:
        bytes.remove_prefix(read_lines(bytes));
        break;
      case LinkState::kReceiving:
        bytes.remove_prefix(receive(bytes));
        break;
      case LinkState::kLoading:
      case LinkState::kStreaming:
        early_acks_left_ = 0;
        actions_.emplace_back(StreamBytes{bytes});
        return;
      case LinkState::kNone:
      case LinkState::kConnect:
      case LinkState::kDialing:
        return;  // The link has hung up meanwhile.
    }
  }
}

void ReplicaLink::on(const LinkLost& event) {
  if (state_ == LinkState::kDialing) {
    tell(LogLevel::kWarning, fmt::format("Error condition on socket for SYNC: {}", event.why));
  } else if (state_ == LinkState::kStreaming) {
    tell(LogLevel::kNotice, "Connection with master lost.");
  } else {
    tell(LogLevel::kWarning, fmt::format("I/O error trying to sync with MASTER: {}",
                                         event.why.empty() ? "connection lost" : event.why));
  }
  give_up();
}

void ReplicaLink::on(const SnapshotLoaded& event) {
  if (state_ != LinkState::kLoading) return;  // The connection was lost meanwhile.
  state_ = LinkState::kStreaming;
  early_acks_left_ = kEarlyAcks;
  full_.reset();
  has_snapshot_ = false;
  tell(LogLevel::kNotice, "MASTER <-> REPLICA sync: Finished with success");
  // A primary that did not know the size waits for this before it sends the stream.
  acknowledge(event.progress);
}

void ReplicaLink::on(const SnapshotRefused& event) {
  if (state_ != LinkState::kLoading && state_ != LinkState::kReceiving) return;
  has_snapshot_ = false;  // Who refuses it has dropped it.
  fail(event.why);
}

void ReplicaLink::on(const LinkTimer& event) {
  const bool is_late = now_ms_ - heard_ms_ > options_.timeout_ms;
  switch (state_) {
    case LinkState::kNone:
      return;
    case LinkState::kConnect:
      if (now_ms_ < dial_at_ms_) return;
      state_ = LinkState::kDialing;
      heard_ms_ = now_ms_;
      tell(LogLevel::kNotice, "MASTER <-> REPLICA sync started");
      actions_.emplace_back(DialPrimary{});
      return;
    case LinkState::kDialing:
    case LinkState::kHandshake:
      if (is_late) fail("Timeout connecting to the MASTER...");
      return;
    case LinkState::kReceiving:
      if (is_late) {
        fail(
            "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
            "'repl-timeout' parameter in redis.conf to a larger value.");
        return;
      }
      [[fallthrough]];
    case LinkState::kLoading:  // The primary may be silent, and must not take this end for dead.
      if (now_ms_ - sent_ms_ < kAckMs) return;
      sent_ms_ = now_ms_;
      actions_.emplace_back(SendToPrimary{"\n"});
      return;
    case LinkState::kStreaming:
      if (is_late) {
        fail("MASTER timeout: no data nor PING received...");
        return;
      }
      if (now_ms_ - sent_ms_ < (early_acks_left_ > 0 ? kEarlyAckMs : kAckMs)) return;
      early_acks_left_ = std::max(early_acks_left_ - 1, 0);
      acknowledge(event.progress);
      return;
  }
}

void ReplicaLink::on(const AckAsked& event) {
  if (state_ == LinkState::kStreaming) acknowledge(event.progress);
}

// ---- Greeting.

// Takes lines while answers are due. Returns how many bytes it took.
size_t ReplicaLink::read_lines(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '\n') {
      line_ += bytes[at];
      if (line_.size() <= kLineBytesMax) continue;
      fail("the primary answers with a line without an end");
      return at + 1;
    }
    if (line_.ends_with('\r')) line_.pop_back();
    if (line_.empty()) continue;  // A sign of life.
    take_answer(std::exchange(line_, ""));
    if (!is_greeting()) return at + 1;
  }
  return bytes.size();
}

void ReplicaLink::take_answer(std::string_view line) {
  ensure(!due_.empty());
  const Due due = due_.front();
  due_.pop_front();
  const bool is_error = line.starts_with('-');
  const auto ignore = [&](std::string_view what) {
    if (is_error)
      tell(LogLevel::kNotice,
           fmt::format("(Non critical) Master does not understand {}: {}", what, line));
  };
  switch (due) {
    case Due::kPing:
      return take_pong(line);
    case Due::kLogin:
      if (is_error) fail(fmt::format("Unable to AUTH to MASTER: {}", line));
      break;
    case Due::kPort:
      ignore("REPLCONF listening-port");
      break;
    case Due::kIp:
      ignore("REPLCONF ip-address");
      break;
    case Due::kCapabilities:
      ignore("REPLCONF capa");
      break;
    case Due::kVersion:  // Redis does not know it.
      break;
    case Due::kPsync:
      return take_psync(line);
  }
  if (is_greeting() && due_.empty()) ask();
}

// A primary that wants a login, or forbids PING, answers all the same.
void ReplicaLink::take_pong(std::string_view line) {
  if (!line.starts_with('+') && !line.starts_with("-NOAUTH") && !line.starts_with("-NOPERM") &&
      !line.starts_with("-ERR operation not permitted"))
    return fail(fmt::format("Error reply to PING from master: '{}'", line));
  tell(LogLevel::kNotice, "Master replied to PING, replication can continue...");
  greet();
}

void ReplicaLink::greet() {
  const auto say = [this](Due due, std::vector<std::string_view> argv) {
    due_.push_back(due);
    send(std::move(argv));
  };
  if (!options_.password.empty() && options_.user.empty())
    say(Due::kLogin, {"AUTH", options_.password});
  if (!options_.password.empty() && !options_.user.empty())
    say(Due::kLogin, {"AUTH", options_.user, options_.password});
  const std::string port = std::to_string(options_.listening_port);
  say(Due::kPort, {"REPLCONF", "listening-port", port});
  if (!options_.announced_ip.empty())
    say(Due::kIp, {"REPLCONF", "ip-address", options_.announced_ip});
  say(Due::kCapabilities, {"REPLCONF", "capa", "eof", "capa", "psync2"});
  if (!options_.version.empty()) say(Due::kVersion, {"REPLCONF", "version", options_.version});
}

void ReplicaLink::ask() {
  due_ = {Due::kPsync};
  if (!have_) {
    tell(LogLevel::kNotice, "Partial resynchronization not possible (no cached master)");
    send({"PSYNC", "?", "-1"});
    return;
  }
  // The first byte that is missing has the number behind the offset.
  const std::string next = std::to_string(have_->offset + 1);
  tell(LogLevel::kNotice,
       fmt::format("Trying a partial resynchronization (request {}:{}).", have_->replid, next));
  if (takes_over_) return send({"PSYNC", have_->replid, next, "FAILOVER"});
  send({"PSYNC", have_->replid, next});
}

void ReplicaLink::take_psync(std::string_view line) {
  std::string_view rest = line;
  const std::string_view word = take_word(rest);
  if (std::exchange(takes_over_, false) && have_)
    actions_.emplace_back(
        TakeOverAnswered{.is_accepted = word == "+FULLRESYNC" || word == "+CONTINUE"});
  if (word == "+FULLRESYNC") return take_full(rest);
  if (word == "+CONTINUE") return take_continue(rest);
  if (word == "-NOMASTERLINK" || word == "-LOADING")
    return fail(
        fmt::format("Master is currently unable to PSYNC but should be in the future: {}", line));
  fail(fmt::format("Unexpected reply to PSYNC from master: {}", line));
}

void ReplicaLink::take_full(std::string_view rest) {
  const std::string_view replid = take_word(rest);
  const std::optional<uint64_t> offset = parse_uint64(rest);
  if (!is_replid(replid) || !offset) return fail("Master replied with wrong +FULLRESYNC syntax.");
  full_ = StreamPlace{.replid = std::string(replid), .offset = *offset};
  frame_ = {};
  state_ = LinkState::kReceiving;
  tell(LogLevel::kNotice, fmt::format("Full resync from master: {}:{}", replid, *offset));
}

void ReplicaLink::take_continue(std::string_view rest) {
  if (!have_) return fail("Master goes on with a stream that was not asked for");
  const std::string_view said = take_word(rest);
  if (!said.empty() && !is_replid(said)) return fail("Master replied with wrong +CONTINUE syntax.");
  const std::string replid(said.empty() ? have_->replid : said);
  tell(LogLevel::kNotice, "Successful partial resynchronization with master.");
  if (replid != have_->replid)
    tell(LogLevel::kNotice, fmt::format("Master replication ID changed to {}", replid));
  state_ = LinkState::kStreaming;
  sent_ms_ = now_ms_ - kAckMs;  // The next timer acknowledges.
  actions_.emplace_back(StreamContinues{replid});
}

// ---- The snapshot.

size_t ReplicaLink::receive(std::string_view bytes) {
  const Result<SnapshotFrame::Found> found = frame_.feed(bytes);
  if (!found.ok()) {
    fail(found.error().message());
    return bytes.size();
  }
  if (found->has_begun) {
    if (frame_.size()) {
      tell(LogLevel::kNotice,
           fmt::format("MASTER <-> REPLICA sync: receiving {} bytes from master", *frame_.size()));
    } else {
      tell(LogLevel::kNotice, "MASTER <-> REPLICA sync: receiving streamed RDB from master");
    }
    actions_.emplace_back(SnapshotBegins{.place = *full_, .bytes = frame_.size()});
    has_snapshot_ = true;
  }
  for (const std::string_view part : {found->first, found->second}) {
    if (!part.empty()) actions_.emplace_back(SnapshotBytes{part});
  }
  if (found->has_ended) {
    state_ = LinkState::kLoading;
    actions_.emplace_back(SnapshotEnds{});
  }
  return found->consumed;
}

// ---- Saying.

void ReplicaLink::send(std::vector<std::string_view> argv) {
  std::string bytes;
  resp::append_request(bytes, argv);
  actions_.emplace_back(SendToPrimary{std::move(bytes)});
}

void ReplicaLink::acknowledge(const ReplicaProgress& progress) {
  sent_ms_ = now_ms_;
  const std::string applied = std::to_string(progress.applied);
  if (!progress.durable) return send({"REPLCONF", "ACK", applied});
  const std::string durable = std::to_string(*progress.durable);
  send({"REPLCONF", "ACK", applied, "FACK", durable});
}

void ReplicaLink::tell(LogLevel level, std::string text) {
  actions_.emplace_back(LinkTells{level, std::move(text)});
}

// ---- Giving up.

void ReplicaLink::fail(std::string_view why) {
  tell(LogLevel::kWarning, std::string(why));
  actions_.emplace_back(HangUp{});
  give_up();
}

void ReplicaLink::give_up() {
  if (state_ == LinkState::kStreaming) down_since_ms_ = now_ms_;
  if (std::exchange(has_snapshot_, false)) actions_.emplace_back(SnapshotDropped{});
  full_.reset();
  due_.clear();
  dial_at_ms_ = now_ms_ + kRetryMs;
  state_ = LinkState::kConnect;
}

}  // namespace kvstash::replication
