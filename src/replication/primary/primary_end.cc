#include "replication/primary/primary_end.h"

#include "base/log.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::replication {
namespace {

using engine::Session;
using engine::Shard;
using User = persist::NodeJournal::User;

constexpr int64_t kNsPerMs = 1'000'000;
// The thread looks after replicas so often, and so often whether the backlog is to be dropped.
constexpr int64_t kTickMs = 100;
constexpr int64_t kIdleTickMs = 1000;

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

bool is_any_online(const std::vector<ReplicaEntry>& replicas) {
  return std::ranges::any_of(
      replicas, [](const ReplicaEntry& entry) { return entry.state == ReplicaState::kOnline; });
}

}  // namespace

PrimaryEnd::PrimaryEnd(Setup setup, ReplicationOptions options)
    : setup_(setup),
      options_(std::move(options)),
      wakes_(*setup.set),
      roster_([this] { note_change(); }),
      full_syncs_({.set = setup.set,
                   .persistence = setup.persistence,
                   .roster = &roster_,
                   .wakes = &wakes_,
                   .options = [this] { return this->options(); }}),
      shared_{.journal = &setup.persistence->journal().journal(),
              .roster = &roster_,
              .wakes = &wakes_} {
  persist::NodeJournal& journal = setup.persistence->journal();
  journal.set_backlog_bytes(options_.repl_backlog_size);
  journal.listen([this] { wakes_.arrived(); });
  setup.set->acks().set_ask([this] {
    if (owns_stream() && is_any_online(roster_.all()))
      setup_.persistence->journal().journal().append_for_replicas(kGetAck);
  });
  check_good(options_);
}

void PrimaryEnd::take_up_options(ReplicationOptions options) {
  setup_.persistence->journal().set_backlog_bytes(options.repl_backlog_size);
  check_good(options);
  {
    const std::lock_guard guard(lock_);
    options_ = std::move(options);
  }
  if (roster_.size() != 0) full_syncs_.wake();
}

ReplicationOptions PrimaryEnd::options() const {
  const std::lock_guard guard(lock_);
  return options_;
}

int64_t PrimaryEnd::now_ms() const {
  return setup_.set->clock().monotonic_ns() / kNsPerMs;
}

void PrimaryEnd::start() {
  last_seen_ms_ = now_ms();
  thread_.start("kv-repl", setup_.set->ports(), [this] { return step(); });
}

void PrimaryEnd::finish() {
  full_syncs_.finish();
  thread_.stop();
  for (size_t id = 0; id < setup_.set->size(); ++id) {
    for (const auto& [number, session] : setup_.set->at(id).clients().all())
      session->source = nullptr;
  }
}

void PrimaryEnd::drop_replicas(std::string_view why) {
  for (size_t id = 0; id < setup_.set->size(); ++id) {
    Shard& shard = setup_.set->at(id);
    for (const auto& [number, session] : shard.clients().all()) {
      if (!session->is_replica()) continue;
      session->source = nullptr;
      session->close_reason = why;
      shard.clients().kill(*session);
    }
    setup_.set->submit(id, [](Shard&) {});
  }
}

// ---- Commands.

ReplicaSource& PrimaryEnd::source_of(Session& session, Shard& shard) {
  if (session.source == nullptr)
    session.source = std::make_unique<ReplicaSource>(shared_, session, shard);
  return static_cast<ReplicaSource&>(*session.source);
}

Result<ReplconfReply> PrimaryEnd::replconf(Session& session, Shard& shard,
                                           std::span<const std::string_view> argv) {
  ReplicaSource& source = source_of(session, shard);
  Result<ReplconfReply> reply = take_replconf(argv, source.is_replica(), now_ms(), source.facts());
  if (reply.ok() && *reply == ReplconfReply::kNone) {
    source.note_acked();
  } else {
    source.note_facts();
  }
  return reply;
}

void PrimaryEnd::psync(Session& session, Shard& shard, std::string_view replid, int64_t offset) {
  ReplicaSource& source = source_of(session, shard);
  log(LogLevel::kNotice, "Replica " + source.entry().name() + " asks for synchronization");
  if (resume(source, replid, offset)) {
    partial_syncs_.fetch_add(1, std::memory_order_relaxed);
    thread_.wake();
    return;
  }
  if (replid == "?") {
    log(LogLevel::kNotice, "Full resync requested by replica " + source.entry().name());
  } else {
    refused_partial_syncs_.fetch_add(1, std::memory_order_relaxed);
  }
  wait_for_snapshot(source, false);
}

void PrimaryEnd::sync(Session& session, Shard& shard) {
  ReplicaSource& source = source_of(session, shard);
  log(LogLevel::kNotice, "Replica " + source.entry().name() + " asks for synchronization");
  wait_for_snapshot(source, true);
}

// Has the replica go on from where it is, if it can. Tells the log why not.
bool PrimaryEnd::resume(ReplicaSource& source, std::string_view replid, int64_t offset) {
  if (replid == "?" || offset < 1) return false;
  persist::NodeJournal& host = setup_.persistence->journal();
  const History history = setup_.history->get();
  const persist::NodeJournal::Range range = host.range();
  const Resumption asked{.replid = replid, .offset = static_cast<uint64_t>(offset) - 1};
  Resumes verdict = can_resume(history, {.begin = range.begin, .end = range.end}, asked);
  std::unique_ptr<persist::Journal::Reader> reader;
  if (verdict == Resumes::kYes && host.is_attached())
    reader = host.journal().read_from(asked.offset);
  if (reader == nullptr) {
    // It may have been dropped since.
    if (verdict == Resumes::kYes) verdict = Resumes::kTooOld;
    log(LogLevel::kNotice, why_not(verdict, history, asked, source.entry().name()));
    return false;
  }
  log(LogLevel::kNotice, "Partial resynchronization request from " + source.entry().name() +
                             " accepted. Sending " + std::to_string(range.end - asked.offset) +
                             " bytes of backlog starting from offset " + std::to_string(offset) +
                             ".");
  source.begin_stream(
      source.facts().knows_psync2 ? "+CONTINUE " + history.replid + "\r\n" : "+CONTINUE\r\n",
      std::make_unique<StreamCursor>(host.journal(), std::move(reader)));
  return true;
}

void PrimaryEnd::wait_for_snapshot(ReplicaSource& source, bool is_silent) {
  source.begin_waiting(is_silent);
  thread_.wake();
  full_syncs_.wake();
}

// ---- What follows from what replicas say.

void PrimaryEnd::note_change() {
  engine::ShardSet& set = *setup_.set;
  if (set.acks().set_replicas(roster_.acks())) set.tell_acks();
  check_good(options());
}

// Writes are refused while too few replicas are near.
void PrimaryEnd::check_good(const ReplicationOptions& options) {
  const bool counts = options.min_replicas_to_write > 0 && options.min_replicas_max_lag_s > 0;
  setup_.set->set_lacks_replicas(counts && owns_stream() &&
                                 roster_.good(now_ms(), options.min_replicas_max_lag_s * 1000) <
                                     options.min_replicas_to_write);
}

PrimaryEnd::InSync PrimaryEnd::in_sync() const {
  const uint64_t end = stream_end();
  InSync found;
  for (const ReplicaEntry& entry : roster_.all()) {
    if (entry.state != ReplicaState::kOnline || entry.is_silent) continue;
    ++found.online;
    if (entry.facts.acked >= end) ++found.in_sync;
  }
  return found;
}

void PrimaryEnd::tell(ReplicationFacts& facts) const {
  const ReplicationOptions options = this->options();
  const persist::NodeJournal& journal = setup_.persistence->journal();
  const persist::NodeJournal::Range range = journal.range();
  facts.offset = range.end;
  facts.backlog_size = options.repl_backlog_size;
  facts.has_backlog = journal.has(User::kReplicas);
  facts.backlog_begin = range.begin;
  const int64_t now = now_ms();
  for (const ReplicaEntry& entry : roster_.all()) {
    facts.replicas.push_back(
        {.ip = entry.ip,
         .port = entry.facts.listening_port,
         .state = entry.state,
         .offset = entry.facts.acked,
         .lag_s = entry.state == ReplicaState::kOnline ? entry.lag_ms(now) / 1000 : 0});
  }
  if (options.min_replicas_to_write > 0 && options.min_replicas_max_lag_s > 0)
    facts.good_replicas = roster_.good(now, options.min_replicas_max_lag_s * 1000);
  facts.full_syncs = full_syncs_.count();
  facts.partial_syncs = partial_syncs_.load(std::memory_order_relaxed);
  facts.refused_partial_syncs = refused_partial_syncs_.load(std::memory_order_relaxed);
}

// ---- The thread.

std::optional<int64_t> PrimaryEnd::step() {
  const ReplicationOptions now = options();
  const std::vector<ReplicaEntry> replicas = roster_.all();
  if (!replicas.empty()) last_seen_ms_ = now_ms();
  keep_or_drop_backlog(now);
  tick_replicas(now, replicas);
  ping(now, replicas);
  check_good(now);
  if (on_tick_) on_tick_();
  const bool has_backlog = setup_.persistence->journal().has(User::kReplicas);
  if (replicas.empty() && !has_backlog) return std::nullopt;
  const int64_t period_ms = replicas.empty() ? kIdleTickMs : kTickMs;
  return setup_.set->clock().monotonic_ns() + period_ms * kNsPerMs;
}

void PrimaryEnd::tick_replicas(const ReplicationOptions& options,
                               const std::vector<ReplicaEntry>& replicas) {
  std::map<size_t, std::vector<uint64_t>> by_shard;
  for (const ReplicaEntry& entry : replicas)
    by_shard[entry.shard].push_back(entry.session);
  for (auto& [shard, sessions] : by_shard) {
    setup_.set->submit(shard, [options, sessions = std::move(sessions)](Shard& on) {
      for (const uint64_t id : sessions) {
        Session* session = on.clients().find(id);
        if (session != nullptr && session->is_replica())
          static_cast<ReplicaSource&>(*session->source).tick(options);
      }
    });
  }
}

// Pings are a part of the stream, so that replicas of replicas get them as well.
void PrimaryEnd::ping(const ReplicationOptions& options,
                      const std::vector<ReplicaEntry>& replicas) {
  if (!owns_stream() || holds_pings_ || !is_any_online(replicas) ||
      now_ms() - pinged_ms_ < options.repl_ping_replica_period_s * 1000)
    return;
  pinged_ms_ = now_ms();
  setup_.persistence->journal().journal().append_for_replicas(kPing);
}

// The journal goes on for a while behind the last replica, so that it can come back. A replica
// keeps it, since it may be promoted.
void PrimaryEnd::keep_or_drop_backlog(const ReplicationOptions& options) {
  persist::NodeJournal& journal = setup_.persistence->journal();
  const bool has = journal.has(User::kReplicas);
  const bool needs = roster_.size() != 0;
  const bool is_over = owns_stream() && options.repl_backlog_ttl_s != 0 &&
                       now_ms() - last_seen_ms_ > options.repl_backlog_ttl_s * 1000;
  if (has && !needs && is_over) {
    setup_.persistence->waits().hold_all([&](const engine::Hold&) {
      if (roster_.size() == 0) journal.detach(User::kReplicas);
    });
    log(LogLevel::kNotice, "Replication backlog freed after " +
                               std::to_string(options.repl_backlog_ttl_s) +
                               " seconds without connected replicas.");
    return;
  }
  // A replica may have gone on from the journal while it was the log's alone.
  if (!has && is_any_online(roster_.all()))
    setup_.persistence->waits().hold_all(
        [&](const engine::Hold&) { journal.attach(User::kReplicas); });
}

}  // namespace kvstash::replication
