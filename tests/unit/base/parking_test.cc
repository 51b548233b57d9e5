#include "base/parking.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace kvstash {

TEST_CASE("a thread does not wait for a word that has changed already") {
  ThreadParking parking;
  std::atomic<uint32_t> word{2};
  parking.wait(word, 1);
  CHECK(word == 2);
}

TEST_CASE("a thread that waits for a word is let go when it was changed") {
  for (uint32_t round = 0; round < 100; ++round) {
    ThreadParking parking;
    std::atomic<uint32_t> word{0};
    std::atomic<bool> goes_on{false};
    std::thread waiting([&] {
      while (word.load() == 0)
        parking.wait(word, 0);
      goes_on = true;
    });
    if (round % 2 == 0) std::this_thread::yield();
    CHECK_FALSE(goes_on);
    word = 1;
    parking.wake(word);
    waiting.join();
    CHECK(goes_on);
  }
}

TEST_CASE("a wait with a time ends when the time is over, or when the word was changed") {
  ThreadParking parking;
  std::atomic<uint32_t> word{0};
  parking.wait_for(word, 0, -1);
  parking.wait_for(word, 0, 1'000'000);
  std::thread waiting([&] {
    while (word.load() == 0)
      parking.wait_for(word, 0, int64_t{3600} * 1'000'000'000);
  });
  word = 1;
  parking.wake(word);
  waiting.join();
  CHECK(word == 1);
}

}  // namespace kvstash
