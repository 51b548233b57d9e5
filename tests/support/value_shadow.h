// Shadows: what large values were at the moment when they began to be observed, made from
// pre-images alone. A shadow copies each part that is reported to it before the part changes, and
// at the end takes the rest from the live value, or from the value that it took over when that was
// dropped.
//
// For tests: every observer of observer.h in its simplest form.
#pragma once

#include "support/value_image.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::test {

class Shadow {
 public:
  virtual ~Shadow() = default;
  // Ends the observation and returns what the value was. Called once.
  virtual std::vector<std::string> finish() = 0;
};

// A shadow of an object of class T, whose observer is `Observer`.
template <store::Container T, typename Observer>
class ObjectShadow : public Shadow, public Observer {
 public:
  explicit ObjectShadow(store::ObjectWord word) : word_(word) { observe(this); }
  ~ObjectShadow() override { ensure(is_finished_); }

  bool take(uintptr_t word) final {
    ensure(word == word_ && !is_taken_ && !is_finished_);
    is_taken_ = true;
    return true;
  }
  std::vector<std::string> finish() final {
    ensure(!is_finished_);
    std::vector<std::string> parts =
        look_into<T>(word_, [this](const T& value) { return rest_of(value); });
    if (is_taken_) {
      T::adopt(word_);
    } else {
      observe(nullptr);
    }
    is_finished_ = true;
    if (T::kType != store::ValueType::kList) std::ranges::sort(parts);
    return parts;
  }

 protected:
  virtual std::vector<std::string> rest_of(const T& value) = 0;

 private:
  void observe(Observer* observer) {
    look_into<T>(word_, [observer](const T& value) { value.set_observer(observer); });
  }

  store::ObjectWord word_;
  bool is_taken_ = false;
  bool is_finished_ = false;
};

// The shadow of a large hash or set.
template <typename T>
class FieldShadow final : public ObjectShadow<T, store::FieldObserver> {
 public:
  explicit FieldShadow(store::ObjectWord word)
      : ObjectShadow<T, store::FieldObserver>(word),
        table_(look_into<T>(word, [](const T& value) { return value.large_form(); })) {}

  void before_change(const store::Field& field, uint64_t hash) override {
    ensure(table_->find(field.name()) == &field);
    ensure(hash == keyed_hash(field.name(), seed()));
    if (!known_.contains(std::string(field.name())))
      known_.emplace(field.name(), text_of_field(field));
  }
  void born(const store::Field& field, uint64_t hash) override {
    ensure(table_->find(field.name()) == &field);
    ensure(hash == keyed_hash(field.name(), seed()));
    // A field that was removed before keeps its pre-image.
    known_.emplace(field.name(), std::nullopt);
  }

 private:
  const HashSeed& seed() const { return table_->seed(); }
  std::string text_of_field(const store::Field& field) const {
    std::optional<std::string_view> value;
    if (field.has_value()) value = field.value();
    return field_text(field.name(), value, table_->deadline_ms(field));
  }
  std::vector<std::string> rest_of(const T&) override {
    std::vector<std::string> parts;
    std::optional<uint64_t> at = 0;
    while (at) {
      at = table_->walk(*at, {}, [&](const store::Field& field) {
        if (!known_.contains(std::string(field.name()))) parts.push_back(text_of_field(field));
      });
    }
    for (const auto& [name, before] : known_)
      if (before) parts.push_back(*before);
    return parts;
  }

  const store::FieldTable* table_;
  std::map<std::string, std::optional<std::string>> known_;  // None: the field was not there.
};

class MemberShadow final : public ObjectShadow<store::SortedSet, store::MemberObserver> {
 public:
  using ObjectShadow::ObjectShadow;

  void before_change(const store::ScoredMember& member) override {
    known_.try_emplace(std::string(member.member()), member_text(member.member(), member.score));
  }
  void born(const store::ScoredMember& member) override {
    known_.try_emplace(std::string(member.member()), std::nullopt);
  }

 private:
  std::vector<std::string> rest_of(const store::SortedSet& set) override {
    std::vector<std::string> parts;
    store::SortedSet::Descent place;
    while (set.descend(place, 7, [&](std::string_view member, double score) {
      if (!known_.contains(std::string(member))) parts.push_back(member_text(member, score));
    })) {
    }
    for (const auto& [name, before] : known_)
      if (before) parts.push_back(*before);
    return parts;
  }

  std::map<std::string, std::optional<std::string>> known_;
};

// The shadow of a large list. The elements of a removed piece are kept with the last piece before
// it that was there at the moment.
class NodeShadow final : public ObjectShadow<store::List, store::NodeObserver> {
 public:
  using Node = store::QuicklistNode;
  using Elements = std::vector<std::string>;
  using ObjectShadow::ObjectShadow;

  void before_change(const Node& node) override {
    if (!is_born(node)) images_.try_emplace(&node, elements_of(node));
  }
  void before_free(const Node& node) override {
    if (is_born(node)) return;
    const Node* before = node.prev;
    while (before != nullptr && is_born(*before))
      before = before->prev;
    before_change(node);
    Elements gone = std::move(images_.extract(&node).mapped());
    if (auto behind = hanging_.extract(&node); !behind.empty())
      gone.insert(gone.end(), behind.mapped().begin(), behind.mapped().end());
    Elements& hanging = hanging_[before];
    hanging.insert(hanging.end(), gone.begin(), gone.end());
  }
  void born(Node& node) override {
    ensure(node.marks == 0);
    node.marks = 1;
  }

 private:
  static bool is_born(const Node& node) { return node.marks != 0; }

  std::vector<std::string> rest_of(const store::List& list) override {
    Elements all;
    const auto add = [&all](const Elements& more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    add(hanging_[nullptr]);
    // Only the test owns the list now, so its pieces may lose their marks.
    for (const Node* node = list.large_form()->head(); node != nullptr; node = node->next) {
      if (is_born(*node)) {
        const_cast<Node*>(node)->marks = 0;
        continue;
      }
      const auto image = images_.find(node);
      add(image != images_.end() ? image->second : elements_of(*node));
      add(hanging_[node]);
    }
    return all;
  }

  std::map<const Node*, Elements> images_;
  std::map<const Node*, Elements> hanging_;
};

class StreamShadow final : public ObjectShadow<store::Stream, store::StreamObserver> {
 public:
  using Group = store::ConsumerGroup;
  using Consumer = store::Consumer;

  explicit StreamShadow(store::ObjectWord word) : ObjectShadow(word), word_(word) {}

  void before_block(store::StreamId id) override {
    if (blocks_.contains(id)) return;
    look_into<store::Stream>(word_, [&](const store::Stream& stream) {
      blocks_.emplace(id, block_text(id, *stream.blocks().find(id)));
    });
  }
  void block_born(store::StreamId id) override { blocks_.emplace(id, std::nullopt); }
  void before_counters() override {
    if (counters_) return;
    look_into<store::Stream>(
        word_, [&](const store::Stream& stream) { counters_ = counters_text(stream.counters()); });
  }

  void before_group(const Group& group) override {
    Known& known = groups_[&group];
    if (!known.is_born && !known.self) known.self = group_text(group);
  }
  void group_born(const Group& group) override {
    ensure(!groups_.contains(&group));
    groups_[&group].is_born = true;
  }
  void before_group_goes(const Group& group) override {
    add_rest(group, gone_);
    groups_.erase(&group);
  }

  void before_consumer(const Group& group, const Consumer& consumer) override {
    groups_[&group].consumers.try_emplace(&consumer, consumer_text(group, consumer));
  }
  void consumer_born(const Group& group, const Consumer& consumer) override {
    ensure(groups_[&group].consumers.emplace(&consumer, std::nullopt).second);
  }
  void before_consumer_goes(const Group& group, const Consumer& consumer) override {
    for (auto at = consumer.pending().first(); !at.at_end(); at.next())
      before_pending(group, at.id());
    before_consumer(group, consumer);
    Known& known = groups_[&group];
    const auto text = known.consumers.extract(&consumer).mapped();
    if (text && !known.is_born) gone_.push_back(*text);
  }

  void before_pending(const Group& group, store::StreamId id) override {
    const store::PendingEntry* entry = group.find_pending(id);
    ensure(entry != nullptr);
    groups_[&group].pending.try_emplace(id, pending_text(group, id, *entry));
  }
  void pending_born(const Group& group, store::StreamId id) override {
    groups_[&group].pending.try_emplace(id, std::nullopt);
  }

 private:
  struct Known {
    bool is_born = false;
    std::optional<std::string> self;
    std::map<const Consumer*, std::optional<std::string>> consumers;
    std::map<store::StreamId, std::optional<std::string>> pending;
  };

  void add_rest(const Group& group, std::vector<std::string>& to) {
    const Known& known = groups_[&group];
    if (known.is_born) return;
    to.push_back(known.self ? *known.self : group_text(group));
    for (const Consumer* consumer : group.consumers().all())
      if (!known.consumers.contains(consumer)) to.push_back(consumer_text(group, *consumer));
    for (auto at = group.pending().first(); !at.at_end(); at.next())
      if (!known.pending.contains(at.id())) to.push_back(pending_text(group, at.id(), at.value()));
    add_known(known.consumers, to);
    add_known(known.pending, to);
  }
  template <typename Map>
  static void add_known(const Map& known, std::vector<std::string>& to) {
    for (const auto& [what, before] : known)
      if (before) to.push_back(*before);
  }

  std::vector<std::string> rest_of(const store::Stream& stream) override {
    std::vector<std::string> parts = gone_;
    parts.push_back(counters_ ? *counters_ : counters_text(stream.counters()));
    for (auto at = stream.blocks().first(); !at.at_end(); at.next())
      if (!blocks_.contains(at.id())) parts.push_back(block_text(at.id(), at.value()));
    add_known(blocks_, parts);
    if (stream.groups() != nullptr) {
      for (const Group* group : stream.groups()->all())
        add_rest(*group, parts);
    }
    return parts;
  }

  store::ObjectWord word_;
  std::map<store::StreamId, std::optional<std::string>> blocks_;
  std::optional<std::string> counters_;
  std::map<const Group*, Known> groups_;
  std::vector<std::string> gone_;  // Groups and consumers that were removed.
};

class BlobShadow final : public Shadow, public store::BlobObserver {
 public:
  explicit BlobShadow(store::Blob& blob) : blob_(&blob), size_(blob.size) { blob.observer = this; }
  ~BlobShadow() override { ensure(blob_ == nullptr); }

  void before_change(const store::Blob& blob, store::ByteRange range) override {
    ensure(&blob == blob_);
    if (range.offset >= size_ || range.count == 0) return;
    const size_t end = range.offset + std::min(range.count, size_ - range.offset);
    for (size_t at = range.offset / kPiece; at * kPiece < end; ++at)
      if (!pieces_.contains(at)) pieces_.emplace(at, piece(at));
  }
  void moved(store::Blob& to) override {
    ensure(to.observer == this);
    blob_ = &to;
  }
  bool take(store::Blob* blob) override {
    ensure(blob == blob_ && !is_taken_);
    is_taken_ = true;
    return true;
  }

  std::vector<std::string> finish() override {
    std::string bytes;
    for (size_t at = 0; at * kPiece < size_; ++at) {
      const auto saved = pieces_.find(at);
      bytes += saved != pieces_.end() ? saved->second : piece(at);
    }
    if (is_taken_) {
      store::Blob::destroy(blob_);
    } else {
      blob_->observer = nullptr;
    }
    blob_ = nullptr;
    return {bytes};
  }

 private:
  static constexpr size_t kPiece = 512;

  std::string piece(size_t at) const {
    const size_t end = std::min(at * kPiece + kPiece, size_);
    ensure(end <= blob_->size);  // The part that was cut off was reported before.
    return std::string(blob_->view().substr(at * kPiece, end - at * kPiece));
  }

  store::Blob* blob_;
  size_t size_;
  bool is_taken_ = false;
  std::map<size_t, std::string> pieces_;
};

// The shadow of a large value; null if the value is small.
inline std::unique_ptr<Shadow> shadow_of(store::Entry& entry) {
  if (entry.is_blob()) return std::make_unique<BlobShadow>(*entry.blob());
  if (!entry.is_object()) return nullptr;
  const store::ObjectWord word = entry.object();
  switch (entry.encoding()) {
    case store::Encoding::kHashtable:
      if (entry.type() == store::ValueType::kHash)
        return std::make_unique<FieldShadow<store::Hash>>(word);
      return std::make_unique<FieldShadow<store::Set>>(word);
    case store::Encoding::kSkiplist:
      return std::make_unique<MemberShadow>(word);
    case store::Encoding::kQuicklist:
      return std::make_unique<NodeShadow>(word);
    case store::Encoding::kStream:
      return std::make_unique<StreamShadow>(word);
    default:
      return nullptr;
  }
}

}  // namespace kvstash::test
