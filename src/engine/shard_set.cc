#include "engine/shard_set.h"

#include "base/alloc.h"
#include "base/crc16.h"
#include "base/limits.h"
#include "engine/data/eviction.h"
#include "engine/server_port.h"
#include "engine/shard.h"
#include "engine/turn_work.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

// Eviction lags behind writes by a turn or two; memory may grow over the limit by 1/32 of it
// meanwhile.
constexpr uint64_t kOverfullShare = 32;
// Asking the allocator takes tens of microseconds: at this period at most half a per cent of one
// thread.
constexpr int64_t kOverheadPeriodMs = 10;
// Unsent replies: the part of memory that they may take if no limit is configured, the least value
// of that limit, and the bounds of what one client may always have.
constexpr uint64_t kUnsentPart = 4;
constexpr uint64_t kUnsentLimitMin = uint64_t{1} << 20;
constexpr uint64_t kUnsentShareMin = uint64_t{4} << 10;
constexpr uint64_t kUnsentShareMax = uint64_t{64} << 10;

}  // namespace

ShardSet::ShardSet(size_t shards, const CommandTable& commands, const EngineOptions& options,
                   const NodePorts& ports)
    : ports_(ports),
      commands_(&commands),
      options_(&options),
      seed_(HashSeed::draw(*ports.entropy)),
      acl_(commands, options),
      memory_(shards) {
  ensure(shards > 0 && shards <= kSlotCount);
  // The vector is sized before a shard is made, because shards ask for the number of shards.
  shards_.resize(shards);
  for (size_t id = 0; id < shards; ++id)
    shards_[id] = std::make_unique<Shard>(*this, id);
  start_memory_ = measure_memory();
}

// What is in a mailbox may belong to another shard: all mail goes before the first shard does.
ShardSet::~ShardSet() {
  for (const std::unique_ptr<Shard>& shard : shards_)
    shard->traffic().drop_mail();
}

size_t ShardSet::measure_memory() {
  size_t bytes = 0;
  size_t mapped = 0;  // The part of it that the allocator does not know.
  for (const Published& shard : memory_) {
    bytes += shard.bytes.load(std::memory_order_relaxed);
    mapped += shard.mapped.load(std::memory_order_relaxed);
  }
  const size_t used = ports_.memory->allocated(bytes - std::min(mapped, bytes)) + mapped;
  size_t peak = peak_memory_.load(std::memory_order_relaxed);
  while (used > peak &&
         !peak_memory_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
  return used;
}

// Each shard has a contiguous range of slots. With one shard the slot does not matter.
size_t ShardSet::shard_of(std::string_view key) const {
  if (shards_.size() == 1) return 0;
  return to_index(key_slot(key)) * shards_.size() / kSlotCount;
}

bool ShardSet::post(size_t to, Message* message) {
  Shard& shard = *shards_[to];
  shard.traffic().mailbox().push(message);
  if (!shard.traffic().claim_wake()) return false;
  shard.ring();
  return true;
}

size_t ShardSet::enqueue(HoldGroup& group) {
  std::vector<size_t> members;
  group.arrivals.resize(group.member_count);
  for (size_t id = 0; id < size(); ++id) {
    if (group.members[id]) members.push_back(id);
  }
  group.missing.store(static_cast<uint32_t>(members.size()), std::memory_order_relaxed);
  for (size_t i = 0; i < members.size(); ++i)
    group.arrivals[i].reset(group, members[i]);
  group.refused_with.store(BusyWith::kNothing, std::memory_order_relaxed);
  {
    const std::lock_guard guard(enqueue_lock_);
    for (size_t i = 0; i < members.size(); ++i)
      shards_[members[i]]->traffic().mailbox().push(&group.arrivals[i]);
  }
  // By now the group may have run and be in use again, so this loop reads only `members`.
  size_t woken = 0;
  for (const size_t id : members) {
    if (!shards_[id]->traffic().claim_wake()) continue;
    shards_[id]->ring();
    ++woken;
  }
  return woken;
}

void ShardSet::release_up_to(Lsn lsn) {
  ensure(released_lsn_.load(std::memory_order_relaxed) <= lsn);
  released_lsn_.store(lsn, std::memory_order_seq_cst);
  for (size_t id = 0; id < size(); ++id) {
    if (!at(id).release().gate().claim()) continue;
    submit(id, [](Shard& shard) { shard.release().gate().open(); });
  }
}

void ShardSet::tell_acks() {
  for (size_t id = 0; id < size(); ++id) {
    if (at(id).waits().claim_acks()) submit(id, [](Shard& shard) { shard.waits().answer_acks(); });
  }
}

void ShardSet::note_flushed_all() const {
  if (server_ != nullptr) server_->flushed_all();
}

std::string ShardSet::write_refusal() const {
  const std::lock_guard guard(refusal_lock_);
  return write_refusal_;
}

void ShardSet::set_write_refusal(std::optional<std::string> error) {
  const std::lock_guard guard(refusal_lock_);
  const bool begins = error.has_value() && !refuses_writes();
  if (begins) refusal_period_.store(++last_refusal_period_, std::memory_order_seq_cst);
  set_write_limit(kRefused, error.has_value());
  if (!error) refusal_period_.store(kNoRefusal, std::memory_order_seq_cst);
  write_refusal_ = std::move(error).value_or("");
}

void ShardSet::set_write_limit(uint8_t limit, bool holds) {
  if (holds) {
    write_limits_.fetch_or(limit, std::memory_order_seq_cst);
  } else {
    write_limits_.fetch_and(static_cast<uint8_t>(~limit), std::memory_order_seq_cst);
  }
}

size_t ShardSet::memory_used() const {
  size_t used = overhead_.load(std::memory_order_relaxed);
  for (const Published& shard : memory_)
    used += shard.bytes.load(std::memory_order_relaxed);
  return used;
}

void ShardSet::measure_overhead(int64_t now_ms) {
  int64_t last = overhead_at_ms_.load(std::memory_order_relaxed);
  const bool is_recent = now_ms >= last && now_ms - last < kOverheadPeriodMs;
  if (is_recent) return;
  if (!overhead_at_ms_.compare_exchange_strong(last, now_ms, std::memory_order_relaxed)) return;
  // The data is summed before the total is measured: data added in between is then counted twice
  // rather than not at all.
  size_t data = 0;
  for (const Published& shard : memory_)
    data += shard.bytes.load(std::memory_order_relaxed);
  if (turn_work_ != nullptr) data += turn_work_->uncounted_bytes();
  const size_t used = measure_memory();
  overhead_.store(used > data ? used - data : 0, std::memory_order_relaxed);
}

void ShardSet::note_exceeding(bool is_over, int64_t now_ms) {
  if (!is_over && was_eviction_begun_.load(std::memory_order_relaxed))
    was_eviction_begun_.store(false, std::memory_order_relaxed);
  int64_t since = exceeded_since_ms_.load(std::memory_order_relaxed);
  if (is_over == (since != 0)) return;
  if (!exceeded_since_ms_.compare_exchange_strong(since, is_over ? now_ms : 0,
                                                  std::memory_order_relaxed))
    return;
  if (!is_over)
    exceeded_total_ms_.fetch_add(std::max<int64_t>(now_ms - since, 0), std::memory_order_relaxed);
}

ShardSet::ExceededMs ShardSet::exceeded_ms(int64_t now_ms) const {
  const int64_t since = exceeded_since_ms_.load(std::memory_order_relaxed);
  const int64_t current = since == 0 ? 0 : std::max<int64_t>(now_ms - since, 0);
  return {.total = exceeded_total_ms_.load(std::memory_order_relaxed) + current,
          .current = current};
}

void ShardSet::reset_exceeded() {
  exceeded_total_ms_.store(0, std::memory_order_relaxed);
  exceeded_since_ms_.store(0, std::memory_order_relaxed);
}

ShardSet::ClientBytes ShardSet::client_bytes() const {
  ClientBytes bytes;
  for (const Published& shard : memory_) {
    bytes.memory += shard.client_memory.load(std::memory_order_relaxed);
    bytes.unsent += shard.client_unsent.load(std::memory_order_relaxed);
  }
  return bytes;
}

uint64_t ShardSet::client_memory_limit() const {
  const int64_t setting = options_->maxmemory_clients;
  if (setting >= 0) return static_cast<uint64_t>(setting);
  return options_->maxmemory_bytes / 100 * static_cast<uint64_t>(-setting);
}

uint64_t ShardSet::unsent_limit() const {
  if (options_->client_unsent_total_limit_bytes != 0)
    return options_->client_unsent_total_limit_bytes;
  const uint64_t memory =
      options_->maxmemory_bytes != 0 ? options_->maxmemory_bytes : usable_memory_;
  if (memory == 0) return UINT64_MAX;
  return std::max(memory / kUnsentPart, kUnsentLimitMin);
}

size_t ShardSet::unsent_share() const {
  const uint64_t clients = session_count.load(std::memory_order_relaxed) + 1;
  return std::clamp(unsent_limit() / clients, kUnsentShareMin, kUnsentShareMax);
}

bool ShardSet::can_evict() const {
  for (const Published& shard : memory_) {
    if (shard.evictable.load(std::memory_order_relaxed) != 0) return true;
  }
  return false;
}

uint64_t ShardSet::maxmemory() const {
  return options_->maxmemory_bytes;
}

bool ShardSet::is_out_of_memory() const {
  const uint64_t limit = memory_limit();
  return limit != 0 && memory_used() > limit && !can_evict();
}

bool ShardSet::ask_to_evict() {
  bool has_asked = false;
  for (size_t id = 0; id < size(); ++id) {
    Published& shard = memory_[id];
    if (shard.evictable.load(std::memory_order_relaxed) == 0) continue;
    has_asked = true;
    if (shard.is_asked.exchange(true, std::memory_order_relaxed)) continue;
    submit(id, [&shard](Shard& asked) {
      shard.is_asked.store(false, std::memory_order_relaxed);
      asked.begin_evicting();
    });
  }
  return has_asked;
}

bool ShardSet::is_overfull() const {
  const uint64_t limit = memory_limit();
  if (limit == 0 || floor_limit_.load(std::memory_order_relaxed) != limit) return false;
  const uint64_t least = std::max(limit, floor_.load(std::memory_order_relaxed));
  return memory_used() > least + limit / kOverfullShare && can_evict();
}

void ShardSet::evict_everywhere(const Hold& hold) {
  constexpr size_t kEvictionsMax = 256;  // The most keys that are evicted in the one hold.
  if (size() == 1) return;
  if (begin_eviction()) {
    at(hold.worker().shard).traffic().hold_all([this](const Hold& all) {
      evict(all, kEvictionsMax);
      end_evictions();
    });
  }
  // That eviction needs the shards of `hold`, so it cannot be over before this hold is.
  const uint64_t last = evictions_begun();
  if (last > evictions_over()) hold.each([last](ShardData& shard) { shard.await_eviction(last); });
}

bool ShardSet::begin_eviction() {
  if (was_eviction_begun_.exchange(true, std::memory_order_relaxed)) return false;
  evictions_begun_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ShardSet::note_memory_used() {
  const uint64_t limit = memory_limit();
  const uint64_t used = memory_used();
  if (floor_limit_.exchange(limit, std::memory_order_relaxed) != limit) {
    floor_.store(used, std::memory_order_relaxed);
  } else if (used < floor_.load(std::memory_order_relaxed)) {
    floor_.store(used, std::memory_order_relaxed);
  }
}

}  // namespace kvstash::engine
