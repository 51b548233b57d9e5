// Keyspace: the keys of one database on one shard. Owns the entries; keeps the table that finds
// them, the wheels of their deadlines, and the count of the bytes they take.
//
// It knows no commands, replies or effects: the rooms above decide what to store. Functions that
// change an entry return its new address; older pointers to that entry are invalid. A deadline in
// the past is kept like any other: the caller decides whether a key counts as gone.
//
// A hash whose fields have deadlines is in a second wheel, by the earliest of them. It is added,
// moved and removed there wherever its value is stored or changed, so that wheel is never out of
// date.
//
// Only the functions here change entries. An observer (observer.h) is told before each change by
// put_..., open_..., cut_string, set_deadline, erase and move_in.
//
// Not thread-safe: lives on a shard, and only the thread that holds the shard may touch it.
#pragma once

#include "base/alloc.h"
#include "base/numbers.h"
#include "store/big_keys.h"
#include "store/entry.h"
#include "store/garbage.h"
#include "store/hash_table.h"
#include "store/object.h"
#include "store/observer.h"
#include "store/timing_wheel.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::store {

// A key and its hash under the keyspaces' seed, which is computed once per command.
struct KeyRef {
  std::string_view name;
  uint64_t hash;
};

// What the keyspaces of one shard share: the count of their bytes, the garbage that takes dropped
// values, and the observer that keyspaces made from now on get.
struct ShardMemory {
  size_t bytes = 0;  // Entries and values, without bucket arrays, as the allocator rounds them.
  Garbage garbage;
  HugePages* huge_pages = nullptr;  // For bucket arrays; null: small pages are used.
  KeyspaceObserver* observer = nullptr;
};

// Room for the text of an integer.
using NumberText = char[kInt64CharsMax];

// Returns the bytes of a string value. The view lives until the entry changes; for an integer, it
// lives as long as `scratch`.
std::string_view string_bytes(const Entry& entry, NumberText& scratch);
size_t string_length(const Entry& entry);

class Keyspace {
 public:
  using Deadline = std::optional<int64_t>;  // Milliseconds since 1970; none: the key never expires.

  Keyspace(const HashSeed& seed, ShardMemory& memory, int64_t now_ms);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;
  ~Keyspace();  // Frees every entry in O(n). See drop().

  Entry* find(const KeyRef& key) const { return table_.find(key.name, key.hash); }

  // ---- Writing. `existing` is the result of find(key), null for a new key. Its old value, of
  // whatever type, is freed.

  // Stores a string, as an integer if it is the canonical text of one.
  Entry* put_string(const KeyRef& key, Entry* existing, std::string_view value, Deadline deadline);
  // Stores a string without looking for an integer; the caller chooses whether it is shown as
  // embstr or raw. A string too long for embstr is raw.
  Entry* put_text(const KeyRef& key, Entry* existing, std::string_view value, Encoding encoding,
                  Deadline deadline);
  Entry* put_integer(const KeyRef& key, Entry* existing, int64_t value, Deadline deadline);

  // Stores a value of another type and takes over the object that `word` stands for.
  Entry* put_object(const KeyRef& key, Entry* existing, ValueType type, ObjectWord word,
                    Deadline deadline);
  // Opens the object of `entry`, so that its class may change it, until update_object is called.
  ObjectWord open_object(const KeyRef& key, Entry& entry) {
    tell_change(key, entry);
    ++opened_;
    return entry.object();
  }
  // Ends a change begun with open_object: `word` is the object's new word, and `bytes_before` what
  // object_bytes returned before the change.
  Entry* update_object(const KeyRef& key, Entry* entry, ObjectWord word, size_t bytes_before);

  // Opens a string for change in place, as raw bytes of at least `size`: growth is zeroed, and a
  // longer value keeps its length. The deadline stays. Sets `bytes` to the whole string, valid
  // until the next change. Of the bytes that were there before, only those in `change` may be
  // written.
  Entry* open_string(const KeyRef& key, Entry* existing, size_t size, std::span<char>& bytes,
                     ByteRange change = {});
  // Cuts a string that open_string has opened to its first `size` bytes. Its memory stays
  // allocated.
  Entry* cut_string(const KeyRef& key, Entry* entry, size_t size);

  Entry* set_deadline(const KeyRef& key, Entry* entry, Deadline deadline);

  void erase(const KeyRef& key, Entry* entry);

  // Takes `entry` out of `source`, which may be this keyspace, and puts its value and deadline here
  // under `to`, which must be absent.
  Entry* move_in(const KeyRef& to, Keyspace& source, const KeyRef& from, Entry* entry);

  // Copies a value and its deadline under `to`, which must be absent.
  Entry* copy_in(const KeyRef& to, const Entry& entry);

  // Returns the largest keys of each type with their present sizes, in no order. Bounded.
  std::vector<BigKey> big_keys();

  // Bytes that the entry and its value take from the allocator.
  static size_t bytes_of(const Entry& entry);

  // Drops a whole keyspace: its observer may take it; otherwise it is freed, here or by the reaper.
  enum class Free : uint8_t { kHere, kByReaper };
  static void drop(std::unique_ptr<Keyspace> space, Free free);

  // ---- For snapshots.

  // Null: there is no observer. No object may be open for change.
  void set_observer(KeyspaceObserver* observer) {
    ensure(opened_ == 0);
    observer_ = observer;
  }
  KeyspaceObserver* observer() const { return observer_; }

  // Sets or clears a mark of an entry of this keyspace. Marks stay when the entry changes or moves
  // in memory, and are lost when it is removed.
  void set_mark(Entry& entry, Mark mark, bool is_set) {
    if (entry.has_mark(mark) == is_set) return;
    entry.set_mark(mark, is_set);
    size_t& count = marked_[static_cast<size_t>(mark)];
    if (is_set) {
      ++count;
      return;
    }
    ensure(count != 0);
    --count;
  }
  // Returns how many entries have the mark.
  size_t marked(Mark mark) const { return marked_[static_cast<size_t>(mark)]; }

  const HashTable& table() const { return table_; }
  // Makes room for `keys` in a keyspace without keys.
  void reserve(size_t keys) { table_.reserve(keys); }
  // Moves up to `buckets` buckets of a resize. Returns true while there are more that can be moved
  // now.
  bool step_resize(size_t buckets) { return table_.step(buckets); }
  void finish_resize() { table_.finish_resize(); }
  TimingWheel& deadlines() { return deadlines_; }
  const TimingWheel& deadlines() const { return deadlines_; }
  // The wheel of hashes by the earliest deadline of a field; null until a hash first has one.
  TimingWheel* field_deadlines() { return field_deadlines_.get(); }
  const TimingWheel* field_deadlines() const { return field_deadlines_.get(); }
  size_t size() const { return table_.size(); }

 private:
  // The payload to be stored: exactly the bytes that Entry keeps after the key.
  struct Payload {
    Entry::Shape shape;
    const char* bytes;
  };

  struct Deadlines {
    Deadline key;
    Deadline fields;  // The earliest deadline of a field.
  };

  void tell_change(const KeyRef& key, Entry& entry) {
    if (observer_ != nullptr) [[unlikely]]
      observer_->before_change(*this, key, entry);
  }
  void tell_born(const KeyRef& key, Entry& entry) {
    if (observer_ != nullptr) [[unlikely]]
      observer_->born(*this, key, entry);
  }
  // Stops counting the marks of an entry that is about to be removed.
  void forget_marks(const Entry& entry) {
    if (entry.has_marks()) [[unlikely]]
      uncount_marks(entry);
  }
  void uncount_marks(const Entry& entry);
  void detach_memory();
  Entry* put(const KeyRef& key, Entry* existing, const Payload& payload, Deadline deadline);
  Entry* make(const KeyRef& key, const Payload& payload, const Deadlines& deadlines);
  Entry* open_blob(const KeyRef& key, Entry* entry, size_t size, std::span<char>& bytes,
                   ByteRange change);
  Entry* remake(const KeyRef& key, Entry* old, const Payload& payload, Deadline deadline);
  void schedule(Entry* entry);    // Adds it to each wheel that it has a deadline block for.
  void unschedule(Entry* entry);  // Removes it from those wheels.
  static void change_deadline(TimingWheel& wheel, Entry* entry, DeadlineOf of, int64_t to_ms);
  static Deadline field_deadline_of(const Payload& payload);
  // Offers a value that takes `bytes` outside its entry to the lists of big keys.
  void note_size(const KeyRef& key, ValueType type, size_t bytes, ObjectWord word) {
    if (bytes >= BigKeys::kLookBytesMin) [[unlikely]]
      note_big(key, type, bytes, word);
  }
  void note_big(const KeyRef& key, ValueType type, size_t bytes, ObjectWord word);
  void note_size(const KeyRef& key, const Entry& entry);
  void free_payload(Entry* entry);
  void free_entry(Entry* entry);
  Blob* make_blob(size_t size, size_t capacity);
  void drop_blob(Blob* blob);
  void drop_object(ValueType type, ObjectWord word);
  // The bytes of the entry's blob or object.
  static size_t outside_bytes(const Entry& entry);
  void count(size_t asked) { count_allocated(allocation_bytes(asked)); }
  void uncount(size_t asked) { uncount_allocated(allocation_bytes(asked)); }
  void count_allocated(size_t bytes) {
    bytes_ += bytes;
    memory_->bytes += bytes;
  }
  void uncount_allocated(size_t bytes) {
    bytes_ -= bytes;
    memory_->bytes -= bytes;
  }

  ShardMemory* memory_;  // Null once the keyspace was dropped.
  KeyspaceObserver* observer_;
  size_t bytes_ = 0;
  std::array<size_t, kMarks> marked_{};
  size_t opened_ = 0;  // Number of objects that are open for change.
  HashTable table_;
  TimingWheel deadlines_;
  int64_t made_at_ms_;
  std::unique_ptr<TimingWheel> field_deadlines_;
  BigKeys big_keys_;
};

}  // namespace kvstash::store
