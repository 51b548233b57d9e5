#include "engine/telemetry/hot_keys.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace kvstash::engine {
namespace {

constexpr double kFadingSeconds = 10;  // A count decays to 1/e in this time.
constexpr double kCountMin = 0.5;      // A counter below this count is removed.
// Keys with fewer samples, less the error, are not reported.
constexpr double kCertainMin = 4;
constexpr double kSecondsMin = 1;  // Rates over less time mean nothing.

double seconds_between(int64_t from_ms, int64_t to_ms) {
  return static_cast<double>(std::max<int64_t>(to_ms - from_ms, 0)) / 1000;
}

}  // namespace

void keep_hottest(std::vector<HotKey>& keys, size_t count) {
  std::ranges::sort(keys, [](const HotKey& a, const HotKey& b) {
    return std::tie(b.per_second, a.db, a.name) < std::tie(a.per_second, b.db, b.name);
  });
  if (keys.size() > count) keys.resize(count);
}

HotKeys::HotKeys(uint64_t seed, int64_t now_ms)
    : random_(seed), until_sample_(kSampleEvery), faded_at_ms_(now_ms) {
  hashes_.reserve(kTracked);
  counters_.reserve(kTracked);
}

size_t HotKeys::find(uint32_t db, uint64_t hash) const {
  for (size_t i = 0; i < hashes_.size(); ++i)
    if (hashes_[i] == hash && counters_[i].db == db) return i;
  return counters_.size();
}

void HotKeys::sample(uint32_t db, std::string_view name, uint64_t hash) {
  until_sample_ = 1 + random_.below(2 * kSampleEvery - 1);  // The average is kSampleEvery.
  if (const size_t at = find(db, hash); at != counters_.size()) {
    ++counters_[at].count;
    return;
  }
  name = name.substr(0, kNameBytesMax);
  if (counters_.size() < kTracked) {
    hashes_.push_back(hash);
    counters_.push_back({.name = std::string(name), .db = db, .count = 1});
    return;
  }
  const auto least = std::ranges::min_element(counters_, {}, &Counter::count);
  hashes_[static_cast<size_t>(least - counters_.begin())] = hash;
  least->name.assign(name);
  least->db = db;
  least->error = least->count;
  ++least->count;
}

void HotKeys::fade(int64_t now_ms) {
  const double elapsed = seconds_between(faded_at_ms_, now_ms);
  const double factor = std::exp(-elapsed / kFadingSeconds);
  faded_at_ms_ = now_ms;
  seconds_ = (seconds_ + elapsed) * factor;
  for (size_t i = 0; i < counters_.size();) {
    counters_[i].count *= factor;
    counters_[i].error *= factor;
    if (counters_[i].count >= kCountMin) {
      ++i;
      continue;
    }
    std::swap(counters_[i], counters_.back());
    std::swap(hashes_[i], hashes_.back());
    counters_.pop_back();
    hashes_.pop_back();
  }
}

std::vector<HotKey> HotKeys::hottest(int64_t now_ms) const {
  const double seconds = std::max(seconds_ + seconds_between(faded_at_ms_, now_ms), kSecondsMin);
  const auto rate = [seconds](double samples) {
    return static_cast<uint64_t>(std::lround(samples * kSampleEvery / seconds));
  };
  std::vector<HotKey> keys;
  for (const Counter& counter : counters_) {
    if (counter.count - counter.error < kCertainMin) continue;
    keys.push_back({.name = counter.name,
                    .db = counter.db,
                    .per_second = rate(counter.count - counter.error / 2),
                    .error = rate(counter.error / 2)});
  }
  keep_hottest(keys, kTracked);
  return keys;
}

void HotKeys::reset(int64_t now_ms) {
  hashes_.clear();
  counters_.clear();
  seconds_ = 0;
  faded_at_ms_ = now_ms;
}

}  // namespace kvstash::engine
