// Stream: the entries behind the STREAM type, in the order of their ids, and their consumer groups.
//
//   Stream ──> blocks: id of the first entry -> listpack of up to 100 entries (stream_block.h)
//          └─> consumer groups (consumer_group.h), made with the first of them
//
// Entries are only ever added behind the last id, and deleted anywhere: a block keeps a deleted
// entry's bytes until all its entries are deleted. An empty stream is a value like any other: it
// remembers its last id and its groups.
//
// One word: owners keep `release()`'s answer and `adopt` it for the time of a use. Texts to be
// stored must not lie in the stream. Not thread-safe: lives on one shard; a whole stream may be
// handed to another thread to be freed there.
#pragma once

#include "store/consumer_group.h"
#include "store/entry.h"
#include "store/id_tree.h"
#include "store/listpack.h"
#include "store/observer.h"
#include "store/stream_block.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace kvstash::store {

// What XTRIM takes away: entries from the front, by a rule.
struct StreamTrim {
  // Those below it; else all but the last `length_max`.
  std::optional<StreamId> min_id = std::nullopt;
  uint64_t length_max = 0;
  bool whole_blocks_only = false;  // Leaves entries that share a block with ones that stay.
  uint64_t limit = 0;              // Of entries that go, if whole blocks; 0: none.
};

class Stream {
 public:
  static constexpr ValueType kType = ValueType::kStream;
  static constexpr bool kKeepsEmpty = true;
  using Blocks = IdTree<unsigned char*>;  // The bytes of listpacks.

  // What a stream remembers beside its entries.
  struct Counters {
    StreamId last_id{};         // Of the last entry ever added, or as set.
    StreamId first_id{};        // Of the first entry; zero if there is none.
    StreamId max_deleted_id{};  // The largest that was deleted one by one; zero: none.
    uint64_t entries_added = 0;
    uint64_t length = 0;
  };

  Stream();  // Empty.
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // O(n).
  ~Stream() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static Stream adopt(uintptr_t word) { return Stream(word); }
  Stream copy() const;  // O(n).

  // ---- Changing.

  // `id` is above last_id(), and the fields are not too large (kStreamEntryBytesMax).
  void append(StreamId id, StreamFields fields, const StreamLimits& limits);
  bool erase(StreamId id);  // False if there is none.
  // Returns how many entries went.
  uint64_t trim(const StreamTrim& rule);
  // XSETID. `last_id` is at least that of the last entry.
  void set_last_id(StreamId last_id) { open_counters().last_id = last_id; }
  void set_entries_added(uint64_t count) { open_counters().entries_added = count; }
  void set_max_deleted_id(StreamId id) { open_counters().max_deleted_id = id; }

  // For loading: a valid block, behind all others. False if it is not behind them. What it holds is
  // not counted: that is set_counters, afterwards. A block without living entries, as Redis may
  // leave it, is dropped.
  bool append_block(StreamId id, Listpack block);
  void set_counters(const Counters& counters) { open_counters() = counters; }

  // ---- Reading.

  const Counters& counters() const { return body().counters; }
  size_t size() const { return counters().length; }
  StreamId last_id() const { return counters().last_id; }
  bool contains(StreamId id) const;
  // Of the first and last entry; none if the stream is empty.
  std::optional<StreamId> first_entry() const;
  std::optional<StreamId> last_entry() const;
  const Blocks& blocks() const { return body().blocks; }

  // As far as can be told: how many entries had been added when that of `id` was; `kUnknown` if
  // deletions have made that uncertain.
  int64_t estimate_entries_read(StreamId id) const;
  // Whether an entry at or behind `id` may have been deleted.
  bool may_have_gaps_from(StreamId id) const;
  // Entries that the group has still to read; none: unknown.
  std::optional<int64_t> lag(const ConsumerGroup& group) const;

  // ---- Groups.

  // Null if there never was one.
  const ConsumerGroups* groups() const { return body().groups; }
  const ConsumerGroup* find_group(std::string_view name) const {
    return groups() == nullptr ? nullptr : groups()->find(name);
  }
  // To be changed, by its own functions: what it takes is counted.
  ConsumerGroup* find_group(std::string_view name) {
    return body().groups == nullptr ? nullptr : body().groups->find(name);
  }
  ConsumerGroup& create_group(std::string_view name);  // The name must be new.
  void destroy_group(ConsumerGroup& group);            // With all that it has: O(n).

  // ---- For snapshots (observer.h).

  void set_observer(StreamObserver* observer) const { body().observer = observer; }
  StreamObserver* observer() const { return body().observer; }
  // Before it is dropped: whether the observer took it over. It is not observed afterwards. Whoever
  // destroys a stream need not ask: it asks itself.
  bool offer() {
    if (word_ == 0 || observer() == nullptr) [[likely]]
      return false;
    return std::exchange(body().observer, nullptr)->take(word_);
  }

  // ---- Form and memory.

  Encoding encoding() const { return Encoding::kStream; }
  size_t bytes() const { return body().bytes; }  // All it owns, as the allocator rounds it. O(1).
  bool is_sound() const;                         // O(n), for tests.

 private:
  struct Body {
    size_t bytes = 0;  // Of all of this: first, because the rest counts in it.
    Blocks blocks{bytes};
    Counters counters;
    ConsumerGroups* groups = nullptr;
    StreamObserver* observer = nullptr;
  };
  static_assert(sizeof(Body) == 112, "a size class of the allocator");

  explicit Stream(uintptr_t word) : word_(word) {}
  void drop();  // What a destructor does with a value that was not given away.
  Body& body() const { return *reinterpret_cast<Body*>(word_); }
  class OpenBlock;

  // The counters, of which the observer has been told that they change.
  Counters& open_counters() {
    if (observer() != nullptr) [[unlikely]]
      observer()->before_counters();
    return body().counters;
  }
  void tell_block(StreamId id) const {
    if (observer() != nullptr) [[unlikely]]
      observer()->before_block(id);
  }
  void refresh_first_id();
  void drop_block(StreamId id);

  uintptr_t word_;
};
static_assert(sizeof(Stream) == 8, "owners keep it in a word");

// Goes through the entries of a range that are not deleted, in either direction.
//
//   for (StreamCursor at(stream, from, to); at.next();) use(at.id(), at.entry());
//
// Dies when the stream's entries change; its groups may change meanwhile.
class StreamCursor {
 public:
  enum class Direction : uint8_t { kForward, kBackward };

  StreamCursor(const Stream& stream, StreamId from, StreamId to,
               Direction direction = Direction::kForward);

  // To the first entry, or the next one; false past the last. O(log n) for a block's first.
  bool next();

  StreamId id() const { return reader_.id(); }
  const BlockReader& entry() const { return reader_; }

 private:
  bool enter_block();
  bool step();
  bool is_in_range() const { return reader_.id() >= from_ && reader_.id() <= to_; }

  Stream::Blocks::Position block_;
  StreamId from_;
  StreamId to_;
  bool is_backward_;
  bool is_inside_ = false;  // Of the block.
  BlockReader reader_;
};

}  // namespace kvstash::store
