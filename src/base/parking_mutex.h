// ParkingMutex: a mutex whose waiting threads stand still by a node's Parking, so that it may be
// held while the disk is at work, also in a simulation, which has one thread for all.
//
// For std::lock_guard. The three states are those of Drepper, "Futexes Are Tricky", mutex 2.
#pragma once

#include "base/parking.h"

#include <atomic>
#include <cstdint>

namespace kvstash {

class ParkingMutex {
 public:
  // The port outlives the mutex.
  explicit ParkingMutex(Parking& parking) : parking_(&parking) {}
  ParkingMutex(const ParkingMutex&) = delete;
  ParkingMutex& operator=(const ParkingMutex&) = delete;

  void lock() {
    uint32_t free = kFree;
    if (word_.compare_exchange_strong(free, kTaken, std::memory_order_acquire)) return;
    while (word_.exchange(kAwaited, std::memory_order_acquire) != kFree)
      parking_->wait(word_, kAwaited);
  }
  void unlock() {
    if (word_.exchange(kFree, std::memory_order_release) == kAwaited) parking_->wake(word_);
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kTaken = 1;
  static constexpr uint32_t kAwaited = 2;

  Parking* parking_;
  std::atomic<uint32_t> word_{kFree};
};

}  // namespace kvstash
