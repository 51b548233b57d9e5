// The door for snapshots, from the commands' side: whatever clients do, a copy of all databases
// from pre-images alone (CutCopy) is what a real copy is. So no command changes data past the door.

#include "store/observer.h"

#include "base/random.h"
#include "base/text.h"
#include "support/busy_node.h"
#include "support/cut_copy.h"
#include "support/model_seed.h"
#include "support/random_commands.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Shard;
using test::CutCopy;
using test::KeyspaceImage;

// What does not change data of keys, but is a writer by its row.
constexpr std::string_view kOtherWrites[] = {"function|load", "function|delete", "function|flush",
                                             "function|restore", "migrate"};

// A node whose clients change its data, and a copy of each shard's data.
class Node : public test::BusyNode {
 public:
  using BusyNode::BusyNode;

  void begin_copy() {
    copies_.resize(shards());
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads().ask<bool>(id, [copy = &copies_[id]](Shard& shard) {
        const std::vector<store::Keyspace*> spaces = spaces_of(shard);
        copy->real.clear();
        for (const store::Keyspace* space : spaces)
          copy->real.push_back(test::image_of(*space));
        copy->cut = std::make_unique<CutCopy>(
            spaces, std::vector<store::ShardMemory*>{&shard.data().memory()});
        return true;
      });
    }
  }
  void walk() {
    const size_t buckets = 1 + random().below(2);
    for (size_t id = 0; id < copies_.size(); ++id) {
      threads().ask<bool>(id, [copy = &copies_[id], buckets](Shard&) {
        copy->cut->walk({.buckets = buckets, .elements = 3});
        return true;
      });
    }
  }
  void check_copy() {
    for (size_t id = 0; id < copies_.size(); ++id) {
      const auto copied = threads().ask<std::vector<KeyspaceImage>>(
          id, [copy = &copies_[id]](Shard& shard) { return copy->cut->finish(spaces_of(shard)); });
      told_ += copies_[id].cut->told();
      copies_[id].cut.reset();
      REQUIRE(copied.size() == copies_[id].real.size());
      for (size_t i = 0; i < copied.size(); ++i)
        REQUIRE(test::difference(copied[i], copies_[id].real[i]) == "");
    }
  }

  // Changes that the copies were told of.
  size_t told() const { return told_; }

 private:
  struct Copy {
    std::vector<KeyspaceImage> real;
    std::unique_ptr<CutCopy> cut;
  };

  std::vector<Copy> copies_;
  size_t told_ = 0;
};

void check_cuts(uint64_t seed, size_t shards, int cuts, bool evicts = false) {
  CAPTURE(seed);
  CAPTURE(shards);
  const test::Watchdog watchdog("copies beside commands", std::chrono::seconds(120));
  Node node(seed, shards, evicts);
  node.work(300);
  for (int cut = 0; cut < cuts; ++cut) {
    CAPTURE(cut);
    node.begin_copy();
    const bool walks = node.random().one_in(2);
    for (uint64_t rounds = node.random().below(15); rounds != 0; --rounds) {
      node.work(30);
      if (walks) node.walk();
    }
    node.check_copy();
    node.work(node.random().below(100));
  }
  CHECK(node.told() > 100);
  if (evicts) CHECK(node.evicted() > 100);
}

}  // namespace

TEST_CASE("no command changes data past the door for snapshots") {
  if (const std::optional<uint64_t> seed = test::model_seed()) {
    check_cuts(*seed, 1, 100);
    check_cuts(*seed, 2, 100);
    return;
  }
  for (const uint64_t seed : {1, 2, 3, 4}) {
    check_cuts(seed, 1, 20);
    check_cuts(seed, 2, 10);
  }
}

#ifndef KVSTASH_NO_JEMALLOC  // Without it, memory in use is not known well enough to evict by it.
TEST_CASE("eviction changes no data past the door for snapshots") {
  check_cuts(5, 1, 20, true);
  check_cuts(6, 2, 10, true);
}
#endif

TEST_CASE("every command that writes is among those that the door is tried with") {
  const engine::CommandTable table(Node::rows());
  std::set<std::string> tried(std::begin(kOtherWrites), std::end(kOtherWrites));
  for (const std::string_view line : test::kRandomWrites) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      words.push_back(word);
    const auto command = table.resolve(words);
    REQUIRE(command.ok());
    tried.insert((*command)->name);
  }
  for (uint32_t id = 0; id < table.size(); ++id) {
    const engine::Command& command = table.by_id(id);
    CAPTURE(command.name);
    if (command.has(engine::kWrite) && command.spec->subcommands.empty())
      CHECK(tried.contains(command.name));
  }
}

}  // namespace kvstash::commands
