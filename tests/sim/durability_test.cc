// What a node says is done is there after the process was killed, or the power went, at any moment:
// as strongly as the operator asked, with saves, rewrites and the log turned on and off meanwhile.
#include "sim/process_disk.h"
#include "sim/sim_disk.h"
#include "sim/sim_node.h"
#include "sim/sim_seeds.h"
#include "support/silence.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kvstash::test {
namespace {

using persist::FsyncPolicy;

constexpr int kLives = 4;
constexpr size_t kWriters = 3;

// What `appendfsync everysec` may lose: what was said to be done in the last so many milliseconds
// in which anything was. Then writes wait.
constexpr double kEverysecLossMs = 2000;

// A number that only grows, written by one client at a time.
struct Counter {
  int64_t sent = 0;                             // The largest that was ever sent.
  int64_t acked = 0;                            // The largest that was said to be done.
  int64_t read = 0;                             // The largest that any client was shown.
  std::deque<std::pair<double, int64_t>> acks;  // By time, in this life.

  // When the first value above this was said to be done.
  std::optional<double> acked_at(int64_t above) const {
    for (const auto& [at, value] : acks) {
      if (value > above) return at;
    }
    return std::nullopt;
  }
};

// One client that writes numbers to keys of its own, one command after the other: alone, and in
// units over several shards, whose keys must never differ.
struct Writer {
  SimClient* client = nullptr;
  size_t number = 0;
  Counter single;
  Counter pair;
  enum class Asked : uint8_t { kNothing, kSingle, kPair, kExec, kRead } asked = Asked::kNothing;
  int64_t value = 0;
  size_t replies_due = 0;
  bool is_connected = false;  // It has been.

  std::string key(const char* what) const { return std::string(what) + std::to_string(number); }
};

class Lives {
 public:
  explicit Lives(uint64_t seed) : random_(seed), disk_(random_.next(), 64) {
    for (size_t i = 0; i < kWriters; ++i)
      writers_[i].number = i;
    policy_ = static_cast<FsyncPolicy>(random_.below(3));
  }

  void run() {
    for (int life = 0; life < kLives; ++life) {
      live(1 + random_.below(4));
    }
    live(1, false);
  }

 private:
  SimNode::Options options(size_t shards, Disk& disk) {
    SimNode::Options options{.shards = shards, .seed = random_.next(), .disk = &disk};
    options.persist.appendonly = true;
    options.persist.appendfsync = policy_;
    options.persist.save = {};
    options.persist.auto_aof_rewrite_min_size = 2000;
    if (random_.one_in(2)) options.lag_us_max = 1 + random_.below(100'000);
    return options;
  }

  void live(size_t shards, bool works = true) {
    ProcessDisk disk(disk_);
    SimNode node(options(shards, disk));
    disk_.set_hook([&](std::string_view, const std::string&) { stall(node); });
    had_failed_ = std::exchange(has_failed_, false);
    const Status loaded = node.load();
    REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : std::string(loaded.error().message())));
    check(node);
    last_ack_ms_ = 0;
    if (works) work(node, 20 + random_.below(300));
    if (has_failed_ && random_.one_in(2)) see_writes_come_back(node);
    disk_.inject({});
    // What the process says after its death does not count: its replies are not read any more.
    disk.die();
    // Else pages that a failed sync dropped can be read by the next process as if they were
    // written.
    has_lost_power_ = random_.one_in(2);
    if (has_lost_power_) disk_.crash();
    disk_.set_hook({});
  }

  // Some calls last, while the node goes on.
  void stall(SimNode& node) {
    if (random_.one_in(3)) node.stall(1 + static_cast<int64_t>(random_.below(stall_ns_max())));
  }
  uint64_t stall_ns_max() { return random_.one_in(20) ? 300'000'000 : 2'000'000; }

  // The disk fails for some calls.
  void break_disk() {
    has_failed_ = true;
    const auto fault = static_cast<SimDisk::Fault>(random_.below(3));
    disk_.inject({.call = disk_.calls() + 1 + random_.below(30),
                  .fault = fault,
                  .count = 1 + random_.below(30)});
  }

  // After its last failure the disk works, and soon writes do as well.
  void see_writes_come_back(SimNode& node) {
    disk_.inject({});
    disk_.set_hook({});
    node.run_for(1000);
    SimClient& client = node.connect(0);
    client.say("SET probe 1");
    node.run_for(100);
    CHECK(client.take_text() == "OK");
  }

  void check(SimNode& node) {
    SimClient& client = node.connect(0);
    for (Writer& writer : writers_) {
      check_one(writer.single, node.ask(client, "GET " + writer.key("single")));
      const std::string first = node.ask(client, "GET " + writer.key("first"));
      CHECK(first == node.ask(client, "GET " + writer.key("second")));
      check_one(writer.pair, first);
    }
  }

  void check_one(Counter& counter, const std::string& found) {
    const int64_t value = found == "nil" ? 0 : std::stoll(found);
    CAPTURE(static_cast<int>(policy_));
    CAPTURE(has_lost_power_);
    CHECK(value <= counter.sent);
    if (!has_lost_power_ || policy_ == FsyncPolicy::kAlways) {
      CHECK(value >= counter.acked);
      if (!had_failed_) CHECK(value >= counter.read);
    } else if (policy_ == FsyncPolicy::kEverysec) {
      CHECK(last_ack_ms_ - counter.acked_at(value).value_or(last_ack_ms_) <= kEverysecLossMs);
    }
    // What was lost may be written again.
    counter.acked = counter.read = value;
    counter.acks.clear();
    counter.acks.emplace_back(-1e9, value);
  }

  void work(SimNode& node, uint64_t steps) {
    for (Writer& writer : writers_) {
      writer.client = &node.connect(random_.below(8));
      writer.asked = Writer::Asked::kNothing;
      writer.is_connected = false;
    }
    SimClient& boss = node.connect(0);
    const bool breaks = random_.one_in(2);
    for (uint64_t step = 0; step < steps; ++step) {
      for (Writer& writer : writers_) {
        hear(writer);
        // Who has written what may be lost is disconnected, and asks again.
        if (has_failed_ && !writer.client->is_open() && writer.is_connected) {
          writer.client = &node.connect(random_.below(8));
          writer.asked = Writer::Asked::kNothing;
          writer.is_connected = false;
        }
        writer.is_connected = writer.is_connected || writer.client->is_open();
        if (writer.asked == Writer::Asked::kNothing && random_.one_in(2)) say(writer);
      }
      if (breaks && random_.one_in(60)) break_disk();
      if (random_.one_in(40)) boss.say(random_.one_in(2) ? "BGREWRITEAOF" : "BGSAVE");
      const uint64_t pace = random_.below(20);
      if (pace == 0) {
        node.run_for(static_cast<double>(random_.below(1500)));
      } else if (pace < 4) {
        node.run_for(static_cast<double>(random_.below(10)));
      } else {
        for (uint64_t i = random_.below(30); i > 0 && node.step(); --i) {
        }
      }
    }
  }

  void say(Writer& writer) {
    const auto kind = random_.below(5);
    if (kind == 0) {
      writer.asked = Writer::Asked::kRead;
      writer.replies_due = 1;
      writer.client->say("GET " + writer.key("single"));
    } else if (kind < 3) {
      writer.asked = Writer::Asked::kSingle;
      writer.replies_due = 1;
      writer.value = ++writer.single.sent;
      writer.client->say("SET " + writer.key("single") + " " + std::to_string(writer.value));
    } else if (kind == 3) {
      writer.asked = Writer::Asked::kPair;
      writer.replies_due = 1;
      writer.value = ++writer.pair.sent;
      writer.client->say("MSET " + writer.key("first") + " " + std::to_string(writer.value) + " " +
                         writer.key("second") + " " + std::to_string(writer.value));
    } else {
      writer.asked = Writer::Asked::kExec;
      writer.replies_due = 4;
      writer.value = ++writer.pair.sent;
      writer.client->say("MULTI");
      writer.client->say("SET " + writer.key("first") + " " + std::to_string(writer.value));
      writer.client->say("SET " + writer.key("second") + " " + std::to_string(writer.value));
      writer.client->say("EXEC");
    }
  }

  void hear(Writer& writer) {
    while (writer.asked != Writer::Asked::kNothing) {
      const std::optional<SimReply> reply = writer.client->take();
      if (!reply) return;
      if (--writer.replies_due != 0) continue;
      const auto asked = std::exchange(writer.asked, Writer::Asked::kNothing);
      const std::string text = text_of(reply->reply);
      if (has_failed_ && text.starts_with("-")) continue;  // MISCONF, EXECABORT.
      if (asked == Writer::Asked::kRead) {
        if (text != "nil")
          writer.single.read = std::max<int64_t>(writer.single.read, std::stoll(text));
        continue;
      }
      CHECK(text == (asked == Writer::Asked::kExec ? "[OK OK]" : "OK"));
      Counter& counter = asked == Writer::Asked::kSingle ? writer.single : writer.pair;
      counter.acked = writer.value;
      counter.acks.emplace_back(reply->at_ms, writer.value);
      last_ack_ms_ = std::max(last_ack_ms_, reply->at_ms);
    }
  }

  Random random_;
  SimDisk disk_;
  std::array<Writer, kWriters> writers_;
  FsyncPolicy policy_;
  bool has_lost_power_ = false;
  double last_ack_ms_ = 0;  // In this life, or in the one before while one begins.
  // In this life the disk has failed, so that reads may show what a crash takes back.
  bool has_failed_ = false;
  bool had_failed_ = false;  // In the life before.
};

}  // namespace

TEST_CASE("what was said to be done survives the end of the process and of the power") {
  const Silence silence;
  for_seeds("durability", 60, [](uint64_t seed) { Lives(seed).run(); });
}

}  // namespace kvstash::test
