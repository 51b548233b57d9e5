// Effects: what a command changed, collected while it runs and told to everybody who must know by
// one function, Executor::commit. Reused from command to command: it belongs to the shard whose
// thread runs them.
#pragma once

#include "engine/execution/effect_sink.h"
#include "engine/execution/key.h"
#include "engine/execution/record_words.h"

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

class Effects {
 public:
  // Set before a command: whether anybody listens to single changes, and who reads its records.
  void begin(bool observed, RecordTarget readers) {
    observed_ = observed;
    readers_ = readers;
    as_sent_ = RecordTarget::kNone;
    has_changes_ = false;
    dirty_ = 0;
    if (!changes_.empty()) changes_.clear();
    if (!words_.empty()) words_.clear();
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

  // The records that stand for the command in the journal. None, and elements changed: the command
  // as it was sent.
  RecordWords& records() { return words_; }
  // The command as it was sent, for these readers, whether or not elements of keys changed.
  void record_as_sent(RecordTarget target) { as_sent_ = target; }

  bool is_observed() const { return observed_; }
  // Who reads the records of this command: kNone without a journal.
  RecordTarget readers() const { return readers_; }
  bool is_journaled() const { return readers_ != RecordTarget::kNone; }
  bool has_changes() const { return has_changes_; }  // Told or not.
  // Whether there is something to be told or to be recorded.
  bool has_any() const {
    return has_changes_ || as_sent_ != RecordTarget::kNone || !words_.empty();
  }
  // Who gets the command as it was sent: what leaves all elements as they were is in no record,
  // even if it is told as an event.
  RecordTarget as_sent_target() const {
    const RecordTarget target = dirty_ != 0 ? RecordTarget::kBoth : as_sent_;
    return words_.empty() ? target & readers_ : RecordTarget::kNone;
  }
  uint64_t dirty() const { return dirty_; }  // Elements that changed, as Redis counts them.
  const std::vector<KeyChange>& changes() const { return changes_; }

 private:
  void note_change(uint64_t elements) {
    has_changes_ = true;
    dirty_ += elements;
  }

  bool observed_ = false;
  RecordTarget readers_ = RecordTarget::kNone;
  RecordTarget as_sent_ = RecordTarget::kNone;
  bool has_changes_ = false;
  uint64_t dirty_ = 0;
  std::vector<KeyChange> changes_;
  RecordWords words_;
};

}  // namespace kvstash::engine
