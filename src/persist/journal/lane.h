// Lane: one shard's way into the journal. It writes the records of a turn as RESP text into a
// buffer of its own, and hands them to the journal in one piece when the shard sends what follows
// from them.
//
// Records of a unit stand between MULTI and EXEC, unless there is only one. A SELECT stands before
// a record of another database than the one before it; before the first record of a buffer the
// journal puts one where it is needed. While the node follows a primary, all of this is for the log
// alone.
//
// Used by the thread that executes for the shard (effect_sink.h). The journal outlives it.
#pragma once

#include "engine/execution/effect_sink.h"
#include "persist/journal/marked_bytes.h"

#include <cstddef>

namespace kvstash::persist {

class Journal;

// A lane's records on their way into the journal.
struct LaneRecords {
  MarkedBytes text;
  // The databases of the first and of the last record.
  engine::DbIndex first_db{};
  engine::DbIndex last_db{};
};

class Lane final : public engine::EffectSink {
 public:
  explicit Lane(Journal& journal);

  engine::Lsn flush() override;

 private:
  void on_record(const engine::Record& record) override;
  void on_begin_unit() override;
  void on_end_unit() override;
  engine::RecordTarget target() const;  // Of what is not a record of the shard.
  void select(engine::DbIndex db);
  void give(LaneRecords& records);

  Journal* journal_;
  engine::Lsn lsn_;  // Behind the last record that has joined.
  LaneRecords records_;
  LaneRecords before_unit_;  // Kept for its memory.
  bool is_in_unit_ = false;
  size_t unit_at_ = 0;                // Where the open unit begins in the text.
  engine::DbIndex before_unit_db_{};  // The database of the record before it.
  engine::DbIndex unit_db_{};         // The database of its first record.
  size_t unit_records_ = 0;
};

}  // namespace kvstash::persist
