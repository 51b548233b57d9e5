#include "engine/client/reply_queue.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

void answer(ReplyQueue& queue, std::string_view reply, bool is_muted = false) {
  queue.begin().append(reply);
  queue.end(is_muted);
}

TEST_CASE("replies made on the spot may be sent at once") {
  ReplyQueue queue;
  answer(queue, "a");
  answer(queue, "b");
  CHECK(queue.out().view() == "ab");
  CHECK(queue.waiting() == 0);
  CHECK(queue.bytes() == 2);
}

TEST_CASE("what follows an open place waits for it, and leaves in the order of the commands") {
  ReplyQueue queue;
  answer(queue, "1");
  const uint64_t second = queue.open(false);
  answer(queue, "3");
  const uint64_t fourth = queue.open(false);
  answer(queue, "5");
  CHECK(queue.out().view() == "1");
  CHECK(queue.waiting() == 2);
  queue.fill(fourth, "4", kLsnNone);
  CHECK(queue.out().view() == "1");
  queue.fill(second, "2", kLsnNone);
  CHECK(queue.out().view() == "12345");
  CHECK(queue.waiting() == 0);
  answer(queue, "6");
  CHECK(queue.out().view() == "123456");
}

TEST_CASE("a muted reply leaves nothing, whether made on the spot or later") {
  ReplyQueue queue;
  answer(queue, "loud");
  answer(queue, "silent", true);
  CHECK(queue.out().view() == "loud");
  const uint64_t muted = queue.open(true);
  answer(queue, "silent", true);
  const uint64_t heard = queue.open(false);
  queue.fill(heard, "!", kLsnNone);
  queue.fill(muted, "silent", kLsnNone);
  CHECK(queue.out().view() == "loud!");
}

TEST_CASE("a push stands behind the replies to what was taken before it") {
  ReplyQueue queue;
  queue.push("<p1>");
  CHECK(queue.out().view() == "<p1>");
  const uint64_t first = queue.open(false);
  queue.push("<p2>");
  answer(queue, "after");
  queue.push("<p3>");
  const uint64_t second = queue.open(false);
  queue.push("<p4>");
  CHECK(queue.bytes() == 21);
  queue.fill(first, "reply", kLsnNone);
  CHECK(queue.out().view() == "<p1>reply<p2>after<p3>");
  queue.fill(second, "", kLsnNone);
  CHECK(queue.out().view() == "<p1>reply<p2>after<p3><p4>");
}

TEST_CASE("a push never stands inside a reply, and is heard by a client that wants none") {
  ReplyQueue queue;
  queue.begin().append("re");
  queue.push("<p1>");
  queue.end(false);
  CHECK(queue.out().view() == "re<p1>");
  queue.begin().append("silent");
  queue.push("<p2>");
  queue.end(true);
  CHECK(queue.out().view() == "re<p1><p2>");
  const uint64_t place = queue.open(true);
  queue.push("<p3>");
  queue.begin().append("ply");
  queue.push("<p4>");
  queue.end(false);
  queue.fill(place, "silent", kLsnNone);
  CHECK(queue.out().view() == "re<p1><p2><p3>ply<p4>");
}

TEST_CASE("empty replies keep their places") {
  ReplyQueue queue;
  const uint64_t first = queue.open(false);
  const uint64_t second = queue.open(false);
  queue.fill(second, "", kLsnNone);
  answer(queue, "");
  answer(queue, "end");
  CHECK(queue.out().empty());
  queue.fill(first, "", kLsnNone);
  CHECK(queue.out().view() == "end");
}

// Any mixture of replies at once, later and muted gives what a plain list would give.
TEST_CASE("random schedules come out in order") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    ReplyQueue queue;
    std::string expected;
    struct Open {
      uint64_t number;
      std::string text;
    };
    std::deque<Open> open;
    for (int step = 0; step < 3000; ++step) {
      const bool is_muted = random.below(10) == 0;
      const std::string text(random.below(40), static_cast<char>('a' + step % 26));
      const uint64_t kind = random.below(3);
      if (kind == 0) {
        answer(queue, text, is_muted);
        if (!is_muted) expected += text;
      } else if (kind == 1) {
        open.push_back({queue.open(is_muted), text});
        if (!is_muted) expected += text;
      } else if (!open.empty()) {
        const auto at = open.begin() + static_cast<std::ptrdiff_t>(random.below(open.size()));
        queue.fill(at->number, at->text, kLsnNone);
        open.erase(at);
      }
      REQUIRE(queue.waiting() == open.size());
    }
    while (!open.empty()) {
      queue.fill(open.back().number, open.back().text, kLsnNone);
      open.pop_back();
    }
    CHECK(queue.out().view() == expected);
  }
}

TEST_CASE("a client that always has something under way does not make the queue grow") {
  ReplyQueue queue;
  const std::string reply(100, 'x');
  uint64_t older = queue.open(false);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t newer = queue.open(false);
    answer(queue, reply);
    queue.fill(older, reply, kLsnNone);
    queue.out().clear();
    older = newer;
  }
  CHECK(queue.waiting() == 1);
  CHECK(queue.memory_bytes() < size_t{1} << 20);
}

TEST_CASE("nothing may be sent before it is sealed, and then when the journal is so far") {
  ReplyQueue queue;
  answer(queue, "ab");
  CHECK(queue.sendable().empty());
  CHECK(queue.gated_bytes() == 0);
  queue.seal(Lsn{5}, Lsn{4});
  CHECK(queue.sendable().empty());
  CHECK(queue.gated_bytes() == 2);
  CHECK(queue.awaited() == Lsn{5});
  answer(queue, "c");
  queue.let_out(Lsn{5});
  CHECK(queue.sendable() == "ab");
  CHECK_FALSE(queue.awaited());
  queue.seal(Lsn{5}, Lsn{5});
  CHECK(queue.sendable() == "abc");
}

TEST_CASE("what is sealed later never leaves before what was sealed sooner") {
  ReplyQueue queue;
  answer(queue, "1");
  queue.seal(Lsn{9}, kLsnNone);
  answer(queue, "2");
  queue.seal(Lsn{3}, kLsnNone);  // It stands behind one that follows from more.
  answer(queue, "3");
  queue.seal(Lsn{12}, kLsnNone);
  queue.let_out(Lsn{8});
  CHECK(queue.sendable().empty());
  queue.let_out(Lsn{9});
  CHECK(queue.sendable() == "12");
  CHECK(queue.awaited() == Lsn{12});
  queue.let_out(Lsn{11});
  CHECK(queue.sendable() == "12");
  queue.let_out(kLsnMax);
  CHECK(queue.sendable() == "123");
}

TEST_CASE("a reply from elsewhere is sealed with the LSN it came with, corked or not") {
  ReplyQueue queue;
  const uint64_t first = queue.open(false);
  const uint64_t second = queue.open(false);
  queue.fill(second, "2", Lsn{20});
  queue.fill(first, "1", Lsn{10});
  queue.seal(Lsn{1}, Lsn{10});
  CHECK(queue.sendable().empty());
  CHECK(queue.awaited() == Lsn{20});
  queue.let_out(Lsn{20});
  CHECK(queue.sendable() == "12");
}

TEST_CASE("a reply that is being made is not sealed with what stands before it") {
  ReplyQueue queue;
  answer(queue, "done");
  queue.begin().append("half");
  queue.seal(kLsnNone, kLsnMax);
  CHECK(queue.sendable() == "done");
  queue.drop_sent(4);
  CHECK(queue.sendable().empty());
  queue.end(false);
  CHECK(queue.out().view() == "half");
  queue.seal(kLsnNone, kLsnMax);
  CHECK(queue.sendable() == "half");
}

TEST_CASE("what was sent is dropped in front of what waits") {
  ReplyQueue queue;
  answer(queue, "sent");
  queue.seal(Lsn{1}, Lsn{1});
  answer(queue, "waits");
  queue.seal(Lsn{2}, Lsn{1});
  queue.drop_sent(queue.sendable().size());
  CHECK(queue.sendable().empty());
  CHECK(queue.gated_bytes() == 5);
  queue.let_out(Lsn{2});
  CHECK(queue.sendable() == "waits");
}

TEST_CASE("over random runs sealed bytes leave in order, and none before its LSN") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    ReplyQueue queue;
    std::deque<uint64_t> lsn_of;  // By byte, as the model has them, from the first unsent one.
    uint64_t follows = 0;
    size_t unsealed = 0;
    uint64_t released = 0;
    uint64_t written = 0;
    for (int step = 0; step < 2000; ++step) {
      switch (random.below(4)) {
        case 0:
          answer(queue, std::string(1 + random.below(5), 'x'));
          unsealed = queue.out().size() - lsn_of.size();
          break;
        case 1: {
          const uint64_t lsn = random.below(written + 1);
          follows = std::max(follows, lsn);
          lsn_of.insert(lsn_of.end(), unsealed, follows);
          unsealed = 0;
          queue.seal(Lsn{lsn}, Lsn{released});
          break;
        }
        case 2:
          written += random.below(3);
          released += random.below(written - released + 1);
          queue.let_out(Lsn{released});
          break;
        default: {
          const size_t bytes = random.below(queue.sendable().size() + 1);
          queue.drop_sent(bytes);
          lsn_of.erase(lsn_of.begin(), lsn_of.begin() + static_cast<std::ptrdiff_t>(bytes));
          break;
        }
      }
      size_t may_leave = 0;
      while (may_leave < lsn_of.size() && lsn_of[may_leave] <= released)
        ++may_leave;
      REQUIRE(queue.sendable().size() <= may_leave);
      REQUIRE(queue.sendable().size() + queue.gated_bytes() == lsn_of.size());
    }
    queue.let_out(kLsnMax);
    CHECK(queue.sendable().size() == lsn_of.size());
  }
}

TEST_CASE("what a queue is fed with may be sent at once, whatever its replies had to wait for") {
  ReplyQueue queue;
  answer(queue, "reply");
  queue.seal(Lsn{5}, Lsn{4});
  CHECK(queue.sendable().empty());
  queue.let_out(Lsn{5});
  queue.drop_sent(5);
  queue.feed("stream");
  CHECK(queue.sendable() == "stream");
  CHECK(queue.gated_bytes() == 0);
  queue.seal(Lsn{9}, Lsn{5});
  CHECK(queue.sendable() == "stream");
  queue.drop_sent(6);
  queue.feed(" goes on");
  answer(queue, "reply");
  queue.seal(Lsn{9}, Lsn{5});
  CHECK(queue.sendable() == " goes on");
  CHECK(queue.gated_bytes() == 5);
}

}  // namespace
}  // namespace kvstash::engine
