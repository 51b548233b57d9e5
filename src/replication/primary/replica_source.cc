#include "replication/primary/replica_source.h"

#include "base/ensure.h"
#include "base/log.h"
#include "engine/shard.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {
namespace {

using engine::ClientClass;
using engine::Session;
using engine::Shard;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNewlinePeriodMs = 1000;

// "ip:port" without its port, and without the brackets of an IPv6 address.
std::string ip_of(std::string_view address) {
  address = address.substr(0, address.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

}  // namespace

ReplicaSource::ReplicaSource(const Shared& shared, Session& session, Shard& shard)
    : shared_(shared), session_(&session), shard_(&shard) {
  entry_.session = session.info.id;
  entry_.shard = shard.id();
  entry_.ip = ip_of(session.info.address);
}

ReplicaSource::~ReplicaSource() {
  if (!is_replica()) return;
  shared_.wakes->remove(entry_.shard, entry_.session);
  shared_.roster->remove(entry_.session);
  log(LogLevel::kNotice, "Connection with replica " + entry_.name() + " lost.");
}

int64_t ReplicaSource::mono_ms() const {
  return shard_->set().clock().monotonic_ns() / kNsPerMs;
}

void ReplicaSource::note_facts() {
  if (!entry_.facts.announced_ip.empty()) entry_.ip = entry_.facts.announced_ip;
  if (is_replica()) shared_.roster->put(entry_);
}

void ReplicaSource::note_acked() {
  if (!is_replica()) return;
  entry_.ack.applied = shared_.journal->lsn_at(entry_.facts.acked);
  if (entry_.facts.durable) entry_.ack.durable = shared_.journal->lsn_at(*entry_.facts.durable);
  shared_.roster->put(entry_);
  if (!awaits_ack_) return;
  awaits_ack_ = false;
  shard_->clients().note_ready(*session_);
}

void ReplicaSource::set_state(ReplicaState state) {
  if (!is_replica()) shared_.wakes->add(entry_.shard, entry_.session);
  // A replica sends no commands whose replies it reads.
  session_->reply_mode = engine::ReplyMode::kOff;
  entry_.state = state;
  entry_.since_ms = mono_ms();
  shared_.roster->put(entry_);
}

void ReplicaSource::begin_stream(std::string answer, std::unique_ptr<StreamCursor> cursor) {
  ensure(entry_.state == ReplicaState::kGreets);
  text_ = std::move(answer);
  // It has what is before the place that it goes on from.
  entry_.facts.acked = cursor->offset();
  entry_.ack.applied = shared_.journal->lsn_at(cursor->offset());
  cursor_ = std::move(cursor);
  set_state(ReplicaState::kOnline);
}

void ReplicaSource::begin_waiting(bool is_silent) {
  ensure(entry_.state == ReplicaState::kGreets);
  entry_.is_silent = is_silent;
  entry_.facts.acked = 0;
  entry_.facts.durable.reset();
  newline_ms_ = mono_ms();
  set_state(ReplicaState::kWaits);
}

void ReplicaSource::begin_snapshot(Sync sync) {
  ensure(entry_.state == ReplicaState::kWaits);
  text_ += sync.answer;
  snapshot_.emplace(std::move(sync.feed));
  has_mark_ = sync.has_mark;
  cursor_ = std::move(sync.cursor);
  set_state(ReplicaState::kReceives);
}

// ---- What is sent.

bool ReplicaSource::has_more() const {
  if (!text_.empty() || piece_ != nullptr) return true;
  if (snapshot_) return snapshot_->state() != SnapshotFeed::Reader::State::kWaits;
  return streams() && cursor_->has_more();
}

std::string_view ReplicaSource::next(size_t bytes_max) {
  while (!session_->is_gone()) {
    if (!text_.empty()) return give(std::exchange(text_, {}));
    std::string_view bytes;
    if (snapshot_) {
      bytes = next_of_snapshot(bytes_max);
    } else if (streams()) {
      bytes = cursor_->next(bytes_max);
    }
    if (!bytes.empty()) return bytes;
    if ((session_->stopped & engine::kStopClosing) != 0) return {};
    shared_.wakes->wait(entry_.shard);
    if (!has_more()) return {};
  }
  return {};
}

std::string_view ReplicaSource::give(std::string text) {
  given_ = std::move(text);
  return given_;
}

std::string_view ReplicaSource::next_of_snapshot(size_t bytes_max) {
  if (piece_ != nullptr && piece_at_ == piece_->size()) piece_ = nullptr;
  if (piece_ == nullptr) {
    switch (snapshot_->state()) {
      case SnapshotFeed::Reader::State::kWaits:
        return {};
      case SnapshotFeed::Reader::State::kFailed:
        close("its snapshot failed: " + snapshot_->failure());
        return {};
      case SnapshotFeed::Reader::State::kEnded:
        end_snapshot();
        return {};
      case SnapshotFeed::Reader::State::kHas:
        piece_ = snapshot_->next();
        piece_at_ = 0;
        was_fed_ = true;
    }
  }
  const std::string_view bytes = std::string_view(*piece_).substr(piece_at_, bytes_max);
  piece_at_ += bytes.size();
  return bytes;
}

// The socket has taken all of the snapshot.
void ReplicaSource::end_snapshot() {
  snapshot_.reset();
  if (cursor_ == nullptr) {
    log(LogLevel::kNotice, "Synchronization with replica " + entry_.name() +
                               " succeeded. It wanted nothing but the snapshot.");
    session_->close_after_replies();
    return;
  }
  awaits_ack_ = has_mark_;
  if (awaits_ack_) {
    log(LogLevel::kNotice,
        "Streamed RDB transfer with replica " + entry_.name() +
            " succeeded (socket). Waiting for REPLCONF ACK from replica to enable streaming");
  }
  log(LogLevel::kNotice, "Synchronization with replica " + entry_.name() + " succeeded");
  set_state(ReplicaState::kOnline);
}

void ReplicaSource::close(std::string reason) {
  session_->close_after_replies(std::move(reason));
  shard_->clients().kill(*session_);
}

// ---- What happens as time goes on.

void ReplicaSource::tick(const ReplicationOptions& options) {
  if (session_->is_gone() || !is_replica()) return;
  check_time(options);
  check_lag(options);
  const bool is_before_snapshot = entry_.state == ReplicaState::kWaits ||
                                  (entry_.state == ReplicaState::kReceives && !was_fed_);
  const int64_t now_ms = mono_ms();
  if (!is_before_snapshot || now_ms - newline_ms_ < kNewlinePeriodMs) return;
  newline_ms_ = now_ms;
  text_ += '\n';
  shard_->clients().note_ready(*session_);
}

void ReplicaSource::check_time(const ReplicationOptions& options) {
  const int64_t timeout_ms = options.repl_timeout_s * 1000;
  const bool is_online = entry_.state == ReplicaState::kOnline;
  if (is_online && !entry_.is_silent && entry_.lag_ms(mono_ms()) > timeout_ms) {
    log(LogLevel::kWarning, "Disconnecting timedout replica (streaming sync): " + entry_.name());
    return close("it acknowledges nothing");
  }
  const int64_t idle_ms = shard_->now_ms() - session_->info.active_ms;
  const bool takes_nothing = session_->unsent_bytes() != 0 && idle_ms > timeout_ms;
  if (entry_.state == ReplicaState::kReceives && takes_nothing) {
    log(LogLevel::kWarning, "Disconnecting timedout replica (full sync): " + entry_.name());
    close("it takes nothing of its snapshot");
  }
}

// What the replica has not taken is kept in memory for it, so client-output-buffer-limit bounds it.
// What the backlog keeps anyway costs nothing more.
void ReplicaSource::check_lag(const ReplicationOptions& options) {
  if (cursor_ == nullptr) return;
  const engine::OutputBufferLimit& limit =
      shard_->options().client_output_buffer_limit[static_cast<size_t>(ClientClass::kReplica)];
  const uint64_t behind = shared_.journal->end_place().offset - cursor_->offset();
  const int64_t now_ms = mono_ms();
  const bool is_over_soft = limit.soft_bytes != 0 && behind > limit.soft_bytes;
  if (!is_over_soft) over_soft_since_ms_ = 0;
  if (is_over_soft && over_soft_since_ms_ == 0) over_soft_since_ms_ = now_ms;
  const bool is_soft_passed = is_over_soft && now_ms - over_soft_since_ms_ > limit.soft_s * 1000;
  const bool is_hard_passed =
      limit.hard_bytes != 0 && behind > std::max(limit.hard_bytes, options.repl_backlog_size);
  if (!is_soft_passed && !is_hard_passed) return;
  log(LogLevel::kWarning,
      "Replica " + entry_.name() + " is closed for overcoming of output buffer limits",
      {{"bytes_behind", std::to_string(behind)}});
  ++shard_->stats().output_limit_passed;
  close("output buffer limit passed");
}

}  // namespace kvstash::replication
