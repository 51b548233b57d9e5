// Observers are told before data changes. They make snapshots possible: an observer that copies
// what it is told of, and later reads everything else from the live data, has all data as of the
// moment at which it was attached. An observer is attached to one of these structures:
//
//   Keyspace          ──> KeyspaceObserver   entries: value, encoding, deadline, address, existence
//   FieldTable        ──> FieldObserver      fields of a large hash, members of a large set
//   large SortedSet   ──> MemberObserver     members with their scores
//   Quicklist         ──> NodeObserver       pieces of a long list
//   Stream            ──> StreamObserver     blocks, counters, groups, consumers, pending entries
//   Blob              ──> BlobObserver       bytes of a long string
//
// These rules hold for all of them:
//   * Normally nothing is observed, and that costs one branch. A structure has at most one
//     observer; code that needs several puts one observer in front of them.
//   * An observer is told on the thread that holds the shard, in the middle of the change. It
//     may read the structure, set marks, and attach or detach observers, but it must not change
//     data. It may be told of one change several times, and also of a change that then does not
//     happen.
//   * The keyspace's observer is told of an entry before the observer of the entry's large value
//     is told of anything. A small value (a pack, an intset, a string in its entry) has no
//     observer of its own: the entry stands for it. So a value that becomes large, or small
//     again, is covered: its entry was told, and a large form that is replaced by a small one is
//     dropped.
//   * Before a large form is dropped, for any reason, its observer is detached and then asked
//     whether it takes the form over (`take`). The observer of an entry's value stays with the
//     value when the entry is renamed or moved to another database, or when its database is
//     swapped. The observer of a value must therefore observe all keyspaces that the value can
//     get to: see ShardMemory::observer.
//   * A structure must not be destroyed while it is observed, and no observer may be attached
//     while a value of the keyspace is open for change; both are asserted.
//
// Structures do not own their observers.
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

  // `entry`, which is in `space`, is about to get another value, encoding or deadline, to move in
  // memory, or to be removed. A change of its access clock or of its marks is not told. `key.name`
  // may be a view of the entry's own key.
  virtual void before_change(Keyspace& space, const KeyRef& key, Entry& entry) = 0;

  // An entry was added; it has its value and its deadline, and no mark. When a key is renamed, the
  // observer is told that the old entry is removed, and then that the new one was added.
  virtual void born(Keyspace& space, const KeyRef& key, Entry& entry) = 0;

  // A keyspace is about to be dropped whole (FLUSHALL, FLUSHDB); its entries are not told one by
  // one. It is no longer observed, and its bytes are no longer counted. The observer takes the
  // keyspace out of `space`, or leaves it to be freed; a keyspace that was taken must not be
  // changed.
  virtual void before_drop(std::unique_ptr<Keyspace>& space) = 0;
};

// The base of the observers of objects (object.h).
class FormObserver {
 public:
  virtual ~FormObserver() = default;

  // The value is about to be dropped and is no longer observed. The observer returns true to own
  // the word from now on, and frees it with T::adopt at any later time. If it returns false, the
  // code that drops the value frees it.
  virtual bool take(uintptr_t word) = 0;
};

// Observes a FieldTable. `hash` is the hash of the name under the table's seed, which is its place
// in FieldTable::walk.
class FieldObserver : public FormObserver {
 public:
  // The field's value or deadline is about to change, or the field is about to move in memory or to
  // be removed.
  virtual void before_change(const Field& field, uint64_t hash) = 0;
  virtual void born(const Field& field, uint64_t hash) = 0;
};

class MemberObserver : public FormObserver {
 public:
  // The member's score is about to change, or the member is about to be removed.
  virtual void before_change(const ScoredMember& member) = 0;
  virtual void born(const ScoredMember& member) = 0;
};

class NodeObserver : public FormObserver {
 public:
  // The piece's elements or their representation (compressed or not) are about to change.
  virtual void before_change(const QuicklistNode& node) = 0;
  // The piece is about to be removed; it is still in its list.
  virtual void before_free(const QuicklistNode& node) = 0;
  // A piece was put into the list. The observer may set its marks.
  virtual void born(QuicklistNode& node) = 0;
};

class StreamObserver : public FormObserver {
 public:
  // The block of this id is about to change or to be removed.
  virtual void before_block(StreamId id) = 0;
  virtual void block_born(StreamId id) = 0;
  // Stream::counters are about to change.
  virtual void before_counters() = 0;

  // The last id or the count of entries read of a group is about to change.
  virtual void before_group(const ConsumerGroup& group) = 0;
  virtual void group_born(const ConsumerGroup& group) = 0;
  // A group is about to be removed with its consumers and pending entries, which are not told one
  // by one.
  virtual void before_group_goes(const ConsumerGroup& group) = 0;

  // The times of a consumer are about to change.
  virtual void before_consumer(const ConsumerGroup& group, const Consumer& consumer) = 0;
  virtual void consumer_born(const ConsumerGroup& group, const Consumer& consumer) = 0;
  // A consumer is about to be removed with its pending entries, which are not told one by one.
  virtual void before_consumer_goes(const ConsumerGroup& group, const Consumer& consumer) = 0;

  // A pending entry is about to change, to be given to another consumer, or to be removed.
  virtual void before_pending(const ConsumerGroup& group, StreamId id) = 0;
  virtual void pending_born(const ConsumerGroup& group, StreamId id) = 0;
};

// A range of the bytes of a string.
struct ByteRange {
  size_t offset = 0;
  size_t count = SIZE_MAX;  // The range ends at the string's end at the latest.
};

class BlobObserver {
 public:
  virtual ~BlobObserver() = default;

  // Bytes within the string are about to be written or cut off. Bytes that are added behind its end
  // are not told.
  virtual void before_change(const Blob& blob, ByteRange range) = 0;
  // The string has more room now and may have moved in memory; its bytes are unchanged.
  virtual void moved(Blob& to) = 0;
  // As FormObserver::take; an observer that takes the blob frees it with Blob::destroy.
  virtual bool take(Blob* blob) = 0;
};

}  // namespace kvstash::store
