// Effects: what a command changed, collected while it runs and passed on by one function,
// Executor::commit. It belongs to the shard whose thread runs the commands, and is reused from
// command to command.
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
  // Clients that watch the key or wait for it are not told.
  bool is_quiet = false;
};

class Effects {
 public:
  // Called before a command. `observed`: single changes are to be collected, because somebody
  // listens. `readers`: who gets the command's records.
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

  // The records that stand for the command in the journal. If there are none and elements changed,
  // the command is recorded as it was sent.
  RecordWords& records() { return words_; }
  // Records the command as it was sent for `target`, whether or not elements of keys changed.
  void record_as_sent(RecordTarget target) { as_sent_ = target; }

  bool is_observed() const { return observed_; }
  // Who gets the records of this command; kNone without a journal.
  RecordTarget readers() const { return readers_; }
  bool is_journaled() const { return readers_ != RecordTarget::kNone; }
  bool has_changes() const { return has_changes_; }  // Quiet changes count as well.
  // Whether there is a change or a record to pass on.
  bool has_any() const {
    return has_changes_ || as_sent_ != RecordTarget::kNone || !words_.empty();
  }
  // Who gets the command as it was sent. A command that left all elements as they were is not
  // recorded, even if it published an event.
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
