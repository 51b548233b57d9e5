// GatedJournal: lanes of one log that counts LSNs and releases replies by them, late and at random,
// on a thread of its own. It remembers the LSN behind which each value stands that a command wrote,
// so that a test can tell whether a client got something before the log had it.
//
// Values are words "v<number>v", each written once.
#pragma once

#include "base/random.h"
#include "engine/execution/effect_sink.h"
#include "engine/shard_set.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kvstash::test {

// Finds the values in some bytes.
inline std::vector<uint64_t> values_in(std::string_view bytes) {
  std::vector<uint64_t> found;
  for (size_t at = bytes.find('v'); at != std::string_view::npos; at = bytes.find('v', at + 1)) {
    uint64_t value = 0;
    size_t end = at + 1;
    for (; end < bytes.size() && bytes[end] >= '0' && bytes[end] <= '9'; ++end)
      value = value * 10 + static_cast<uint64_t>(bytes[end] - '0');
    if (end > at + 1 && end < bytes.size() && bytes[end] == 'v') found.push_back(value);
  }
  return found;
}

class GatedJournal {
 public:
  explicit GatedJournal(uint64_t seed) : random_(seed) {}
  ~GatedJournal() { stop(); }

  // Makes a lane; called before the shards' threads start.
  engine::EffectSink& add_lane() {
    lanes_.push_back(std::make_unique<Lane>(*this));
    return *lanes_.back();
  }
  // Starts releasing replies. `set` must live until stop().
  void start(engine::ShardSet& set) {
    set_ = &set;
    thread_ = std::thread([this] { run(); });
  }
  // Releases all replies and ends the thread.
  void stop() {
    if (!thread_.joinable()) return;
    stops_ = true;
    thread_.join();
  }

  // The LSN behind which the value stands; kLsnMax: it is in no record that has joined the log.
  engine::Lsn lsn_of(uint64_t value) {
    const std::lock_guard guard(lock_);
    const auto at = values_.find(value);
    return at == values_.end() ? engine::kLsnMax : at->second;
  }
  uint64_t records() const { return end_; }

 private:
  class Lane final : public engine::EffectSink {
   public:
    explicit Lane(GatedJournal& journal) : journal_(&journal) {}

    engine::Lsn flush() override {
      if (!whole_.empty()) last_ = journal_->append(std::exchange(whole_, {}));
      return last_;
    }

   private:
    void on_record(const engine::Record& record) override {
      std::string& text = is_open_ ? open_ : whole_.emplace_back();
      for (const std::string_view word : record.argv)
        text.append(word).append(" ");
    }
    void on_begin_unit() override { is_open_ = true; }
    void on_end_unit() override {
      is_open_ = false;
      whole_.push_back(std::exchange(open_, {}));
    }

    GatedJournal* journal_;
    std::vector<std::string> whole_;
    std::string open_;
    bool is_open_ = false;
    engine::Lsn last_{};
  };

  engine::Lsn append(const std::vector<std::string>& units) {
    const std::lock_guard guard(lock_);
    for (const std::string& unit : units) {
      const engine::Lsn lsn{++end_};
      for (const uint64_t value : values_in(unit))
        values_.emplace(value, lsn);
    }
    return engine::Lsn{end_.load()};
  }

  void run() {
    uint64_t released = 0;
    while (!stops_) {
      for (uint64_t idle = random_.below(200); idle != 0; --idle)
        std::this_thread::yield();
      const uint64_t end = end_;
      if (end == released) continue;
      released += 1 + random_.below(end - released);
      set_->release_up_to(engine::Lsn{released});
    }
    set_->release_up_to(engine::kLsnMax);
  }

  Random random_;
  engine::ShardSet* set_ = nullptr;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::mutex lock_;
  std::atomic<uint64_t> end_{0};
  std::map<uint64_t, engine::Lsn> values_;
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace kvstash::test
