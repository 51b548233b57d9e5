#include "engine/reaper.h"

#include "store/garbage.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace kvstash::engine {
namespace {

// A door that a piece waits at while it is freed.
class Door {
 public:
  void open() {
    {
      const std::lock_guard guard(lock_);
      is_open_ = true;
    }
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock guard(lock_);
    opened_.wait(guard, [this] { return is_open_; });
  }

 private:
  std::mutex lock_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

}  // namespace

TEST_CASE("what is left is freed, each piece once, before the reaper is gone") {
  std::atomic<int> freed = 0;
  {
    Reaper reaper;
    for (int round = 0; round < 100; ++round) {
      store::Garbage garbage;
      for (int piece = 0; piece < 3; ++piece)
        garbage.add([&freed] { ++freed; });
      reaper.take(std::move(garbage));
      CHECK(garbage.empty());
    }
  }
  CHECK(freed == 300);
}

TEST_CASE("pieces are freed by another thread, and nobody waits for that") {
  Door door;
  std::atomic<bool> is_free = false;
  std::thread::id freed_by;
  {
    Reaper reaper;
    store::Garbage garbage;
    garbage.add([&] {
      door.pass();
      freed_by = std::this_thread::get_id();
      is_free = true;
    });
    reaper.take(std::move(garbage));
    CHECK_FALSE(is_free);
    door.open();
  }
  CHECK(is_free);
  CHECK(freed_by != std::this_thread::get_id());
}

TEST_CASE("a piece is pending until it has been freed") {
  Door door;
  Reaper reaper;
  store::Garbage stuck;
  stuck.add([&door] { door.pass(); });
  reaper.take(std::move(stuck));
  store::Garbage behind;
  behind.add([] {});
  behind.add([] {});
  reaper.take(std::move(behind));
  CHECK(reaper.pending() == 3);
  CHECK(reaper.freed() == 0);
  door.open();
  while (reaper.pending() > 0)
    std::this_thread::yield();
  CHECK(reaper.freed() == 3);
}

}  // namespace kvstash::engine
