#include "replication/primary/full_syncs.h"

#include "base/ensure.h"
#include "base/log.h"
#include "engine/shard.h"
#include "persist/rdb/format.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace kvstash::replication {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;
// A cut that could not be made, since two snapshots are under way, is tried again so often.
constexpr int64_t kRetryNs = 100 * kNsPerMs;
// Bytes go to the connections in pieces of about so many, and so many may wait for the slowest.
constexpr size_t kPieceBytes = size_t{128} << 10;
constexpr size_t kFeedBytesMax = size_t{8} << 20;

}  // namespace

// The thread is started by the first replica, so that a node without replicas has none.
void FullSyncs::wake() {
  {
    const std::lock_guard guard(lock_);
    if (has_ended_) return;
    if (!std::exchange(is_started_, true))
      thread_.start("kv-repl-sync", setup_.set->ports(), [this] { return step(); });
  }
  thread_.wake();
}

void FullSyncs::finish() {
  {
    const std::lock_guard guard(lock_);
    has_ended_ = true;
    if (feed_ != nullptr) feed_->fail("the server ends");
  }
  setup_.persistence->waits().end();
  setup_.persistence->cuts().give_up_sending("the server ends");
  thread_.stop();
}

FullSyncs::Kind FullSyncs::kind_of(const ReplicaFacts& facts,
                                   const ReplicationOptions& options) const {
  return {.has_mark = facts.knows_eof && options.repl_diskless_sync,
          // Who says its version is younger than the format that is usual here.
          .reads_any_version = !facts.version.empty(),
          .filter = facts.filter};
}

std::optional<int64_t> FullSyncs::step() {
  const ReplicationOptions options = setup_.options();
  std::vector<ReplicaEntry> waiting = setup_.roster->all();
  std::erase_if(waiting,
                [](const ReplicaEntry& entry) { return entry.state != ReplicaState::kWaits; });
  if (waiting.empty()) return std::nullopt;
  const auto first = std::ranges::min_element(waiting, {}, &ReplicaEntry::since_ms);
  const Kind kind = kind_of(first->facts, options);
  // Others may come soon: it is better to wait for them than to have them wait for the end.
  const int64_t delay_ns = kind.has_mark ? options.repl_diskless_sync_delay_s * kNsPerS : 0;
  const int64_t due_ns = first->since_ms * kNsPerMs + delay_ns;
  std::erase_if(
      waiting, [&](const ReplicaEntry& entry) { return !(kind_of(entry.facts, options) == kind); });
  const int64_t most = options.repl_diskless_sync_max_replicas;
  const bool are_enough = most != 0 && static_cast<int64_t>(waiting.size()) >= most;
  if (!are_enough && now_ns() < due_ns) return due_ns;
  // The marks of two snapshots are all that there are: a save must not be refused for want of one.
  if (!last_.expired() || !run(waiting, kind)) return now_ns() + kRetryNs;
  return now_ns();
}

// False: two snapshots are under way, so no cut could be made.
bool FullSyncs::run(const std::vector<ReplicaEntry>& group, const Kind& kind) {
  log(LogLevel::kNotice, std::string("Starting BGSAVE for SYNC with target: ") +
                             (kind.has_mark ? "replicas sockets" : "disk"));
  persist::Cuts& cuts = setup_.persistence->cuts();
  Status done;
  if (kind.filter != SnapshotFilter::kAll) {
    persist::RdbFacts facts;
    const bool is_held = setup_.persistence->waits().hold_all([&](const engine::Hold&) {
      begin_feed(group, kind);
      facts = cuts.facts();
    });
    if (!is_held) return true;
    setup_.wakes->arrived();
    done = send_without_keys(std::move(facts), kind);
  } else {
    persist::Cut cut =
        cuts.take({.version_max = kind.reads_any_version ? std::optional<unsigned>()
                                                         : persist::rdb::kVersionForRedis70},
                  [&] { begin_feed(group, kind); });
    if (cut.snapshot == nullptr) return false;
    last_ = cut.snapshot;
    setup_.wakes->arrived();
    done = send(cut, kind);
  }
  end_feed(done);
  return true;
}

void FullSyncs::end_feed(const Status& done) {
  if (done.ok()) {
    feed_->end();
    log(LogLevel::kNotice, "Background RDB transfer terminated with success");
  } else {
    log(LogLevel::kWarning, "Background RDB transfer terminated with an error",
        {{"reason", std::string(done.error().message())}});
    feed_->fail(done.error().message());
  }
  const std::lock_guard guard(lock_);
  feed_ = nullptr;
}

engine::Session* FullSyncs::session_of(const ReplicaEntry& entry) {
  engine::Session* session = setup_.set->at(entry.shard).clients().find(entry.session);
  return session == nullptr || session->is_gone() || session->source == nullptr ? nullptr : session;
}

// Has the group begin at this moment, in which all shards are held.
void FullSyncs::begin_feed(const std::vector<ReplicaEntry>& group, const Kind& kind) {
  persist::NodeJournal& host = setup_.persistence->journal();
  persist::Journal& journal = host.journal();
  host.attach(persist::NodeJournal::User::kReplicas);
  journal.select_again();
  const persist::JournalPlace place = journal.end_place();
  const std::string replid = host.stream()->replid;
  auto feed = std::make_shared<SnapshotFeed>(*setup_.set->ports().parking, kFeedBytesMax,
                                             [wakes = setup_.wakes] { wakes->arrived(); });
  for (const ReplicaEntry& entry : group) {
    engine::Session* session = session_of(entry);
    if (session == nullptr) continue;
    auto& source = static_cast<ReplicaSource&>(*session->source);
    ReplicaSource::Sync sync{
        .answer = "", .feed = feed, .has_mark = kind.has_mark, .cursor = nullptr};
    if (!entry.is_silent)
      sync.answer = "+FULLRESYNC " + replid + " " + std::to_string(place.offset) + "\r\n";
    if (!entry.facts.wants_snapshot_only) {
      sync.cursor = std::make_unique<StreamCursor>(
          journal, std::make_unique<persist::Journal::Reader>(journal, place));
    }
    source.begin_snapshot(std::move(sync));
    setup_.wakes->wait(entry.shard);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  const std::lock_guard guard(lock_);
  if (has_ended_) feed->fail("the server ends");
  feed_ = std::move(feed);
}

// ---- The bytes.

std::string FullSyncs::new_mark() {
  return new_replid(*setup_.set->ports().entropy);  // It is 40 characters that nobody can foresee.
}

Status FullSyncs::send(persist::Cut& cut, const Kind& kind) {
  if (!kind.has_mark) return send_through_file(cut);
  const std::string mark = new_mark();
  std::string head = "$EOF:" + mark + "\r\n";
  return setup_.persistence->cuts().send(cut, [&](std::string& out, bool is_end) -> Status {
    if (!head.empty()) out.insert(0, std::exchange(head, {}));
    if (is_end) out += mark;
    if (out.size() < kPieceBytes && !is_end) return {};
    return feed_->put(std::exchange(out, {}));
  });
}

Status FullSyncs::send_through_file(persist::Cut& cut) {
  Result<std::unique_ptr<ScratchFile>> file = setup_.set->ports().disk->open_scratch(".");
  if (!file.ok()) {
    cut.snapshot->let_go(std::string(file.error().message()));
    return file.error();
  }
  uint64_t size = 0;
  Status written = setup_.persistence->cuts().send(cut, [&](std::string& out, bool) -> Status {
    if (feed_->readers() == 0) return Error::literal("no replica waits for it any more");
    const uint64_t at = std::exchange(size, size + out.size());
    return write_all(**file, at, std::exchange(out, {}));
  });
  if (!written.ok()) return written;
  if (Status put = feed_->put("$" + std::to_string(size) + "\r\n"); !put.ok()) return put;
  for (uint64_t at = 0; at < size;) {
    std::string piece(std::min<uint64_t>(kPieceBytes, size - at), '\0');
    if (Status read = read_all(**file, at, piece.data(), piece.size()); !read.ok()) return read;
    at += piece.size();
    if (Status put = feed_->put(std::move(piece)); !put.ok()) return put;
  }
  return {};
}

Status FullSyncs::send_without_keys(persist::RdbFacts facts, const Kind& kind) {
  if (kind.filter == SnapshotFilter::kNothing) facts.functions.clear();
  const std::string rdb = rdb_without_keys(facts, persist::rdb::kVersionForRedis70);
  if (!kind.has_mark) return feed_->put("$" + std::to_string(rdb.size()) + "\r\n" + rdb);
  const std::string mark = new_mark();
  return feed_->put("$EOF:" + mark + "\r\n" + rdb + mark);
}

}  // namespace kvstash::replication
