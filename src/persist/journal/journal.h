// Journal: the one log of a node. Every change of data is a record in it, in one order over all
// shards; the log on disk and replicas are its readers.
//
// Shards append through their lanes (lane.h), whole units at a time, under a mutex that is held for
// a copy of bytes and nothing else. The bytes stand in blocks in memory. A block is immutable
// behind its end, so readers read without the mutex what they learned of under it. Blocks stay
// until no reader needs them, and then as many as make up `backlog_bytes`.
//
// Two numbers count its bytes. An LSN counts all of them: replies wait for LSNs. An offset counts
// those that replicas get: it is the replication offset, which files and replicas speak of. They
// differ by the bytes of records that only the log on disk gets.
//
// While the node follows a primary, the stream is that of the primary, byte for byte, and what
// lanes append is for the log on disk alone.
//
// Any thread, unless a function says otherwise.
#pragma once

#include "engine/execution/key.h"
#include "engine/release/lsn.h"
#include "persist/journal/lane.h"
#include "persist/journal/marked_bytes.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

using Offset = uint64_t;  // A replication offset.

// A place in the journal that stands at a unit's end.
struct JournalPlace {
  engine::Lsn lsn{};
  Offset offset = 0;

  bool operator==(const JournalPlace&) const = default;
};

// A piece of the journal that a reader takes: whole units.
struct JournalPiece {
  JournalPlace begin;
  JournalPlace end;
  std::string_view bytes;   // Valid as long as `block` is kept.
  std::vector<Mark> marks;  // Their offsets count from the beginning of `bytes`.
  std::shared_ptr<const void> block;
};

class Journal {
 public:
  struct Numbers {
    JournalPlace begin;  // The oldest place that is still in memory.
    JournalPlace end;
    size_t memory = 0;  // Bytes that the blocks take.
    uint64_t blocks = 0;
  };

  // The journal begins at `begin`. `backlog_bytes`: how much of what all readers have passed stays.
  Journal(JournalPlace begin, size_t backlog_bytes);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Appends the records, with a SELECT before them if the database is another one. Returns the LSN
  // behind them. Called by lanes.
  engine::Lsn append(const LaneRecords& records);
  // Appends whole units as they came from the primary that the node follows. No part of them is
  // marked kAof. `last_db`: the database that is selected behind them.
  engine::Lsn append_stream(const MarkedBytes& units, engine::DbIndex last_db);
  // Appends a record, as RESP text, that replicas alone get, whatever database they are in.
  engine::Lsn append_for_replicas(std::string_view record);
  // Has the next record stand behind a SELECT, so that a reader may begin here.
  void select_again();
  // Has the journal begin at another place. It has no records yet, and no readers.
  void begin_at(JournalPlace place);

  // ---- Every shard is held.
  // The stream is a primary's from now on. `db`: the database that it has selected here.
  void begin_following(engine::DbIndex db);
  // The stream is what lanes append, once more.
  void end_following();
  // The stream goes on at another offset. What was before is dropped: readers need nothing of it.
  void jump_to(Offset offset);
  bool is_following() const { return is_following_.load(std::memory_order_relaxed); }

  // Who has announced that it waits, and then looks at the end, misses no append (on_append()).
  engine::Lsn end() const { return end_lsn_.load(std::memory_order_seq_cst); }
  JournalPlace end_place() const;
  // The database that the stream has selected at its end; none: a SELECT will stand before the next
  // record.
  std::optional<engine::DbIndex> database() const;
  // The database of the last record before `lsn`, which is a unit's end in memory; none: a SELECT
  // stands behind it.
  std::optional<engine::DbIndex> database_at(engine::Lsn lsn) const;
  // An LSN up to which who has the stream up to `offset` has the journal. At a unit's end it is the
  // one of that end, if the place is not long ago.
  engine::Lsn lsn_at(Offset offset) const;
  Numbers numbers() const;
  void set_backlog_bytes(size_t bytes);

  // ---- Readers. A reader keeps the blocks from its place on in memory.
  class Reader {
   public:
    // Begins at `place`, which must still be in memory. `journal` outlives the reader.
    Reader(Journal& journal, JournalPlace place);
    // For the journal, which holds its mutex.
    Reader(Journal& journal, JournalPlace place, const std::lock_guard<std::mutex>& held);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Takes the next piece, up to `until` at most, which is a unit's end; nothing: there is none
    // yet.
    std::optional<JournalPiece> take(engine::Lsn until = engine::kLsnMax);
    JournalPlace place() const { return at_; }
    // Goes back, or forward, to a place that is in memory.
    void seek(JournalPlace place) { at_ = place; }
    // Declares that the journal up to `place` is not needed any more. Before the first call, all
    // from the reader's beginning on is needed.
    void release(JournalPlace place);
    // Needs nothing any more, or all from `place` on again, which is in memory.
    void rest();
    void need(JournalPlace place);

   private:
    friend class Journal;
    Journal* journal_;
    JournalPlace at_;
    engine::Lsn needed_;  // Under the journal's mutex.
  };

  // Returns a reader that begins at `offset`; null: that is not in memory, or there is no such
  // place yet.
  std::unique_ptr<Reader> read_from(Offset offset);

  // Sets a function that is called after an append, without the mutex held, on the appending
  // thread. Called before the first append.
  void on_append(std::function<void()> then) { on_append_ = std::move(then); }

 private:
  struct Block {
    JournalPlace begin;
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
    size_t capacity = 0;
    std::vector<Mark> marks;
    size_t stream_bytes = 0;
  };

  // From `at` on, records are of `db`, or begin with a SELECT.
  struct Change {
    engine::Lsn at;
    std::optional<engine::DbIndex> db;
  };

  void put_select(engine::DbIndex db);
  void put(const MarkedBytes& text);
  engine::Lsn append_text(const MarkedBytes& text, std::optional<engine::DbIndex> last_db);
  JournalPlace oldest() const { return blocks_.empty() ? end_ : blocks_.front()->begin; }
  std::optional<JournalPlace> place_of(Offset offset) const;
  Block& room_for(size_t bytes);
  void set_database(std::optional<engine::DbIndex> db);
  void add(Block& block, std::string_view bytes);
  void drop_blocks();
  size_t index_of(engine::Lsn lsn) const;

  mutable std::mutex lock_;
  std::deque<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<Block> spare_;
  std::vector<Reader*> readers_;
  JournalPlace end_;
  std::deque<Change> databases_;  // Of the log on disk, by LSN; the last is the present one.
  std::atomic<bool> is_following_{false};
  engine::DbIndex stream_db_{};  // The database that a primary's stream has selected at the end.
  // Places at which LSNs and offsets have begun to differ by another number; at first the
  // beginning.
  std::deque<JournalPlace> shifts_;
  size_t memory_ = 0;
  size_t backlog_bytes_;
  std::atomic<engine::Lsn> end_lsn_;  // end_.lsn, for reading without the mutex.
  std::function<void()> on_append_;
};

// Appends the text of SELECT, in small letters: in a file that Redis went on in, the SELECT that it
// began with is told from ours by its capitals (aof/increment_reader.h).
void append_select(std::string& to, engine::DbIndex db);

}  // namespace kvstash::persist
