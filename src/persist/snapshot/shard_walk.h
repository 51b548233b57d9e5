// ShardWalk: one snapshot's way through the data of one shard.
//
// It walks the keyspaces of the cut in the order of the hashes of their keys, in slices. It writes
// small entries whole. At the first change of an entry ahead of it, it writes the entry as it is,
// or, if its value is large, begins to watch the value (big_value.h). Large values are written
// after all small entries, one at a time.
//
// A mark on an entry means: the walk does not treat it as its place says.
//
//   ahead of the walk    marked: the entry was written, is watched, or came after the cut. The walk
//                        takes the mark away and goes on.
//   behind the walk      marked: the value is large, has not changed since the cut, and is still to
//                        be written.
//
// When a snapshot is given up, the walk takes all marks away in slices. In any case it ends only
// when the walks of all shards are ready, because until then a watched value may come here from
// another shard. Lives on one shard's thread, outside of commands, but for the functions that its
// observer calls.
#pragma once

#include "persist/snapshot/big_value.h"
#include "persist/snapshot/holdings.h"
#include "persist/snapshot/snapshot.h"
#include "store/keyspace.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kvstash::persist {

// What a step of a shard has come to.
enum class StepResult : uint8_t {
  kWorks,  // There is more to do.
  kWaits,  // Nothing can be done until the snapshot wakes the shard.
  kDone,
};

class ShardWalk {
 public:
  ShardWalk(std::shared_ptr<Snapshot> snapshot, size_t shard, Holdings& holdings);
  ShardWalk(const ShardWalk&) = delete;
  ShardWalk& operator=(const ShardWalk&) = delete;
  ~ShardWalk() { ensure(part_ == Part::kDone); }

  // Adds a keyspace to the cut. Under the hold of the cut.
  void add(uint32_t db, store::Keyspace& space);

  // As KeyspaceObserver.
  void before_change(store::Keyspace& space, const store::KeyRef& key, store::Entry& entry);
  void born(store::Keyspace& space, const store::KeyRef& key, store::Entry& entry);
  // The keyspace is about to be dropped. Returns whether the walk still needs it.
  bool before_drop(const store::Keyspace& space);

  StepResult step(Budget budget);
  void note_turn(int64_t ns) { snapshot_->note_turn(shard_, ns); }

  // Takes a view of a watched value over from another shard. Both shards must be held.
  void take_view(ShardWalk& from, const ValueWatch& watch);

  // Gives the snapshot up and forgets it at once, in O(n).
  void abandon();

 private:
  enum class Part : uint8_t { kSmall, kBig, kUnmark, kReady, kDone };

  // A keyspace as it was at the cut.
  struct Cut {
    bool has_passed(uint64_t hash) const { return !next || hash < *next; }

    store::Keyspace* space;  // Null once the walk is done with it.
    uint32_t db;
    std::optional<uint64_t> next = 0;  // Where the walk goes on; none: it is through.
    std::deque<uint64_t> big{};        // The hashes of the large values that it has marked.
    bool is_unmarking = false;
  };
  struct View {
    std::unique_ptr<BigValue> value;
    ValueWatch* watch;
  };
  // A view that another shard had begun to write when the value came here. The rest goes into the
  // lane of that shard.
  struct Guest {
    View view;
    size_t lane;
    Chunk chunk{};
  };

  Cut* cut_of(const store::Keyspace& space);
  void preserve(Cut& cut, const store::Entry& entry);
  // Returns how many bytes it has written.
  size_t write_small(const Cut& cut, const store::Entry& entry);
  void watch(Cut& cut, const store::Entry& entry);
  bool is_writable(const store::Entry& entry);
  bool is_large(const store::Entry& entry) const {
    return ValueWatch::is_large(entry, snapshot_->options().small);
  }
  size_t chunk_bytes() const { return snapshot_->options().chunk_bytes; }
  rdb::Encoded& chunk_of(uint32_t db);
  // `goes_on`: the chunk ends inside a value.
  void flush(bool goes_on = false) { flush_to(shard_, chunk_, goes_on); }
  void flush_to(size_t lane, Chunk& chunk, bool goes_on);
  void end_value(size_t lane, Chunk& chunk);
  void push(ChunkLane::Item item) { snapshot_->push(shard_, std::move(item)); }

  void do_slice(Budget& budget);
  void walk_small(Budget& budget);
  size_t visit(Cut& cut, store::Entry& entry);
  void walk_big(Budget& budget);
  bool find_big();
  void write_value(Budget& budget);
  bool write_guest(Budget& budget);
  void be_ready();
  bool may_go_on();
  bool has_only_guests() const {
    const bool is_through = part_ == Part::kBig && at_ == cuts_.size();
    return is_through && views_.empty() && ending_.empty() && !guests_.empty();
  }
  void end_views(Budget& budget);
  void finish(Cut& cut);

  void give_up();
  void unmark(Budget& budget);
  void unmark(Cut& cut, Budget& budget);
  void publish();

  std::shared_ptr<Snapshot> snapshot_;
  size_t shard_;
  store::Mark mark_;
  Holdings* holdings_;
  Part part_ = Part::kSmall;
  std::vector<std::unique_ptr<Cut>> cuts_;
  std::unordered_map<const store::Keyspace*, Cut*> by_space_;  // Those that are not finished.
  size_t at_ = 0;                                              // The keyspace that is being walked.
  std::vector<store::Entry*> visited_;  // The entries of a slice; kept to reuse its memory.

  std::deque<View> views_;  // Large values to be written, the one that is being written first.
  std::deque<Guest> guests_;
  std::deque<View> ending_;  // Those that will not be written further.
  Chunk chunk_;              // What is put into the lane next.
  bool is_inside_ = false;   // What was put into the lane last ends inside a value.
  BigValue::Tally tally_;
  size_t preimages_ = 0;  // Small entries that were written before a change.
  size_t keys_done_ = 0;
};

}  // namespace kvstash::persist
