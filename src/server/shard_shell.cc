#include "server/shard_shell.h"

#include "base/clock.h"
#include "base/log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kvstash::server {
namespace {

constexpr int64_t kCheckPeriodMs = 1000;
constexpr int64_t kNotSet = std::numeric_limits<int64_t>::max();
// The largest output buffer that is kept for the next client. A batch of 64 replies of a kilobyte
// must fit into one, or every batch would grow its buffer again.
constexpr size_t kSpareOutputBytesMax = size_t{256} << 10;
constexpr size_t kSpareOutputsBytesMax = size_t{4} << 20;  // All kept buffers together.
constexpr size_t kSpareOutputsMax = 64;
constexpr size_t kTurnOutputBytesMax = size_t{256} << 10;

}  // namespace

ShardShell::ShardShell(engine::Shard& shard, const net::NetOptions& options)
    : shard_(&shard),
      net_options_(&options),
      wake_(loop_, [this] { shard_->wake_up(); }),
      alarm_(loop_, [this] { alarm_at_ns_ = kNotSet; }),
      alarm_at_ns_(kNotSet) {
  shard_->set_port(*this);
}

ShardShell::~ShardShell() = default;

void ShardShell::run() {
  while (!stops_) {
    bool is_busy = shard_->finish_turn();
    is_busy = read_buffered() || is_busy;
    // Clients are also checked after the wall clock was set back.
    const int64_t to_check_ms = check_at_ms_ - shard_->now_ms();
    if (to_check_ms <= 0 || to_check_ms > kCheckPeriodMs) check_clients();
    if (shard_->is_draining && !is_drained() && is_quiet())
      is_drained_.store(true, std::memory_order_release);
    if (!is_busy) {
      is_busy = !set_alarm() || !shard_->traffic().prepare_sleep();
    }
    if (is_busy) {
      loop_.run_nowait();
    } else {
      loop_.run_once();
    }
  }
  sessions_.clear();
}

// Sets the alarm for the shard's next event. An alarm that goes off earlier is left alone: the loop
// then calls this again. False: the event is due now.
bool ShardShell::set_alarm() {
  const int64_t next_ns = shard_->next_event_ns();
  if (next_ns >= alarm_at_ns_) return true;
  if (next_ns <= monotonic_ns()) return false;
  alarm_at_ns_ = next_ns;
  alarm_.set(next_ns);
  return true;
}

void ShardShell::note_buffered(SessionShell& shell) {
  if (std::ranges::find(buffered_, &shell) == buffered_.end()) buffered_.push_back(&shell);
}

// True: some had bytes, and the shard has work. Reading may destroy any of the shells.
bool ShardShell::read_buffered() {
  bool has_read = false;
  for (size_t left = buffered_.size(); left != 0 && !buffered_.empty(); --left) {
    SessionShell* shell = buffered_.front();
    buffered_.erase(buffered_.begin());
    shell->read_buffered();
    has_read = true;
  }
  return has_read;
}

void ShardShell::open(NewClient client) {
  shard_->wake_up();
  auto shell = std::make_unique<SessionShell>(*this, loop_, std::move(client.transport));
  engine::Session& session = shell->session();
  session.info.address = std::move(client.address);
  session.info.local_address = std::move(client.local_address);
  session.info.is_unix_socket = client.is_unix_socket;
  session.info.is_local = client.is_local;
  SessionShell* key = shell.get();
  sessions_.emplace(key, std::move(shell));
  if (!key->ok()) destroy(*key);
}

void ShardShell::destroy(SessionShell& shell) {
  engine::Session& session = shell.session();
  session.shell = nullptr;
  const auto at = sessions_.find(&shell);
  ensure(at != sessions_.end());
  const std::unique_ptr<SessionShell> owned = std::move(at->second);
  sessions_.erase(at);
  std::erase(buffered_, &shell);
  connections_.fetch_sub(1, std::memory_order_relaxed);
  shard_->set().session_count.fetch_sub(1, std::memory_order_relaxed);
  shard_->clients().close(session);
}

void ShardShell::close_session(engine::Session& session) {
  if (!session.close_reason.empty()) log_closed(session, session.close_reason);
  if (session.shell != nullptr) destroy(*static_cast<SessionShell*>(session.shell));
}

void ShardShell::flush_sessions() {
  turn_output_bytes_ = 0;
  if (shard_->set().evicts_clients_soon.load(std::memory_order_relaxed)) return;
  for (engine::Session* session : shard_->clients().take_ready()) {
    auto* shell = static_cast<SessionShell*>(session->shell);
    if (shell != nullptr && !shell->flush()) destroy(*shell);
  }
}

// Reads from the sockets without the loop, because this may be called inside a callback of the
// loop. A connection that has ended is closed by the loop later.
void ShardShell::read_while_busy() {
  if (accept_) accept_();
  look_.clear();
  looked_at_.clear();
  for (const auto& [shell, owned] : sessions_) {
    const net::Readiness wanted = shell->interest_while_busy();
    if (!wanted.readable && !wanted.writable) continue;
    look_.add(shell->transport().fd(), wanted);
    looked_at_.push_back(shell);
  }
  look_.take();
  for (size_t i = 0; i < looked_at_.size(); ++i)
    looked_at_[i]->serve_while_busy(look_.ready(i));
}

void ShardShell::send_while_busy() {
  for (engine::Session* session : shard_->clients().ready()) {
    if (session->shell != nullptr) static_cast<SessionShell*>(session->shell)->send_while_busy();
  }
}

void ShardShell::lend_output(engine::Session& session) {
  resp::ReplyBuffer& out = session.replies.out();
  if (out.capacity() != 0 || spare_outputs_.empty()) return;
  out = spare_outputs_.pop();
  spare_outputs_bytes_ -= out.capacity();
}

void ShardShell::return_output(engine::Session& session) {
  resp::ReplyBuffer& out = session.replies.out();
  const size_t bytes = out.capacity();
  if (bytes == 0) return;
  if (bytes > kSpareOutputBytesMax || spare_outputs_bytes_ + bytes > kSpareOutputsBytesMax ||
      spare_outputs_.size() == kSpareOutputsMax) {
    out.release();
    return;
  }
  out.clear();
  spare_outputs_bytes_ += bytes;
  spare_outputs_.push(std::move(out));
}

void ShardShell::feed_soon(const engine::Session& session) {
  shard_->set().submit(shard_->id(), [id = session.info.id](engine::Shard& shard) {
    if (engine::Session* found = shard.clients().find(id)) shard.clients().note_ready(*found);
  });
}

void ShardShell::add_output(size_t bytes) {
  turn_output_bytes_ += bytes;
  if (turn_output_bytes_ >= kTurnOutputBytesMax) shard_->release().send();
}

void ShardShell::trim_outputs() {
  for (const resp::ReplyBuffer& idle : spare_outputs_.take_idle())
    spare_outputs_bytes_ -= idle.capacity();
}

void ShardShell::check_clients() {
  const int64_t now_ms = shard_->now_ms();
  check_at_ms_ = now_ms + kCheckPeriodMs;
  trim_outputs();
  std::vector<SessionShell*> over;
  for (const auto& [shell, owned] : sessions_) {
    if (!shell->check_limits(now_ms)) over.push_back(shell);
  }
  for (SessionShell* shell : over)
    destroy(*shell);
  close_stalled(now_ms);
}

// Called when unread replies may exceed the limit for all clients of all shards. Closes, largest
// first, clients that are held back because of unread replies and have read nothing for too long.
void ShardShell::close_stalled(int64_t now_ms) {
  const int64_t timeout_ms = shard_->options().client_stall_timeout_s * 1000;
  engine::ShardSet& set = shard_->set();
  while (timeout_ms != 0 && set.client_bytes().unsent > set.unsent_limit()) {
    SessionShell* largest = nullptr;
    for (const auto& [shell, owned] : sessions_) {
      if (shell->stalled_ms(now_ms) <= timeout_ms) continue;
      if (largest == nullptr || shell->unsent_bytes() > largest->unsent_bytes()) largest = shell;
    }
    if (largest == nullptr) return;
    log_closed(largest->session(), "it does not read, and client-unsent-total-limit is passed");
    ++shard_->stats().unsent_limit_passed;
    destroy(*largest);
  }
}

void ShardShell::drain() {
  shard_->is_draining = true;
}

void ShardShell::undrain() {
  shard_->is_draining = false;
  is_drained_.store(false, std::memory_order_release);
  for (const auto& [shell, owned] : sessions_)
    shard_->clients().go_on(shell->session(), engine::kStopDrain);
}

bool ShardShell::is_quiet() const {
  return std::ranges::all_of(sessions_, [](const auto& pair) {
    engine::Session& session = pair.first->session();
    const bool is_fed = session.source != nullptr && session.source->has_more();
    return !pair.first->has_unsent() && !is_fed && session.under_way == 0;
  });
}

}  // namespace kvstash::server
