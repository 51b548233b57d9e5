// Stream: the entries behind the STREAM type, in the order of their ids, and their consumer groups.
//
//   Stream ──> blocks: id of the first entry -> listpack of up to 100 entries (stream_block.h)
//          └─> consumer groups (consumer_group.h), made with the first of them
//
// Entries are only added behind the last id, but deleted anywhere: a block keeps the bytes of a
// deleted entry until all its entries are deleted. An empty stream is a value like any other: it
// keeps its last id and its groups.
//
// The object is one word wide: an owner stores the word that `release()` returns, and calls `adopt`
// while it uses the stream. Texts to be stored must not lie in the stream. Not thread-safe: lives
// on one shard; a whole stream may be handed to another thread to be freed there.
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

// The rule by which XTRIM removes entries from the front.
struct StreamTrim {
  // If set, entries below this id go; else all but the last `length_max` entries.
  std::optional<StreamId> min_id = std::nullopt;
  uint64_t length_max = 0;
  bool whole_blocks_only = false;  // Keeps entries whose block has an entry that stays.
  uint64_t limit = 0;              // Trimming stops at a block that would exceed it; 0: none.
};

class Stream {
 public:
  static constexpr ValueType kType = ValueType::kStream;
  static constexpr bool kKeepsEmpty = true;
  using Blocks = IdTree<unsigned char*>;  // The bytes of listpacks.

  // The numbers that a stream keeps beside its entries.
  struct Counters {
    StreamId last_id{};         // Id of the last entry ever added, or the id that XSETID has set.
    StreamId first_id{};        // Id of the first entry; zero if there is none.
    StreamId max_deleted_id{};  // The largest id deleted by `erase`; zero: none.
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
  // Freeing a stream is O(n).
  ~Stream() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  uintptr_t release() { return std::exchange(word_, 0); }
  static Stream adopt(uintptr_t word) { return Stream(word); }
  Stream copy() const;  // O(n).

  // ---- Changing.

  // Adds an entry. `id` must be above last_id(), and the fields not too large
  // (kStreamEntryBytesMax).
  void append(StreamId id, StreamFields fields, const StreamLimits& limits);
  bool erase(StreamId id);  // False if there is no such entry.
  // Removes entries by the rule. Returns how many.
  uint64_t trim(const StreamTrim& rule);
  // Both are for XSETID. `last_id` must not be below the id of the last entry.
  void set_last_id(StreamId last_id) { open_counters().last_id = last_id; }
  void set_entries_added(uint64_t count) { open_counters().entries_added = count; }
  void set_max_deleted_id(StreamId id) { open_counters().max_deleted_id = id; }

  // For loading: adds a valid block behind all others. Returns false if its ids are not behind
  // them. The entries are not counted; set_counters does that afterwards. A block without living
  // entries, which Redis may leave, is dropped.
  bool append_block(StreamId id, Listpack block);
  void set_counters(const Counters& counters) { open_counters() = counters; }

  // ---- Reading.

  const Counters& counters() const { return body().counters; }
  size_t size() const { return counters().length; }
  StreamId last_id() const { return counters().last_id; }
  bool contains(StreamId id) const;
  // The ids of the first and the last entry; none if the stream is empty.
  std::optional<StreamId> first_entry() const;
  std::optional<StreamId> last_entry() const;
  const Blocks& blocks() const { return body().blocks; }

  // Returns how many entries had been added when the entry with this id was, or `kUnknown` where
  // that cannot be told, because of deletions for example.
  int64_t estimate_entries_read(StreamId id) const;
  // Whether an entry at or behind `id` may have been deleted.
  bool may_have_gaps_from(StreamId id) const;
  // Returns the number of entries that the group has not read, or nothing if it is unknown.
  std::optional<int64_t> lag(const ConsumerGroup& group) const;

  // ---- Groups.

  // Null if the stream never had a group.
  const ConsumerGroups* groups() const { return body().groups; }
  const ConsumerGroup* find_group(std::string_view name) const {
    return groups() == nullptr ? nullptr : groups()->find(name);
  }
  // For changing a group by its own functions, which count its memory.
  ConsumerGroup* find_group(std::string_view name) {
    return body().groups == nullptr ? nullptr : body().groups->find(name);
  }
  ConsumerGroup& create_group(std::string_view name);  // No group may have this name yet.
  void destroy_group(ConsumerGroup& group);            // With its pending entries: O(n).

  // ---- For snapshots (observer.h).

  void set_observer(StreamObserver* observer) const { body().observer = observer; }
  StreamObserver* observer() const { return body().observer; }
  // To be called before the stream is dropped: asks its observer, if it has one, to take it over,
  // and returns whether it did. Afterwards the stream is not observed. The destructor calls it
  // itself.
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
    size_t bytes = 0;  // First, because the other members count in it.
    Blocks blocks{bytes};
    Counters counters;
    ConsumerGroups* groups = nullptr;
    StreamObserver* observer = nullptr;
  };
  static_assert(sizeof(Body) == 112, "a size class of the allocator");

  explicit Stream(uintptr_t word) : word_(word) {}
  void drop();  // What the destructor does with a value that was not released.
  Body& body() const { return *reinterpret_cast<Body*>(word_); }
  class OpenBlock;

  // Returns the counters for a change, after telling the observer.
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
// A change of the stream's entries invalidates the cursor; its groups may change meanwhile.
class StreamCursor {
 public:
  enum class Direction : uint8_t { kForward, kBackward };

  StreamCursor(const Stream& stream, StreamId from, StreamId to,
               Direction direction = Direction::kForward);

  // Goes to the first entry, or the next one. Returns false past the last. O(log n) for a block's
  // first.
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
  bool is_inside_ = false;  // The reader stands on an entry of the block.
  BlockReader reader_;
};

}  // namespace kvstash::store
