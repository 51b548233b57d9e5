// ValueWatch: the observer of one large form, which tells the BigValues of up to two snapshots what
// is about to change, and takes the form over when it is dropped before they are done with it.
//
// Every observer of a large form in a node is a ValueWatch. One shard at a time.
#pragma once

#include "persist/snapshot/big_value.h"
#include "store/keyspace.h"

#include <cstddef>
#include <memory>

namespace kvstash::persist {

class Holdings;

class ValueWatch {
 public:
  ValueWatch(const ValueWatch&) = delete;
  ValueWatch& operator=(const ValueWatch&) = delete;
  virtual ~ValueWatch() = default;

  // Whether the value of an entry is large: whether it is written in slices and may have a watch.
  static bool is_large(const store::Entry& entry, const SmallBounds& bounds);
  // Returns the watch of the entry's value, or null.
  static ValueWatch* find(const store::Entry& entry);
  // Begins to watch the value of an entry of `space`, which is large and has no watch.
  static std::unique_ptr<ValueWatch> make(store::Keyspace& space, const store::Entry& entry);

  // The keyspace in which the value is; null once the value was taken over.
  store::Keyspace* space() const { return space_; }
  void set_space(store::Keyspace* space) { space_ = space; }

  // What the shard holds in whose keyspaces the value is; RENAME may bring it to another.
  Holdings* home() const { return home_; }
  void set_home(Holdings& home) { home_ = &home; }

  // Makes a snapshot's view of the value, which must be as it was at the cut. The watch tells it
  // of changes until it is removed.
  virtual std::unique_ptr<BigValue> add(store::Mark mark, BigValue::Place place,
                                        BigValue::Tally& tally) = 0;
  virtual void remove(store::Mark mark) = 0;
  virtual bool has(store::Mark mark) const = 0;
  virtual bool is_unused() const = 0;

  // Lets go of the form, or frees it if it was taken over. To be called before a watch, which must
  // be unused, is destroyed.
  virtual void end(store::Garbage& garbage) = 0;

 protected:
  explicit ValueWatch(store::Keyspace& space) : space_(&space) {}

 private:
  store::Keyspace* space_;
  Holdings* home_ = nullptr;
};

}  // namespace kvstash::persist
