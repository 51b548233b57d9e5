// CutCopy: a copy of everything that some keyspaces held at one moment, made from pre-images alone.
// It walks the keyspaces in the order of the hashes, step by step; entries ahead of the walk it
// copies when the store's observer (observer.h) reports that they are about to change. So a change
// that is not reported makes the copy wrong.
//
// It is a snapshot in its simplest form: keys that were copied or made ahead of the walk are
// marked, and lose their mark when the walk reaches them. Large values get a shadow instead of a
// copy. For tests; used on the thread that holds the keyspaces.
#pragma once

#include "support/value_image.h"
#include "support/value_shadow.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::test {

class CutCopy final : public store::KeyspaceObserver {
 public:
  // `memories` are those of the keyspaces; by them keyspaces that are made later are observed, too.
  CutCopy(const std::vector<store::Keyspace*>& spaces, std::vector<store::ShardMemory*> memories,
          store::Mark mark = store::Mark::kFirst)
      : memories_(std::move(memories)), mark_(mark) {
    for (store::ShardMemory* memory : memories_) {
      ensure(memory->observer == nullptr);
      memory->observer = this;
    }
    for (store::Keyspace* space : spaces) {
      ensure(space->marked(mark_) == 0);
      space->set_observer(this);
      cuts_.push_back(std::make_unique<Cut>(Cut{.space = space}));
    }
  }
  ~CutCopy() override { ensure(is_finished_); }

  void before_change(store::Keyspace& space, const store::KeyRef& key,
                     store::Entry& entry) override {
    ensure(!is_finished_ && space.find(key) == &entry && key.name == entry.key());
    ++told_;
    Cut* cut = cut_of(space);
    if (cut == nullptr || cut->has_passed(key.hash) || entry.has_mark(mark_)) return;
    space.set_mark(entry, mark_, true);
    copy(*cut, entry);
  }
  void born(store::Keyspace& space, const store::KeyRef& key, store::Entry& entry) override {
    ensure(!is_finished_ && space.find(key) == &entry && !entry.has_marks());
    ++told_;
    Cut* cut = cut_of(space);
    if (cut != nullptr && !cut->has_passed(key.hash)) space.set_mark(entry, mark_, true);
  }
  void before_drop(std::unique_ptr<store::Keyspace>& space) override {
    ensure(!is_finished_ && space->observer() == nullptr);
    ++told_;
    kept_.push_back(std::move(space));
  }

  // Does one step of the walk.
  void walk(store::WalkBudget budget) {
    for (const std::unique_ptr<Cut>& cut : cuts_)
      if (cut->next) walk(*cut, budget);
  }

  // Ends the copy and returns what each keyspace held, in the order given. `live`: the keyspaces
  // that exist now.
  std::vector<KeyspaceImage> finish(const std::vector<store::Keyspace*>& live) {
    std::vector<KeyspaceImage> images;
    for (const std::unique_ptr<Cut>& cut : cuts_) {
      while (cut->next)
        walk(*cut, {});
      ensure(cut->space->marked(mark_) == 0);
      for (auto& [name, large] : cut->large) {
        large.image.parts = large.shadow->finish();
        ensure(cut->copied.emplace(name, std::move(large.image)).second);
      }
      images.push_back(std::move(cut->copied));
    }
    for (store::ShardMemory* memory : memories_)
      memory->observer = nullptr;
    for (store::Keyspace* space : live) {
      ensure(space->observer() == this && space->marked(mark_) == 0);
      space->set_observer(nullptr);
    }
    kept_.clear();
    is_finished_ = true;
    return images;
  }

  size_t told() const { return told_; }

 private:
  struct Large {
    ValueImage image;
    std::unique_ptr<Shadow> shadow;
  };
  struct Cut {
    bool has_passed(uint64_t hash) const { return !next || hash < *next; }

    store::Keyspace* space;
    std::optional<uint64_t> next = 0;  // Where the walk goes on; none: it is over.
    KeyspaceImage copied{};
    std::map<std::string, Large> large{};
  };

  Cut* cut_of(const store::Keyspace& space) {
    for (const std::unique_ptr<Cut>& cut : cuts_)
      if (cut->space == &space) return cut.get();
    return nullptr;
  }

  void walk(Cut& cut, store::WalkBudget budget) {
    cut.next = cut.space->table().walk(*cut.next, budget, [&](store::Entry* entry) {
      if (entry->has_mark(mark_)) {
        cut.space->set_mark(*entry, mark_, false);
      } else {
        copy(cut, *entry);
      }
    });
  }

  void copy(Cut& cut, store::Entry& entry) {
    const std::string name(entry.key());
    ensure(!cut.copied.contains(name) && !cut.large.contains(name));
    if (std::unique_ptr<Shadow> shadow = shadow_of(entry)) {
      cut.large.emplace(name, Large{image_without_parts(entry), std::move(shadow)});
    } else {
      cut.copied.emplace(name, image_of(entry));
    }
  }

  std::vector<std::unique_ptr<Cut>> cuts_;
  std::vector<std::unique_ptr<store::Keyspace>> kept_;
  std::vector<store::ShardMemory*> memories_;
  store::Mark mark_;
  size_t told_ = 0;
  bool is_finished_ = false;
};

}  // namespace kvstash::test
