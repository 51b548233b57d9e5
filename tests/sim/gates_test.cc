// A node whose journal releases replies late, at random moments of a simulated run: clients get the
// same replies as without the delay, in the same order, and get no value before the record that it
// stands in is released.
#include "base/random.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"
#include "support/gated_journal.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

// The journal of a simulated node: the test says how far its replies are released.
class LateJournal {
 public:
  LateJournal(engine::ShardSet& set, uint64_t seed) : set_(&set), log_(seed) {
    set.begin_gating(engine::kLsnNone);
    for (size_t id = 0; id < set.size(); ++id)
      set.at(id).set_sink(&log_.add_lane());
  }
  ~LateJournal() {
    for (size_t id = 0; id < set_->size(); ++id)
      set_->at(id).set_sink(nullptr);
    set_->release_up_to(engine::kLsnMax);
  }

  uint64_t end() const { return log_.records(); }
  uint64_t released() const { return released_; }
  void release_up_to(uint64_t lsn) {
    released_ = lsn;
    set_->release_up_to(engine::Lsn{lsn});
  }
  // The LSN of a value; kLsnMax: it is in no record.
  engine::Lsn lsn_of(uint64_t value) { return log_.lsn_of(value); }

 private:
  engine::ShardSet* set_;
  GatedJournal log_;  // Its thread is never started.
  uint64_t released_ = 0;
};

// Draws commands of one client on keys of its own, which end with the client's number. Its replies
// do not depend on the other clients.
std::vector<SimClient::Words> draw(Random& random, size_t client, size_t count) {
  std::vector<SimClient::Words> commands;
  uint64_t values = 0;
  const auto value = [&] { return "v" + std::to_string(++values * 100 + client) + "v"; };
  const auto key = [&](const std::string& kind) {
    return kind + std::to_string(random.below(4)) + ":" + std::to_string(client);
  };
  for (size_t i = 0; i < count; ++i) {
    switch (random.below(10)) {
      case 0:
        commands.push_back({"SET", key("s"), value()});
        break;
      case 1:
        commands.push_back({"MSET", key("s"), value(), key("s"), value()});
        break;
      case 2:
        commands.push_back({"MGET", key("s"), key("s")});
        break;
      case 3:
        commands.push_back({"RPUSH", key("l"), value()});
        break;
      case 4:
        commands.push_back({"LMPOP", "2", key("l"), key("l"), "LEFT"});
        break;
      case 5:
        commands.push_back({"BLPOP", key("l"), "0.01"});
        break;
      case 6:
        commands.push_back({"PUBLISH", "news", value()});
        break;
      case 7:
        commands.push_back({"MULTI"});
        commands.push_back({"GETSET", key("s"), value()});
        commands.push_back({"GET", key("s")});
        commands.push_back({"EXEC"});
        break;
      case 8:
        commands.push_back({"EVAL",
                            "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])",
                            "1", key("s"), value()});
        break;
      default:
        commands.push_back({"GETDEL", key("s")});
    }
  }
  return commands;
}

// The replies and pushes of all clients; with a journal that releases them late if `late`, else
// without a journal.
std::vector<std::string> heard_by_all(size_t shards, uint64_t seed, bool late) {
  SimNode node({.shards = shards, .seed = seed});
  const std::unique_ptr<LateJournal> journal =
      late ? std::make_unique<LateJournal>(node.set(), seed) : nullptr;
  Random random(seed);
  Random releases(seed + 1);
  SimClient& listener = node.connect(0);
  node.ask(listener, "SUBSCRIBE news");
  SimClient& monitor = node.connect(shards - 1);
  node.ask(monitor, "MONITOR");
  constexpr size_t kClients = 4;
  std::vector<SimClient*> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(&node.connect(i));
    for (const SimClient::Words& command : draw(random, i, 60))
      clients.back()->say(command);
  }
  std::vector<SimClient*> all = clients;
  all.push_back(&listener);
  all.push_back(&monitor);
  std::vector<size_t> looked_at(all.size(), 0);
  const auto look = [&] {
    for (size_t i = 0; i < all.size(); ++i) {
      const std::string_view news = std::string_view(all[i]->transcript()).substr(looked_at[i]);
      looked_at[i] += news.size();
      for (const uint64_t value : values_in(news)) {
        REQUIRE(journal->lsn_of(value) != engine::kLsnMax);
        REQUIRE(journal->lsn_of(value) <= engine::Lsn{journal->released()});
      }
    }
  };
  for (int round = 0; round < 2000; ++round) {
    while (node.step()) {
      if (journal == nullptr) continue;
      look();
      if (!releases.one_in(20)) continue;
      const uint64_t waiting = journal->end() - journal->released();
      journal->release_up_to(journal->released() + releases.below(waiting + 1));
    }
    if (journal != nullptr && releases.one_in(3)) journal->release_up_to(journal->end());
    node.run_for(1);
  }
  if (journal != nullptr) journal->release_up_to(journal->end());
  node.settle();
  std::vector<std::string> heard;
  for (SimClient* client : clients) {
    std::string texts;
    for (std::string text = client->take_text(); text != "(nothing)"; text = client->take_text())
      texts += text + "\n";
    heard.push_back(std::move(texts));
  }
  return heard;
}

}  // namespace

TEST_CASE("replies that wait for the journal are the same, and none tells what it has not") {
  for (const size_t shards : {1, 2, 4}) {
    CAPTURE(shards);
    for_seeds("late gates", 2, [&](uint64_t seed) {
      CHECK(heard_by_all(shards, seed, true) == heard_by_all(shards, seed, false));
    });
  }
}

}  // namespace kvstash::test
