#include "persist/snapshot/value_watch.h"

#include "base/ensure.h"
#include "engine/execution/key.h"
#include "persist/snapshot/blob_value.h"
#include "persist/snapshot/field_value.h"
#include "persist/snapshot/list_value.h"
#include "persist/snapshot/member_value.h"
#include "persist/snapshot/stream_value.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <array>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Viewed;
using store::Encoding;
using store::Entry;
using store::Keyspace;
using store::Mark;
using store::ObjectWord;

// The views that snapshots have of one value.
template <typename Value>
class Views {
 public:
  template <typename... Arguments>
  std::unique_ptr<BigValue> add(Mark mark, Arguments&&... arguments) {
    Value*& view = views_[static_cast<size_t>(mark)];
    ensure(view == nullptr);
    auto made = std::make_unique<Value>(std::forward<Arguments>(arguments)...);
    view = made.get();
    return made;
  }
  void remove(Mark mark) { views_[static_cast<size_t>(mark)] = nullptr; }
  bool has(Mark mark) const { return views_[static_cast<size_t>(mark)] != nullptr; }
  bool empty() const { return views_[0] == nullptr && views_[1] == nullptr; }
  template <typename Tell>
  void each(const Tell& tell) const {
    for (Value* view : views_)
      if (view != nullptr) tell(*view);
  }

 private:
  std::array<Value*, store::kMarks> views_{};
};

// The watch of an object of class T, whose observer is `Observer`.
template <store::Container T, typename Value, typename Observer>
class ObjectWatch : public ValueWatch, public Observer {
 public:
  ObjectWatch(Keyspace& space, ObjectWord word) : ValueWatch(space), word_(word) {
    Viewed<T>(word_)->set_observer(this);
  }

  void remove(Mark mark) final { views_.remove(mark); }
  bool has(Mark mark) const final { return views_.has(mark); }
  bool is_unused() const final { return views_.empty(); }
  bool take(uintptr_t word) final {
    ensure(word == word_ && !is_taken_);
    is_taken_ = true;
    set_space(nullptr);
    return true;
  }
  void end(store::Garbage& garbage) final {
    ensure(is_unused());
    if (is_taken_) {
      garbage.add([word = word_] { store::destroy_object(T::kType, word); });
    } else {
      Viewed<T>(word_)->set_observer(nullptr);
    }
  }

 protected:
  Views<Value> views_;
  ObjectWord word_;

 private:
  bool is_taken_ = false;
};

template <store::Container T>
class FieldWatch final : public ObjectWatch<T, FieldValue, store::FieldObserver> {
 public:
  using Base = ObjectWatch<T, FieldValue, store::FieldObserver>;
  FieldWatch(Keyspace& space, ObjectWord word) : Base(space, word) {}

  std::unique_ptr<BigValue> add(Mark mark, BigValue::Place place, BigValue::Tally& tally) override {
    return this->views_.add(mark, std::move(place), tally, *Viewed<T>(this->word_)->large_form());
  }
  void before_change(const store::Field& field, uint64_t hash) override {
    this->views_.each([&](FieldValue& value) { value.before_change(field, hash); });
  }
  void born(const store::Field& field, uint64_t hash) override {
    this->views_.each([&](FieldValue& value) { value.born(field, hash); });
  }
};

class MemberWatch final : public ObjectWatch<store::SortedSet, MemberValue, store::MemberObserver> {
 public:
  using ObjectWatch::ObjectWatch;

  std::unique_ptr<BigValue> add(Mark mark, BigValue::Place place, BigValue::Tally& tally) override {
    return views_.add(mark, std::move(place), tally, word_);
  }
  void before_change(const store::ScoredMember& member) override {
    views_.each([&](MemberValue& value) { value.before_change(member); });
  }
  void born(const store::ScoredMember& member) override {
    views_.each([&](MemberValue& value) { value.born(member); });
  }
};

class ListWatch final : public ObjectWatch<store::List, ListValue, store::NodeObserver> {
 public:
  using ObjectWatch::ObjectWatch;

  std::unique_ptr<BigValue> add(Mark mark, BigValue::Place place, BigValue::Tally& tally) override {
    return views_.add(mark, std::move(place), tally, *Viewed<store::List>(word_)->large_form(),
                      mark);
  }
  void before_change(const store::QuicklistNode& node) override {
    views_.each([&](ListValue& value) { value.before_change(node); });
  }
  void before_free(const store::QuicklistNode& node) override {
    views_.each([&](ListValue& value) { value.before_free(node); });
  }
  void born(store::QuicklistNode& node) override {
    views_.each([&](ListValue& value) { value.born(node); });
  }
};

class StreamWatch final : public ObjectWatch<store::Stream, StreamValue, store::StreamObserver> {
 public:
  using ObjectWatch::ObjectWatch;
  using Group = store::ConsumerGroup;
  using Consumer = store::Consumer;

  std::unique_ptr<BigValue> add(Mark mark, BigValue::Place place, BigValue::Tally& tally) override {
    return views_.add(mark, std::move(place), tally, word_);
  }
  void before_block(store::StreamId id) override {
    views_.each([&](StreamValue& value) { value.before_block(id); });
  }
  void block_born(store::StreamId id) override {
    views_.each([&](StreamValue& value) { value.block_born(id); });
  }
  void before_counters() override {}  // A view has copied them.
  void before_group(const Group& group) override {
    views_.each([&](StreamValue& value) { value.before_group(group); });
  }
  void group_born(const Group&) override {}  // A view knows the groups of the cut.
  void before_group_goes(const Group& group) override {
    views_.each([&](StreamValue& value) { value.before_group_goes(group); });
  }
  void before_consumer(const Group& group, const Consumer&) override { before_group(group); }
  void consumer_born(const Group& group, const Consumer& consumer) override {
    views_.each([&](StreamValue& value) { value.consumer_born(group, consumer); });
  }
  void before_consumer_goes(const Group& group, const Consumer& consumer) override {
    views_.each([&](StreamValue& value) { value.before_consumer_goes(group, consumer); });
  }
  void before_pending(const Group& group, store::StreamId id) override {
    views_.each([&](StreamValue& value) { value.before_pending(group, id); });
  }
  void pending_born(const Group& group, store::StreamId id) override {
    views_.each([&](StreamValue& value) { value.pending_born(group, id); });
  }
};

class BlobWatch final : public ValueWatch, public store::BlobObserver {
 public:
  BlobWatch(Keyspace& space, store::Blob& blob) : ValueWatch(space), blob_(&blob) {
    blob.observer = this;
  }

  std::unique_ptr<BigValue> add(Mark mark, BigValue::Place place, BigValue::Tally& tally) override {
    return views_.add(mark, std::move(place), tally, *blob_);
  }
  void remove(Mark mark) override { views_.remove(mark); }
  bool has(Mark mark) const override { return views_.has(mark); }
  bool is_unused() const override { return views_.empty(); }
  void before_change(const store::Blob&, store::ByteRange range) override {
    views_.each([&](BlobValue& value) { value.before_change(range); });
  }
  void moved(store::Blob& to) override {
    blob_ = &to;
    views_.each([&](BlobValue& value) { value.moved(to); });
  }
  bool take(store::Blob* blob) override {
    ensure(blob == blob_ && !is_taken_);
    is_taken_ = true;
    set_space(nullptr);
    return true;
  }
  void end(store::Garbage& garbage) override {
    ensure(is_unused());
    if (is_taken_) {
      garbage.add([blob = blob_] { store::Blob::destroy(blob); });
    } else {
      blob_->observer = nullptr;
    }
  }

 private:
  Views<BlobValue> views_;
  store::Blob* blob_;
  bool is_taken_ = false;
};

// Calls visit<T, Watch>() for the class of the entry's value, which has a large form.
template <typename Visit>
auto visit_class(const Entry& entry, const Visit& visit) {
  switch (entry.type()) {
    case store::ValueType::kHash:
      return visit.template operator()<store::Hash, FieldWatch<store::Hash>>();
    case store::ValueType::kSet:
      return visit.template operator()<store::Set, FieldWatch<store::Set>>();
    case store::ValueType::kSortedSet:
      return visit.template operator()<store::SortedSet, MemberWatch>();
    case store::ValueType::kList:
      return visit.template operator()<store::List, ListWatch>();
    default:
      ensure(entry.type() == store::ValueType::kStream);
      return visit.template operator()<store::Stream, StreamWatch>();
  }
}

// Whether the value has a form that can be observed.
bool has_large_form(const Entry& entry) {
  switch (entry.encoding()) {
    case Encoding::kHashtable:
    case Encoding::kSkiplist:
    case Encoding::kQuicklist:
    case Encoding::kStream:
      return true;
    default:
      return false;
  }
}

auto* observer_of(const store::FieldTable* table) {
  return table->observer();
}
auto* observer_of(const store::Quicklist* list) {
  return list->observer();
}

template <store::Container T>
auto* observer_of(const T& value) {
  if constexpr (requires { value.large_form(); }) {
    return observer_of(value.large_form());
  } else {
    return value.observer();
  }
}

}  // namespace

bool ValueWatch::is_large(const Entry& entry, const SmallBounds& bounds) {
  if (entry.is_blob()) return entry.blob()->size > bounds.string_bytes_max;
  if (!entry.is_object() || !has_large_form(entry)) return false;
  return store::object_size(entry.type(), entry.object()) > bounds.elements_max ||
         store::object_bytes(entry.type(), entry.object()) > bounds.bytes_max;
}

ValueWatch* ValueWatch::find(const Entry& entry) {
  if (entry.is_blob()) return static_cast<BlobWatch*>(entry.blob()->observer);
  if (!entry.is_object() || !has_large_form(entry)) return nullptr;
  return visit_class(entry, [&]<typename T, typename Watch>() -> ValueWatch* {
    return static_cast<Watch*>(observer_of(*Viewed<T>(entry.object())));
  });
}

std::unique_ptr<ValueWatch> ValueWatch::make(Keyspace& space, const Entry& entry) {
  ensure(find(entry) == nullptr);
  if (entry.is_blob()) return std::make_unique<BlobWatch>(space, *entry.blob());
  return visit_class(entry, [&]<typename T, typename Watch>() -> std::unique_ptr<ValueWatch> {
    return std::make_unique<Watch>(space, entry.object());
  });
}

}  // namespace kvstash::persist
