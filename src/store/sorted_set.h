// SortedSet: the value of the ZSET type: members, each once, in the order of (score, member).
//
// A small set is a listpack of member, score, member, score, ..., byte for byte as Redis keeps it:
// integers as integers, other scores as "%.17g". A large one is a ScoreTree of elements and a
// MemberIndex that finds them. A set that outgrows the options becomes large and stays so until
// `make_small_if_fits` is called.
//
// Ranges of every kind are first converted to ranges of ranks: counting is subtraction, walking
// starts at a rank, and removing takes a rank and a count. Large sets answer in O(log n), small
// ones in O(n). Operations on a large set take O(log n), unless their comment says otherwise; the
// index resizes a bucket at a time, and `free_some` frees the set in slices.
//
// Scores are never NaN. A negative zero counts as zero, and small sets store it so.
//
// Owns its elements. The object is one word wide and may be moved in memory (see `release`). Not
// thread-safe: lives on one shard.
#pragma once

#include "base/hash.h"
#include "base/numbers.h"
#include "base/random.h"
#include "store/entry.h"
#include "store/hash_table.h"
#include "store/listpack.h"
#include "store/observer.h"
#include "store/score_tree.h"
#include "store/table_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::store {

// Options that all sorted sets of a process share, like zset-max-listpack-entries and -value.
struct SortedSetOptions {
  size_t listpack_entries_max = 128;
  size_t listpack_value_bytes_max = 64;
  HashSeed seed;
};

// The changes that ZADD's options allow.
struct ScoreRule {
  bool only_new = false;       // NX: no existing member changes.
  bool only_existing = false;  // XX: no member is added.
  bool only_greater = false;   // GT: an existing score never sinks.
  bool only_less = false;      // LT: an existing score never rises.
  bool increment = false;      // INCR: the score given is added to the existing one.
};

enum class ScoreChange : uint8_t {
  kAdded,
  kUpdated,
  kUnchanged,   // The member already had that score.
  kSkipped,     // The rule does not allow the change.
  kNotANumber,  // Infinity was to be added to its opposite; nothing was changed.
};

struct AddResult {
  ScoreChange change;
  double score;  // The member's score now; 0 if kNotANumber, or if a skipped member is absent.
};

struct ScoreRange {
  double min;
  double max;
  bool min_exclusive = false;
  bool max_exclusive = false;
};

// An end of a range of members: "-", "+", "[text" or "(text".
struct LexBound {
  enum class Kind : uint8_t { kLowest, kHighest, kInclusive, kExclusive };
  Kind kind;
  std::string_view text = {};
};

// A range of members between two bounds. It is meaningful only if all scores are equal; otherwise
// the result is some range.
struct LexRange {
  LexBound min;
  LexBound max;
};

struct RankRange {
  size_t first = 0;
  size_t count = 0;
};

class SortedSet {
  struct Large;

 public:
  static constexpr ValueType kType = ValueType::kSortedSet;

  enum class End : uint8_t { kLowest, kHighest };

  struct Popped {
    std::string member;
    double score;
  };

  // The place of an element, or the end. It is invalid after the next change of the set.
  class Iterator {
   public:
    bool at_end() const { return pack_ == nullptr && at_.at_end(); }
    // The view lives until the iterator moves or dies, or the set changes.
    std::string_view member() const;
    double score() const { return pack_ != nullptr ? packed_score() : at_.element().score; }
    void next();  // O(1). Must not be at the end.
    void prev();  // Before the first element comes the end, too.

   private:
    friend class SortedSet;
    explicit Iterator(ScoreTree::Position at) : at_(at) {}
    Iterator(ListpackView pack, PackPosition at) { show(pack.data(), at); }
    void show(const unsigned char* pack, PackPosition at);
    double packed_score() const;  // Parses the score on demand.

    const unsigned char* pack_ = nullptr;  // Null if the set is large, and at the end.
    PackPosition member_at_;
    PackPosition score_at_;
    PackedValue member_ = int64_t{0};
    mutable char scratch_[kInt64CharsMax];
    ScoreTree::Position at_;
  };

  SortedSet();  // Empty and small.
  // Makes an empty set, which is large at once if `expected` members of up to `member_bytes` would
  // be.
  SortedSet(const SortedSetOptions& options, size_t expected, size_t member_bytes);
  SortedSet(const SortedSet&) = delete;
  SortedSet& operator=(const SortedSet&) = delete;
  SortedSet(SortedSet&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  SortedSet& operator=(SortedSet&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // Freeing a set is O(n): see free_some.
  ~SortedSet() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  // Makes a small set from outside bytes that are a valid listpack (is_valid_listpack). Returns
  // nothing if they are not members with scores in order, and, with `deep`, if members repeat.
  static std::optional<SortedSet> from_listpack(ListpackView pack, bool deep);

  SortedSet copy() const;  // O(n)

  // Give the value away as one word and take it back, for owners that keep only the word.
  uintptr_t release() { return std::exchange(word_, 0); }
  static SortedSet adopt(uintptr_t word) { return SortedSet(word); }

  // ---- Changing.

  AddResult add(std::string_view member, double score, const ScoreRule& rule,
                const SortedSetOptions& options);
  AddResult add(std::string_view member, double score, const SortedSetOptions& options) {
    return add(member, score, ScoreRule{}, options);
  }
  // Adds a new member that comes after all others. Used to build a set from sorted input.
  void append(std::string_view member, double score, const SortedSetOptions& options);

  bool erase(std::string_view member);    // False if there is no such member.
  void erase_ranks(const RankRange& at);  // O(count log n). The range must be within the set.
  std::optional<Popped> pop(End end);     // Returns nothing if the set is empty.

  // ---- Asking.

  size_t size() const;
  bool empty() const { return size() == 0; }
  std::optional<double> score(std::string_view member) const;
  std::optional<size_t> rank(std::string_view member) const;  // The lowest has rank 0.
  RankRange ranks_of(const ScoreRange& range) const;
  RankRange ranks_of(const LexRange& range) const;

  // ---- Walking.

  Iterator at(size_t rank) const;  // The end if rank >= size().
  Iterator first() const { return at(0); }
  Iterator last() const;                  // The end if the set is empty.
  Iterator sample(Random& random) const;  // Each is equally likely. The set must not be empty.

  // Visits some members and returns the position to continue from, or zero after the last. A member
  // that is present from the start to the end of a scan is visited at least once, even if the set
  // changes its form: from any position, all members of a small set are visited. `visit` must not
  // change the set.
  using Visit = std::function<void(std::string_view member, double score)>;
  ScanPosition scan(ScanPosition position, const Visit& visit) const;

  // ---- Forms.

  Encoding encoding() const { return is_small() ? Encoding::kListpack : Encoding::kSkiplist; }
  ListpackView listpack() const;  // The bytes of a small set; valid until the next change.
  // Makes a small set large if `expected` members of up to `member_bytes` would not fit it. O(n)
  void make_large_if_due(const SortedSetOptions& options, size_t expected, size_t member_bytes);
  void make_large(const SortedSetOptions& options, size_t expected);
  // Makes a large set small if it is within the limits again. O(limit)
  bool make_small_if_fits(const SortedSetOptions& options);

  // ---- For snapshots (observer.h).

  // The place of a walk from the highest element down: just below the last element that it visited.
  struct Descent {
    bool has_begun = false;
    double score = 0;
    std::string member;
  };
  // Visits up to `count` elements below the place, the highest first, and moves the place. Returns
  // false if no more are left. An element that keeps its place is visited exactly once, whatever
  // else changes between the calls.
  bool descend(Descent& place, size_t count, const Visit& visit) const;
  // As above, but visits elements for as long as `visit` returns true. An element for which it
  // returned false counts as not visited.
  bool descend_while(Descent& place,
                     const std::function<bool(std::string_view member, double score)>& visit) const;

  void set_observer(MemberObserver* observer) const;  // The set must be large.
  MemberObserver* observer() const;                   // Null for a small set.
  // To be called before the set is dropped: asks its observer, if it has one, to take it over, and
  // returns whether it did. Afterwards the set is not observed. The destructor calls it itself.
  bool offer();

  // ---- Memory.

  size_t bytes() const;  // All it owns without the word itself, as the allocator rounds it. O(1)

  std::optional<TableShapes> table_shapes() const;  // Of the index; nothing for a small set. O(n)

  // Frees about `budget` elements (or buckets of the index) and returns true while there are more.
  // After the first call the set may only be freed further or destroyed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  static constexpr uintptr_t kLarge = 1;  // Low bit of the word of a large set.

  explicit SortedSet(uintptr_t word) : word_(word) {}
  void drop();  // What the destructor does with a value that was not released.

  bool is_small() const { return (word_ & kLarge) == 0; }
  Large& large() const { return *reinterpret_cast<Large*>(word_ & ~kLarge); }
  template <typename Edit>
  void edit(const Edit& change);  // Lends the listpack to `change`.

  AddResult add_small(std::string_view member, double score, const ScoreRule& rule,
                      const SortedSetOptions& options);
  void insert_small(std::string_view member, double score);
  void tell_ranks(const RankRange& range);
  template <typename Before>
  size_t count_while(const Before& before) const;

  uintptr_t word_;
};
static_assert(sizeof(SortedSet) == 8, "owners keep it in a word");

}  // namespace kvstash::store
