// SimTask: a thread of a simulated node: a fiber that stands still where it waits for a word, and
// goes on when the word has changed or the time of the wait is over.
//
// SimThreads starts such threads for a node, and SimParking has them wait. A scheduler resumes them
// (sim_node.h).
#pragma once

#include "base/ensure.h"
#include "base/parking.h"
#include "base/threads.h"
#include "sim/fiber.h"
#include "sim/sim_clock.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

class SimTask;

// Parking for threads that share one thread. Nobody needs to be woken, because the scheduler reads
// the words.
class SimParking final : public Parking {
 public:
  explicit SimParking(const SimClock& clock) : clock_(&clock) {}

  void wait(std::atomic<uint32_t>& word, uint32_t while_it_is) override {
    stand(word, while_it_is, kNever);
  }
  void wait_for(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t timeout_ns) override {
    if (timeout_ns > 0) stand(word, while_it_is, clock_->now_ns() + timeout_ns);
  }
  void wake(std::atomic<uint32_t>&) override {}

  // Whether a task runs now, so that it may wait.
  bool is_in_task() const { return running_ != nullptr; }

 private:
  friend class SimTask;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  void stand(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t until_ns);

  const SimClock* clock_;
  SimTask* running_ = nullptr;
};

class SimTask {
 public:
  SimTask(SimParking& parking, std::function<void()> body)
      : parking_(&parking), fiber_(std::move(body)) {}

  bool is_over() const { return fiber_.is_over(); }
  // Waits for a word that has not changed, and its time is not over.
  bool is_parked() const {
    return word_ != nullptr && word_->load(std::memory_order_acquire) == parked_at_ &&
           parking_->clock_->now_ns() < until_ns_;
  }
  bool stands() const { return word_ != nullptr; }
  // When a wait ends that no word ends before.
  int64_t wait_ends_ns() const {
    return word_ != nullptr ? until_ns_ : std::numeric_limits<int64_t>::max();
  }

  // ---- The scheduler. Goes on until the task waits, pauses or is over.
  void resume() {
    SimTask* const outside = std::exchange(parking_->running_, this);
    word_ = nullptr;
    fiber_.resume();
    parking_->running_ = outside;
  }
  // ---- The task itself: returns when it is resumed.
  void pause() { fiber_.pause(); }

 private:
  friend class SimParking;

  void stand(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t until_ns) {
    word_ = &word;
    parked_at_ = while_it_is;
    until_ns_ = until_ns;
    fiber_.pause();
  }

  SimParking* parking_;
  // The word that the task waits for; null: it does not wait.
  std::atomic<uint32_t>* word_ = nullptr;
  uint32_t parked_at_ = 0;  // The value of that word while the task waits.
  int64_t until_ns_ = 0;
  Fiber fiber_;
};

inline void SimParking::stand(std::atomic<uint32_t>& word, uint32_t while_it_is, int64_t until_ns) {
  ensure(running_ != nullptr);
  if (word.load(std::memory_order_acquire) == while_it_is)
    running_->stand(word, while_it_is, until_ns);
}

// The threads that a node starts beside its shards.
class SimThreads final : public Threads {
 public:
  explicit SimThreads(SimParking& parking) : parking_(&parking) {}

  std::unique_ptr<Thread> start(std::string_view, std::function<void()> body) override {
    auto task = std::make_shared<SimTask>(*parking_, std::move(body));
    std::erase_if(tasks_, [](const auto& each) { return each->is_over(); });
    tasks_.push_back(task);
    return std::make_unique<SimThread>(std::move(task));
  }

  const std::vector<std::shared_ptr<SimTask>>& tasks() const { return tasks_; }

 private:
  // Joined from outside of all tasks, when nothing that the thread waits for is left to come.
  class SimThread final : public Thread {
   public:
    explicit SimThread(std::shared_ptr<SimTask> task) : task_(std::move(task)) {}
    void join() override {
      while (!task_->is_over()) {
        ensure(!task_->is_parked());
        task_->resume();
      }
    }

   private:
    std::shared_ptr<SimTask> task_;
  };

  SimParking* parking_;
  std::vector<std::shared_ptr<SimTask>> tasks_;  // By start.
};

}  // namespace kvstash::test
