#include "server/session_shell.h"

#include "base/log.h"
#include "base/numbers.h"
#include "server/shard_shell.h"

#include <limits>
#include <utility>

namespace kvstash::server {
namespace {

// Reads of one client in a turn. Input beyond this waits until the other clients had their turn.
constexpr int kReadsPerTurn = 4;
// So much is taken from a session's source at a time, and in a turn.
constexpr size_t kFeedBytes = size_t{128} << 10;
constexpr size_t kFedPerTurn = size_t{1} << 20;
constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
// A client that has not authenticated and takes none of its waiting replies is closed after this
// time.
constexpr int64_t kUnauthStallMs = 3000;

}  // namespace

void log_closed(const engine::Session& session, std::string_view why) {
  log(LogLevel::kNotice, "Client closed",
      {{"id", std::to_string(session.info.id)},
       {"addr", session.info.address},
       {"reason", std::string(why)}});
}

SessionShell::SessionShell(ShardShell& owner, net::Loop& loop, net::Transport transport)
    : owner_(&owner),
      transport_(std::move(transport)),
      session_(&owner.shard().clients().open(this)),
      progress_at_ms_(owner.shard().now_ms()),
      poll_(loop, transport_.fd(), &SessionShell::on_ready, this) {
  session_->info.fd = transport_.fd();
  session_->info.is_tls = transport_.is_tls();
  if (poll_.ok()) update_interest();
}

void SessionShell::on_ready(void* context, net::Readiness ready) {
  auto* shell = static_cast<SessionShell*>(context);
  ShardShell& owner = *shell->owner_;
  owner.shard().wake_up();
  // A session that waits in a blocking command is not read from, so a read would not find its end.
  if (ready.hung_up && shell->session_->waiter != nullptr) {
    owner.destroy(*shell);
    return;
  }
  const net::Readiness todo = shell->transport_.meaning(ready);
  const size_t unsent = shell->unsent_bytes();
  bool is_open = true;
  // A session that is about to resume has unparsed input; no more is read until that is used.
  const bool reads = shell->session_->stopped == 0 && !shell->session_->is_listed_resume;
  if (todo.readable && reads) is_open = shell->read();
  if (is_open && todo.writable) is_open = shell->flush();
  if (!is_open) {
    owner.destroy(*shell);
    return;
  }
  if (!todo.readable) return;
  shell->update_interest();
  if (const size_t now_unsent = shell->unsent_bytes(); now_unsent > unsent)
    owner.add_output(now_unsent - unsent);  // Must come last: it may destroy the shell.
}

void SessionShell::read_buffered() {
  on_ready(this, {.readable = true, .writable = false});
}

bool SessionShell::read() {
  engine::Shard& shard = owner_->shard();
  if (session_->is_authenticated) owner_->lend_output(*session_);
  for (int reads = 0; session_->stopped == 0; ++reads) {
    const std::span<char> room = shard.input_room(*session_);
    const net::IoResult got = transport_.read(room);
    shard.consume(*session_, got.state == net::IoState::kDone ? got.bytes : 0);
    if (got.state == net::IoState::kClosed || got.state == net::IoState::kFailed) return false;
    if (got.state == net::IoState::kWouldBlock) break;
    const bool has_more =
        transport_.has_buffered() || (got.bytes == room.size() && reads < kReadsPerTurn);
    if (!has_more) break;
  }
  return true;
}

// Drops bytes that were sent, so that a client that never reads everything does not keep them all.
void SessionShell::drop_sent() {
  constexpr size_t kSentBytesKept = size_t{256} << 10;
  if (!has_unsent() || session_->sent < kSentBytesKept || session_->sent < unsent_bytes()) return;
  session_->replies.drop_sent(std::exchange(session_->sent, 0));
  session_->replies.out().shrink();
}

// Writes what there is, and then what the session's source has, as far as the socket takes it.
// False: the connection is over.
bool SessionShell::send() {
  size_t fed = 0;
  do {
    if (!write_out()) return false;
  } while (feed(fed));
  owner_->shard().clients().settle_output(*session_);
  return true;
}

// Takes more from the session's source, once all that it had is sent. False: there is nothing, or
// it was enough for this turn.
bool SessionShell::feed(size_t& fed) {
  if (session_->source == nullptr || is_socket_full_ || has_unsent()) return false;
  const bool is_answered = session_->replies.waiting() == 0 && session_->replies.bytes() == 0;
  if (!is_answered || session_->awaits_reply()) return false;
  if (fed >= kFedPerTurn) {
    if (session_->source->has_more()) owner_->feed_soon(*session_);
    return false;
  }
  const std::string_view more = session_->source->next(kFeedBytes);
  if (more.empty()) return false;
  owner_->lend_output(*session_);
  session_->replies.feed(more);
  fed += more.size();
  return true;
}

// Writes as much as the socket takes. False: the connection is over.
bool SessionShell::write_out() {
  const std::string_view out = session_->replies.sendable();
  is_socket_full_ = false;
  while (session_->sent < out.size()) {
    const net::IoResult put = transport_.write(out.substr(session_->sent));
    if (put.state == net::IoState::kWouldBlock) {
      is_socket_full_ = true;
      break;
    }
    if (put.state != net::IoState::kDone) return false;
    session_->sent += put.bytes;
    session_->info.output_bytes += put.bytes;
    owner_->shard().stats().net_output_bytes += put.bytes;
    ++owner_->shard().stats().writes;
    progress_at_ms_ = owner_->shard().now_ms();
    session_->note_activity(progress_at_ms_);
  }
  if (!session_->replies.has_begun()) {  // Otherwise the rest of a reply will be appended.
    drop_sent();
    trim_output();
  }
  return true;
}

bool SessionShell::flush() {
  // As in Redis the hard limit is checked before sending, too: it also bounds what one turn may
  // produce.
  if (is_over_hard_limit() || !send() || is_over_output_limit(owner_->shard().now_ms()))
    return false;
  if ((session_->stopped & engine::kStopClosing) != 0 && !has_unsent() &&
      session_->under_way == 0) {
    if (!session_->close_reason.empty()) log_closed(*session_, session_->close_reason);
    transport_.shutdown();
    return false;
  }
  update_interest();
  return true;
}

net::Readiness SessionShell::interest_while_busy() const {
  if (has_ended_) return {};
  const bool reads = session_->stopped == 0 && !session_->awaits_reply();
  return transport_.interest({.readable = reads, .writable = is_socket_full_});
}

void SessionShell::serve_while_busy(net::Readiness ready) {
  const net::Readiness todo = transport_.meaning(ready);
  if (todo.readable && session_->stopped == 0 && !session_->awaits_reply()) has_ended_ = !read();
  if (todo.writable) owner_->shard().clients().note_ready(*session_);
}

void SessionShell::send_while_busy() {
  if (has_ended_) return;
  has_ended_ = !send();
  const bool is_closing = (session_->stopped & engine::kStopClosing) != 0;
  if (has_ended_ || !is_closing || has_unsent() || session_->awaits_reply()) return;
  transport_.shutdown();
  has_ended_ = true;
}

void SessionShell::trim_output() {
  if (has_unsent()) return;
  session_->replies.drop_sent(std::exchange(session_->sent, 0));
  owner_->return_output(*session_);
}

void SessionShell::update_interest() {
  const bool wants_input = session_->stopped == 0;
  session_->is_input_off = !wants_input;
  // A session that was stopped in the middle of a read goes on with what the read left behind.
  if (wants_input && transport_.has_buffered()) [[unlikely]]
    owner_->note_buffered(*this);
  const net::Readiness watch =
      transport_.interest({.readable = wants_input, .writable = is_socket_full_});
  poll_.watch(watch.readable, watch.writable, session_->waiter != nullptr);
}

const engine::OutputBufferLimit& SessionShell::output_limit() const {
  const auto client_class = static_cast<size_t>(session_->client_class());
  return owner_->shard().options().client_output_buffer_limit[client_class];
}

bool SessionShell::is_over_hard_limit() {
  const uint64_t hard_bytes = output_limit().hard_bytes;
  if (hard_bytes == 0 || session_->unsent_bytes() <= hard_bytes) return false;
  log_closed(*session_, "output buffer limit passed");
  ++owner_->shard().stats().output_limit_passed;
  return true;
}

bool SessionShell::is_over_output_limit(int64_t now_ms) {
  if (is_over_hard_limit()) return true;
  const engine::OutputBufferLimit& limit = output_limit();
  const uint64_t unsent = session_->unsent_bytes();
  if (limit.soft_bytes == 0 || unsent <= limit.soft_bytes) {
    over_soft_since_ms_ = 0;
    return false;
  }
  if (over_soft_since_ms_ == 0) over_soft_since_ms_ = now_ms;
  if (now_ms - over_soft_since_ms_ <= checked_mul(limit.soft_s, 1000).value_or(kForEver))
    return false;
  log_closed(*session_, "output buffer over its soft limit for too long");
  ++owner_->shard().stats().output_limit_passed;
  return true;
}

bool SessionShell::check_limits(int64_t now_ms) {
  trim_output();  // An unused output buffer goes back.
  const engine::EngineOptions& options = owner_->shard().options();
  const int64_t idle_s = (now_ms - session_->info.active_ms) / 1000;
  const int64_t timeout_s = owner_->net_options().timeout_s;
  if (timeout_s != 0 && idle_s > timeout_s && session_->is_idle()) {
    log(LogLevel::kVerbose, "Closing idle client", {{"addr", session_->info.address}});
    return false;
  }
  owner_->shard().clients().settle_output(*session_);  // Other clients may have made room.
  const int64_t stalled = stalled_ms(now_ms);
  if (!session_->is_authenticated && stalled > kUnauthStallMs) {
    log_closed(*session_, "it has not authenticated, and does not read its replies");
    return false;
  }
  const uint64_t own_limit = options.client_unsent_reply_limit_bytes;
  if (options.client_stall_timeout_s != 0 && stalled > options.client_stall_timeout_s * 1000 &&
      own_limit != 0 && session_->unsent_bytes() > own_limit / 2) {
    log_closed(*session_, "it does not read its replies");
    return false;
  }
  return !is_over_output_limit(now_ms);
}

int64_t SessionShell::stalled_ms(int64_t now_ms) const {
  const bool is_held = (session_->stopped & engine::kStopOutput) != 0;
  return is_held && session_->unsent_bytes() != 0 ? now_ms - progress_at_ms_ : 0;
}

}  // namespace kvstash::server
