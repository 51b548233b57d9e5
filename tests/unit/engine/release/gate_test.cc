#include "engine/release/gate.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

namespace kvstash::engine {

TEST_CASE("a gate lets out in the order of LSNs, and of arrival where they are equal") {
  std::atomic<Lsn> released{Lsn{0}};
  Gate gate(released);
  std::string out;
  gate.wait(Lsn{20}, 20, [&] { out += "c"; });
  gate.wait(Lsn{10}, 10, [&] { out += "a"; });
  gate.wait(Lsn{10}, 10, [&] { out += "b"; });
  gate.wait(Lsn{30}, 30, [&] { out += "d"; });
  gate.open();
  CHECK(out.empty());
  CHECK(gate.waiting() == 4);
  CHECK(gate.oldest_ms() == 10);
  released = Lsn{20};
  gate.open();
  CHECK(out == "abc");
  released = Lsn{29};
  gate.open();
  CHECK(out == "abc");
  released = Lsn{30};
  gate.open();
  CHECK(out == "abcd");
  CHECK(gate.waiting() == 0);
  CHECK_FALSE(gate.oldest_ms().has_value());
}

TEST_CASE("without a journal the gate stands open, and nobody needs to be told") {
  std::atomic<Lsn> released{kLsnMax};
  Gate gate(released);
  CHECK(gate.is_open(Lsn{1'000'000}));
  CHECK_FALSE(gate.claim());
}

TEST_CASE("who waits at a gate may wait again when it is let out") {
  std::atomic<Lsn> released{Lsn{5}};
  Gate gate(released);
  std::vector<int> out;
  gate.wait(Lsn{5}, 5, [&] {
    out.push_back(1);
    gate.wait(Lsn{5}, 5, [&] { out.push_back(2); });
    gate.wait(Lsn{6}, 6, [&] { out.push_back(3); });
  });
  gate.open();
  CHECK(out == std::vector{1, 2});
  CHECK(gate.waiting() == 1);
}

TEST_CASE("one claim is told for each time that somebody waits") {
  std::atomic<Lsn> released{Lsn{0}};
  Gate gate(released);
  CHECK_FALSE(gate.claim());
  gate.wait(Lsn{1}, 1, [] {});
  gate.wait(Lsn{2}, 2, [] {});
  gate.open();
  released = Lsn{1};
  CHECK(gate.claim());
  CHECK_FALSE(gate.claim());
  gate.open();  // One is left.
  CHECK(gate.claim());
}

TEST_CASE("a number that grows on another thread is never missed") {
  std::atomic<Lsn> released{Lsn{0}};
  Gate gate(released);
  constexpr uint64_t kLast = 20'000;
  std::atomic<uint64_t> claims{0};
  std::thread journal([&] {
    for (uint64_t lsn = 1; lsn <= kLast; ++lsn) {
      released.store(Lsn{lsn}, std::memory_order_seq_cst);
      if (gate.claim()) claims.fetch_add(1, std::memory_order_release);
    }
  });
  uint64_t seen = 0;
  uint64_t let_out = 0;
  for (uint64_t lsn = 1; lsn <= kLast; ++lsn) {
    gate.wait(Lsn{lsn}, 0, [&] { ++let_out; });
    gate.open();
    // As a shard does: it opens again only when it was told to.
    while (let_out < lsn) {
      if (claims.load(std::memory_order_acquire) == seen) continue;
      ++seen;
      gate.open();
    }
  }
  journal.join();
  CHECK(let_out == kLast);
}

}  // namespace kvstash::engine
