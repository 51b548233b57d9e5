// EffectSink: the port of a lane of the journal. The engine hands committed changes to it, as
// records, and does not know who reads them.
//
// A shard has one lane. Only the thread that executes for the shard calls it, so that the records
// of one execution stand in one lane, in the order of their effects, whichever shards the execution
// holds.
//
// Units: the records between begin_unit() and end_unit() are in the log all together or not at all.
// Units nest: the outermost pair counts. A unit without a record leaves no trace.
#pragma once

#include "base/ensure.h"
#include "engine/execution/key.h"
#include "engine/release/lsn.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace kvstash::engine {

// Who gets a record. The values are bits; scripts choose them by the same numbers
// (redis.set_repl).
enum class RecordTarget : uint8_t { kNone = 0, kAof = 1, kReplicas = 2, kBoth = 3 };

constexpr RecordTarget operator&(RecordTarget a, RecordTarget b) {
  return static_cast<RecordTarget>(static_cast<uint8_t>(a) & static_cast<uint8_t>(b));
}

// A command that has the effect of a change that was made. All its views are valid only during the
// call that hands it over.
struct Record {
  DbIndex db{};
  // Begins with the command's own name, in upper or lower case.
  std::span<const std::string_view> argv;
  // The command as RESP, byte for byte as append_request (resp/request_text.h) writes it, to be
  // copied into the log. Empty: these bytes do not exist, and `argv` is to be formatted.
  std::string_view raw{};
  RecordTarget target = RecordTarget::kBoth;
};

class EffectSink {
 public:
  virtual ~EffectSink() = default;

  // Takes a record of a change that is already applied. A record without a target is not handed
  // over.
  void write(const Record& record) {
    ensure(record.target != RecordTarget::kNone);
    if (depth_ != 0 && !is_open_) {
      is_open_ = true;
      on_begin_unit();
    }
    on_record(record);
  }

  void begin_unit() { ++depth_; }
  // A unit that is never ended, such as that of a script which SHUTDOWN NOSAVE ended, does not join
  // the log.
  void end_unit() {
    ensure(depth_ != 0);
    if (--depth_ != 0 || !is_open_) return;
    is_open_ = false;
    on_end_unit();
  }

  // Makes the records written so far join the log; called before a reply, a push or a command for
  // another shard leaves. Records of a unit that has not ended do not join: while a script runs for
  // too long, this is called in the middle of its unit, for the records before the unit. Returns
  // the LSN behind the last record that has joined by this lane; it never falls.
  virtual Lsn flush() = 0;

 protected:
  virtual void on_record(const Record& record) = 0;
  // Called before and after the records of a unit, for units that have records.
  virtual void on_begin_unit() = 0;
  virtual void on_end_unit() = 0;

 private:
  uint32_t depth_ = 0;    // Units begun and not ended.
  bool is_open_ = false;  // The outermost unit has a record.
};

// Makes the records written during its life one unit. `sink` may be null: there is no journal.
class RecordUnit {
 public:
  explicit RecordUnit(EffectSink* sink) : sink_(sink) {
    if (sink_ != nullptr) sink_->begin_unit();
  }
  RecordUnit(const RecordUnit&) = delete;
  RecordUnit& operator=(const RecordUnit&) = delete;
  ~RecordUnit() {
    if (sink_ != nullptr) sink_->end_unit();
  }

 private:
  EffectSink* sink_;
};

}  // namespace kvstash::engine
