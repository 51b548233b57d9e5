// Observers: who is told before data changes. They are the door for snapshots: an observer that
// copies what it is told of, and takes what it is not told of from the live data, has everything as
// of the moment at which it was attached.
//
//   Keyspace          ──> KeyspaceObserver   entries: value, encoding, deadline, address, existence
//   FieldTable        ──> FieldObserver      fields of a large hash, members of a large set
//   large SortedSet   ──> MemberObserver     members with their scores
//   Quicklist         ──> NodeObserver       pieces of a long list
//   Stream            ──> StreamObserver     blocks, counters, groups, consumers, pending entries
//   Blob              ──> BlobObserver       bytes of a long string
//
// What holds for all of them:
//   * Normally nobody observes, and that costs one branch. There is at most one observer of a
//   thing;
//     who needs several puts one in front of them.
//   * An observer is told on the thread that holds the shard, in the middle of the change: it may
//     read the thing, set marks, and attach or detach observers, but it must not change data. One
//     change may be told several times, and also if it then changes nothing.
//   * The keyspace's observer hears of an entry before the observer of the entry's large value
//   hears
//     of anything. A small value (a pack, an intset, a string in its entry) has no observer of its
//     own: the entry stands for it. So a value that becomes large, or small again, is covered: it
//     was told as an entry, and a large form that gives way to a small one is dropped.
//   * Before a large form is dropped, however that comes, its observer is detached and then asked
//     whether it takes the form over (`take`). The observer of an entry's value stays with the
//     value when the entry is renamed, moved to another database, or its database is swapped.
//     Whoever observes a value therefore observes all keyspaces that it can get to: see
//     ShardMemory::observer.
//   * A thing must not be destroyed while it is observed, nor may an observer be attached while a
//     value of its keyspace is open for change; both are assertions.
//
// Observers are not owned by what they observe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kvstash::store {

class Consumer;
class ConsumerGroup;
class Entry;
class Field;
class Keyspace;
struct Blob;
struct KeyRef;
struct QuicklistNode;
struct ScoredMember;
struct StreamId;

class KeyspaceObserver {
 public:
  virtual ~KeyspaceObserver() = default;

  // The entry, which stands in `space`, is about to get another value, encoding or deadline, to
  // move in memory, or to go. A change of its access clock or of its marks is not told.
  // `key.name` may be a view of the entry's own key.
  virtual void before_change(Keyspace& space, const KeyRef& key, Entry& entry) = 0;

  // An entry was added; it has its value and its deadline, and no mark. A renamed key is told
  // before it goes, and again as one that was born.
  virtual void born(Keyspace& space, const KeyRef& key, Entry& entry) = 0;

  // A keyspace is about to be dropped whole (FLUSHALL, FLUSHDB); its entries are not told one by
  // one. It is no longer observed, and its bytes no longer count. The observer takes the keyspace
  // out of `space`, or leaves it to be freed; a keyspace that is taken must not be changed.
  virtual void before_drop(std::unique_ptr<Keyspace>& space) = 0;
};

// What is common to the observers of values that objects keep (object.h).
class FormObserver {
 public:
  virtual ~FormObserver() = default;

  // The value is about to be dropped and is no longer observed. True: the observer owns the word
  // from now on, and frees it (T::adopt) when it likes. False: it is freed by who dropped it.
  virtual bool take(uintptr_t word) = 0;
};

// `hash` is the hash of the name under the table's seed: the place in FieldTable::walk.
class FieldObserver : public FormObserver {
 public:
  // The field's value or deadline is about to change, or the field to move in memory, or to go.
  virtual void before_change(const Field& field, uint64_t hash) = 0;
  virtual void born(const Field& field, uint64_t hash) = 0;
};

class MemberObserver : public FormObserver {
 public:
  // The member's score is about to change, or the member to go.
  virtual void before_change(const ScoredMember& member) = 0;
  virtual void born(const ScoredMember& member) = 0;
};

class NodeObserver : public FormObserver {
 public:
  // The piece's elements or their representation (compressed or not) are about to change.
  virtual void before_change(const QuicklistNode& node) = 0;
  // The piece is about to go; it still stands in its list.
  virtual void before_free(const QuicklistNode& node) = 0;
  // A piece was put into the list. The observer may set its marks.
  virtual void born(QuicklistNode& node) = 0;
};

class StreamObserver : public FormObserver {
 public:
  // The block of this id is about to change, or to go.
  virtual void before_block(StreamId id) = 0;
  virtual void block_born(StreamId id) = 0;
  // Stream::counters are about to change.
  virtual void before_counters() = 0;

  // The last id or the count of entries read of a group is about to change.
  virtual void before_group(const ConsumerGroup& group) = 0;
  virtual void group_born(const ConsumerGroup& group) = 0;
  // A group is about to go with all that it has, which is not told piece by piece.
  virtual void before_group_goes(const ConsumerGroup& group) = 0;

  // The times of a consumer are about to change.
  virtual void before_consumer(const ConsumerGroup& group, const Consumer& consumer) = 0;
  virtual void consumer_born(const ConsumerGroup& group, const Consumer& consumer) = 0;
  // A consumer is about to go with its pending entries, which are not told one by one.
  virtual void before_consumer_goes(const ConsumerGroup& group, const Consumer& consumer) = 0;

  // A pending entry is about to change, to be another consumer's, or to go.
  virtual void before_pending(const ConsumerGroup& group, StreamId id) = 0;
  virtual void pending_born(const ConsumerGroup& group, StreamId id) = 0;
};

// Some bytes of a string.
struct ByteRange {
  size_t offset = 0;
  size_t count = SIZE_MAX;  // Cut at the string's end.
};

class BlobObserver {
 public:
  virtual ~BlobObserver() = default;

  // Bytes within the string are about to be written, or cut off. Bytes that are added behind its
  // end are not told.
  virtual void before_change(const Blob& blob, ByteRange range) = 0;
  // The string has more room now, and perhaps stands elsewhere; it is what it was.
  virtual void moved(Blob& to) = 0;
  // As FormObserver::take; freed by Blob::destroy.
  virtual bool take(Blob* blob) = 0;
};

}  // namespace kvstash::store
