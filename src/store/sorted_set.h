// SortedSet: the value of a ZSET: members, each once, in the order of (score, member).
//
// A small set is a listpack of member, score, member, score, ... byte for byte as Redis keeps it:
// integers as integers, other scores as "%.17g". A large one is a ScoreTree of elements and a
// MemberIndex that finds them. Sets that outgrow the options become large and stay so until
// somebody asks for `make_small_if_fits`.
//
// Ranges of every kind become ranges of ranks first: counting is subtraction, walking starts at a
// rank, and removing takes a rank and a count. Large sets answer in O(log n), small ones in O(n).
// No operation on a large set but those that say so takes more than O(log n); the index resizes a
// bucket at a time, and `free_some` takes the whole apart in slices.
//
// Scores are never NaN. A negative zero counts as zero, and small sets store it so.
//
// Owns its elements; one word wide, and may be moved about in memory (see `release`). Not
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

// What all sorted sets of a process share. Limits as zset-max-listpack-entries and -value.
struct SortedSetOptions {
  size_t listpack_entries_max = 128;
  size_t listpack_value_bytes_max = 64;
  HashSeed seed;
};

// Which changes ZADD's caller wants.
struct ScoreRule {
  bool only_new = false;       // NX
  bool only_existing = false;  // XX
  bool only_greater = false;   // GT: an existing score does not sink
  bool only_less = false;      // LT
  bool increment = false;      // INCR: the score given is added to the existing one
};

enum class ScoreChange : uint8_t {
  kAdded,
  kUpdated,
  kUnchanged,   // The member has that score already.
  kSkipped,     // The rule did not want the change.
  kNotANumber,  // An increment from one infinity by the other; nothing was changed.
};

struct AddResult {
  ScoreChange change;
  double score;  // The member's score now; 0 if kNotANumber, or kSkipped for want of the member.
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

// Means something only where all scores are equal; otherwise the result is some range.
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

  // A place among the elements, or the end. Dies at the next change of the set.
  class Iterator {
   public:
    bool at_end() const { return pack_ == nullptr && at_.at_end(); }
    // The view lives until the iterator moves or dies, or the set changes.
    std::string_view member() const;
    double score() const { return pack_ != nullptr ? packed_score() : at_.element().score; }
    void next();  // O(1). Must not be at the end.
    void prev();  // Before the first element: the end, too.

   private:
    friend class SortedSet;
    explicit Iterator(ScoreTree::Position at) : at_(at) {}
    Iterator(ListpackView pack, PackPosition at) { show(pack.data(), at); }
    void show(const unsigned char* pack, PackPosition at);
    double packed_score() const;  // Read only if somebody asks.

    const unsigned char* pack_ = nullptr;  // Null: the set is large, or this is the end.
    PackPosition member_at_;
    PackPosition score_at_;
    PackedValue member_ = int64_t{0};
    mutable char scratch_[kInt64CharsMax];
    ScoreTree::Position at_;
  };

  SortedSet();  // Empty and small.
  // Empty, and large at once if a set of `expected` members of up to `member_bytes` will be.
  SortedSet(const SortedSetOptions& options, size_t expected, size_t member_bytes);
  SortedSet(const SortedSet&) = delete;
  SortedSet& operator=(const SortedSet&) = delete;
  SortedSet(SortedSet&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  SortedSet& operator=(SortedSet&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  // O(n): see free_some.
  ~SortedSet() {
    if (word_ != 0) [[unlikely]]
      drop();
  }

  // A small set of bytes that came from outside; they must be a listpack (is_valid_listpack).
  // Nothing if they are not members with scores in order; with `deep`, members must be different.
  static std::optional<SortedSet> from_listpack(ListpackView pack, bool deep);

  SortedSet copy() const;  // O(n)

  // Gives the value away as one word, and takes it back: for owners that keep just that.
  uintptr_t release() { return std::exchange(word_, 0); }
  static SortedSet adopt(uintptr_t word) { return SortedSet(word); }

  // ---- Changing.

  AddResult add(std::string_view member, double score, const ScoreRule& rule,
                const SortedSetOptions& options);
  AddResult add(std::string_view member, double score, const SortedSetOptions& options) {
    return add(member, score, ScoreRule{}, options);
  }
  // Adds a new member that comes after all others: builds a set from sorted input.
  void append(std::string_view member, double score, const SortedSetOptions& options);

  bool erase(std::string_view member);    // False: no such member.
  void erase_ranks(const RankRange& at);  // O(count log n). The range must be within the set.
  std::optional<Popped> pop(End end);     // Nothing if the set is empty.

  // ---- Asking.

  size_t size() const;
  bool empty() const { return size() == 0; }
  std::optional<double> score(std::string_view member) const;
  std::optional<size_t> rank(std::string_view member) const;  // From the lowest, which has 0.
  RankRange ranks_of(const ScoreRange& range) const;
  RankRange ranks_of(const LexRange& range) const;

  // ---- Walking.

  Iterator at(size_t rank) const;  // The end if rank >= size().
  Iterator first() const { return at(0); }
  Iterator last() const;                  // The end if the set is empty.
  Iterator sample(Random& random) const;  // All equally likely. The set must not be empty.

  // Visits some members and returns where to go on, or zero after the last. A member present from
  // the start to the end of a scan is visited at least once, also if the set changes its form: a
  // small set is visited whole, from any position. `visit` must not change the set.
  using Visit = std::function<void(std::string_view member, double score)>;
  ScanPosition scan(ScanPosition position, const Visit& visit) const;

  // ---- Forms.

  Encoding encoding() const { return is_small() ? Encoding::kListpack : Encoding::kSkiplist; }
  ListpackView listpack() const;  // Of a small set; lives until the next change.
  // Makes a small set large if one of `expected` members of up to `member_bytes` would be. O(n)
  void make_large_if_due(const SortedSetOptions& options, size_t expected, size_t member_bytes);
  void make_large(const SortedSetOptions& options, size_t expected);
  // Makes a large set small if it is within the limits again. O(limit)
  bool make_small_if_fits(const SortedSetOptions& options);

  // ---- For snapshots (observer.h).

  // Where a walk from the highest element down is: below the last one that it visited.
  struct Descent {
    bool has_begun = false;
    double score = 0;
    std::string member;
  };
  // Visits up to `count` elements below the place, the highest first, and moves the place. False:
  // there are no more. An element that stays where it is is visited once, whatever changes between.
  bool descend(Descent& place, size_t count, const Visit& visit) const;

  void set_observer(MemberObserver* observer) const;  // Of a large set.
  bool is_observed() const;
  // Before it is dropped: whether the observer took it over. It is not observed afterwards. Whoever
  // destroys a set need not ask: it asks itself.
  bool offer();

  // ---- Memory.

  size_t bytes() const;  // Beside the word itself, as the allocator rounds them. O(1)

  std::optional<TableShapes> table_shapes() const;  // Of the index; none of a small set. O(n)

  // Frees about `budget` elements (or buckets of the index) and returns true while there is more;
  // after that nothing but free_some and destruction is allowed.
  bool free_some(size_t budget);

  bool is_sound() const;  // O(n), for tests.

 private:
  static constexpr uintptr_t kLarge = 1;  // Low bit of the word: a Large, else a listpack.

  explicit SortedSet(uintptr_t word) : word_(word) {}
  void drop();  // What a destructor does with a value that was not given away.

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
