#include "net/wake.h"

#include "unit/net/loopback.h"

#include <atomic>
#include <thread>

using namespace kvstash::net;
using namespace kvstash::net::test;

TEST_CASE("rings before the loop has answered become one call") {
  Loop loop;
  int woken = 0;
  Wake wake(loop, [&] { ++woken; });
  wake.ring();
  wake.ring();
  loop.run_once();
  run_ready(loop);
  CHECK(woken == 1);
}

TEST_CASE("a ring from another thread ends the wait of the loop") {
  Loop loop;
  std::thread::id woken_on;
  Wake wake(loop, [&] { woken_on = std::this_thread::get_id(); });
  std::thread other([&] { wake.ring(); });
  run_until(loop, [&] { return woken_on != std::thread::id(); });
  other.join();
  CHECK(woken_on == std::this_thread::get_id());
}

TEST_CASE("no message is lost between many ringing threads") {
  constexpr int kThreads = 4;
  constexpr int kRings = 2000;
  Loop loop;
  std::atomic<int> sent = 0;
  int seen = 0;
  Wake wake(loop, [&] { seen = sent.load(); });
  std::thread threads[kThreads];
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < kRings; ++i) {
        sent.fetch_add(1);
        wake.ring();
      }
    });
  }
  run_until(loop, [&] { return seen == kThreads * kRings; });
  for (std::thread& thread : threads)
    thread.join();
}
