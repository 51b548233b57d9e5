#include "store/eviction.h"

#include "base/hash.h"

#include <algorithm>

namespace kvstash::store {
namespace {

constexpr uint32_t kLruMask = (1u << 24) - 1;
constexpr uint32_t kMinutesMask = (1u << 16) - 1;
constexpr unsigned kCounterBits = 8;
constexpr uint8_t kCounterStart = 5;
constexpr uint8_t kCounterMax = 255;

// A clock value that is at most this far in the future was set before the wall clock went back.
constexpr uint32_t kSkewSeconds = 3600;
constexpr uint32_t kSkewMinutes = 60;

// When only keys with a deadline may be evicted and at least one key in kVolatileShare has one,
// keys are drawn from all keys until one has a deadline, so that every such key is equally likely.
// Otherwise, and after kDrawsMax draws, the timing wheel chooses; it favours keys whose deadlines
// few others share.
constexpr size_t kVolatileShare = 8;
constexpr unsigned kDrawsMax = 64;

// The time from `then` to `now` on a clock that wraps at mask + 1.
uint32_t elapsed(uint32_t now, uint32_t then, uint32_t mask, uint32_t skew) {
  if (((then - now) & mask) <= skew) return 0;
  return (now - then) & mask;
}

uint32_t minutes_of(int64_t now_ms) {
  return static_cast<uint32_t>(now_ms / 60'000) & kMinutesMask;
}

uint32_t idle_minutes(uint32_t access, int64_t now_ms) {
  return elapsed(minutes_of(now_ms), access >> kCounterBits, kMinutesMask, kSkewMinutes);
}

// The entry with the highest score is evicted first. The score grows while a key is not used, so a
// score that has fallen shows that the key was used.
uint64_t score_of(const Entry& entry, const EvictionRule& rule, int64_t now_ms) {
  const uint32_t access = entry.access();
  if (rule.order == EvictionOrder::kLru) return static_cast<uint64_t>(idle_ms(access, now_ms));
  ensure(rule.order == EvictionOrder::kLfu);
  const uint64_t rarity = kCounterMax - lfu_counter(access, now_ms, rule.lfu_decay_time_min);
  return rarity << 16 | idle_minutes(access, now_ms);
}

size_t eligible(const Keyspace* space, const EvictionRule& rule) {
  if (space == nullptr) return 0;
  return rule.volatile_only ? space->deadlines().size() : space->size();
}

size_t eligible(KeyspaceList spaces, const EvictionRule& rule) {
  size_t total = 0;
  for (const Keyspace* space : spaces)
    total += eligible(space, rule);
  return total;
}

Entry* sample_volatile(const Keyspace& space, Random& random) {
  if (space.deadlines().size() * kVolatileShare >= space.size()) {
    for (unsigned draws = 0; draws < kDrawsMax; ++draws) {
      Entry* entry = space.table().sample(random);
      if (entry->has_deadline()) return entry;
    }
  }
  return space.deadlines().sample(random);
}

// Draws a key that the rule allows. Each database is weighted by the number of such keys in it, and
// there must be at least one.
EvictionPool::Victim sample(KeyspaceList spaces, const EvictionRule& rule, size_t total,
                            Random& random) {
  uint64_t ticket = random.below(total);
  size_t at = 0;
  while (ticket >= eligible(spaces[at], rule))
    ticket -= eligible(spaces[at++], rule);
  const Keyspace& space = *spaces[at];
  return {at, rule.volatile_only ? sample_volatile(space, random) : space.table().sample(random)};
}

// Finds the key with about the earliest deadline. The wheel is sorted by deadline, so no sampling
// is needed.
std::optional<EvictionPool::Victim> next_to_expire(KeyspaceList spaces) {
  std::optional<EvictionPool::Victim> earliest;
  for (size_t at = 0; at < spaces.size(); ++at) {
    if (spaces[at] == nullptr) continue;
    Entry* entry = spaces[at]->deadlines().sample_earliest();
    if (entry == nullptr) continue;
    if (!earliest || entry->deadline_ms() < earliest->entry->deadline_ms()) earliest = {at, entry};
  }
  return earliest;
}

}  // namespace

uint32_t lru_clock(int64_t now_ms) {
  return static_cast<uint32_t>(now_ms / 1000) & kLruMask;
}

int64_t idle_ms(uint32_t access, int64_t now_ms) {
  return int64_t{elapsed(lru_clock(now_ms), access, kLruMask, kSkewSeconds)} * 1000;
}

uint32_t lfu_fresh(int64_t now_ms) {
  return minutes_of(now_ms) << kCounterBits | kCounterStart;
}

uint8_t lfu_counter(uint32_t access, int64_t now_ms, int64_t decay_time_min) {
  const auto counter = static_cast<uint8_t>(access);
  if (decay_time_min <= 0) return counter;
  const int64_t periods = idle_minutes(access, now_ms) / decay_time_min;
  return static_cast<uint8_t>(counter - std::min<int64_t>(periods, counter));
}

uint32_t lfu_touch(uint32_t access, int64_t now_ms, const LfuTuning& tuning, Random& random) {
  uint8_t counter = lfu_counter(access, now_ms, tuning.decay_time_min);
  if (counter < kCounterMax) {
    const double above = counter > kCounterStart ? counter - kCounterStart : 0;
    const double odds = above * static_cast<double>(tuning.log_factor) + 1;
    if (random.unit() * odds < 1) ++counter;
  }
  return minutes_of(now_ms) << kCounterBits | counter;
}

std::optional<EvictionPool::Victim> EvictionPool::choose(KeyspaceList spaces,
                                                         const EvictionRule& rule, int64_t now_ms,
                                                         Random& random) {
  if (rule.order == EvictionOrder::kTtl) return next_to_expire(spaces);
  const size_t total = eligible(spaces, rule);
  if (total == 0) return std::nullopt;
  if (rule.order == EvictionOrder::kRandom) return sample(spaces, rule, total, random);
  if (scored_by_ != rule.order) clear();
  scored_by_ = rule.order;
  for (;;) {
    populate(spaces, rule, now_ms, random);
    if (const std::optional<Victim> victim = take_best(spaces, rule, now_ms)) return victim;
    // Every candidate that earlier samples left was out of date and has been removed. What is
    // sampled into an empty pool is up to date, so the second round is the last.
  }
}

void EvictionPool::populate(KeyspaceList spaces, const EvictionRule& rule, int64_t now_ms,
                            Random& random) {
  const size_t total = eligible(spaces, rule);
  for (size_t taken = 0; taken < std::max<size_t>(rule.samples, 1); ++taken) {
    const Victim drawn = sample(spaces, rule, total, random);
    offer(score_of(*drawn.entry, rule, now_ms), drawn.space, drawn.entry->key());
  }
}

// Keeps the candidate if the pool has room, or a worse candidate to remove.
void EvictionPool::offer(uint64_t score, size_t space, std::string_view key) {
  const bool is_full = candidates_.size() == kCandidatesMax;
  if (is_full && score <= candidates_.front().score) return;
  const auto known = std::find_if(candidates_.begin(), candidates_.end(), [&](const Candidate& c) {
    return c.space == space && c.key == key;
  });
  if (known != candidates_.end()) {
    candidates_.erase(known);
  } else if (is_full) {
    candidates_.erase(candidates_.begin());
  }
  const auto above =
      std::upper_bound(candidates_.begin(), candidates_.end(), score,
                       [](uint64_t value, const Candidate& c) { return value < c.score; });
  candidates_.insert(above, {score, space, std::string(key)});
}

// Takes the best candidate that is still valid: its key exists, the rule allows it, and it was not
// used since it was sampled.
std::optional<EvictionPool::Victim> EvictionPool::take_best(KeyspaceList spaces,
                                                            const EvictionRule& rule,
                                                            int64_t now_ms) {
  while (!candidates_.empty()) {
    const Candidate best = std::move(candidates_.back());
    candidates_.pop_back();
    if (best.space >= spaces.size() || spaces[best.space] == nullptr) continue;
    const HashTable& table = spaces[best.space]->table();
    Entry* entry = table.find(best.key, keyed_hash(best.key, table.seed()));
    if (entry == nullptr || (rule.volatile_only && !entry->has_deadline())) continue;
    if (score_of(*entry, rule, now_ms) >= best.score) return Victim{best.space, entry};
  }
  return std::nullopt;
}

}  // namespace kvstash::store
