#include "base/parking_mutex.h"

#include <doctest/doctest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace kvstash {

TEST_CASE("one thread at a time has the mutex, and none is forgotten") {
  ThreadParking parking;
  ParkingMutex mutex(parking);
  uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        const std::lock_guard guard(mutex);
        const uint64_t before = count;
        if (round % 64 == 0) std::this_thread::yield();
        count = before + 1;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(count == 20'000);
}

}  // namespace kvstash
