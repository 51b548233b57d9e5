// Effects: what a command changed, collected while it runs and told to everybody who must know by
// one function, Executor::commit. Reused from command to command: it belongs to the shard whose
// thread runs them.
#pragma once

#include "engine/key.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct KeyChange {
  DbIndex db;
  uint32_t event_class;
  std::string_view event;  // A literal.
  std::string key;
  bool is_quiet = false;  // Neither watchers nor those who wait for the key hear of it.
};

// A record for the journal, in place of the command as the client sent it.
struct EffectRecord {
  DbIndex db;
  std::vector<std::string> argv;
};

class Effects {
 public:
  // Set before a command: whether anybody listens to single changes, or there is a journal.
  void begin(bool observed, bool journaled) {
    observed_ = observed;
    journaled_ = journaled;
    has_changes_ = false;
    dirty_ = 0;
    if (!changes_.empty()) changes_.clear();
    if (!records_.empty()) records_.clear();
  }

  void add_change(DbIndex db, std::string_view key, uint32_t event_class, std::string_view event,
                  uint64_t elements) {
    note_change(elements);
    add_event(db, key, event_class, event);
  }
  void add_event(DbIndex db, std::string_view key, uint32_t event_class, std::string_view event) {
    if (observed_) changes_.push_back({db, event_class, event, std::string(key)});
  }
  void add_quiet_change(DbIndex db, std::string_view key, uint32_t event_class,
                        std::string_view event, uint64_t elements) {
    note_change(elements);
    if (observed_) changes_.push_back({db, event_class, event, std::string(key), true});
  }
  void add_record(EffectRecord record) { records_.push_back(std::move(record)); }

  bool is_observed() const { return observed_; }
  bool is_journaled() const { return journaled_; }
  bool has_changes() const { return has_changes_; }  // Told or not.
  uint64_t dirty() const { return dirty_; }          // Elements that changed, as Redis counts them.
  const std::vector<KeyChange>& changes() const { return changes_; }
  const std::vector<EffectRecord>& records() const { return records_; }

 private:
  void note_change(uint64_t elements) {
    has_changes_ = true;
    dirty_ += elements;
  }

  bool observed_ = false;
  bool journaled_ = false;
  bool has_changes_ = false;
  uint64_t dirty_ = 0;
  std::vector<KeyChange> changes_;
  std::vector<EffectRecord> records_;
};

}  // namespace kvstash::engine
