// Fiber: a function with a stack of its own, which can stop anywhere and go on there later, in the
// one thread of a simulation.
//
// Sanitizers are told of each change of stacks. The function must return before the Fiber is
// destroyed: what stands on its stack would be lost otherwise.
#pragma once

#include "base/ensure.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace kvstash::test {

class Fiber {
 public:
  explicit Fiber(std::function<void()> body) : body_(std::move(body)) {
    // Unused pages cost nothing; the lowest page ends the program when the stack overflows.
    stack_ = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ensure(stack_ != MAP_FAILED && mprotect(stack_, kGuardBytes, PROT_NONE) == 0);
    ensure(getcontext(&own_) == 0);
    own_.uc_stack.ss_sp = stack_;
    own_.uc_stack.ss_size = kStackBytes;
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::begin), 2,
                static_cast<uint32_t>(self >> 32), static_cast<uint32_t>(self));
#ifdef __SANITIZE_THREAD__
    thread_ = __tsan_create_fiber(0);
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber() {
    ensure(is_over_);
#ifdef __SANITIZE_THREAD__
    __tsan_destroy_fiber(thread_);
#endif
    munmap(stack_, kStackBytes);
  }

  bool is_over() const {
    return is_over_;
  }

  // Called from outside the function: goes on with it until it pauses or returns.
  void resume() {
    ensure(!is_over_ && !is_running_);
    is_running_ = true;
#ifdef __SANITIZE_THREAD__
    outside_thread_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(thread_, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, stack_, kStackBytes);
#endif
    swapcontext(&outside_, &own_);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    is_running_ = false;
  }

  // Called from inside the function: returns when it is resumed.
  void pause() {
    ensure(is_running_);
#ifdef __SANITIZE_ADDRESS__
    void* fake_stack = nullptr;
    leave(&fake_stack);
    arrive(fake_stack);
#else
    leave(nullptr);
#endif
  }

 private:
  // Lua needs much stack, and more with sanitizers.
  static constexpr size_t kStackBytes = size_t{64} << 20;
  static constexpr size_t kGuardBytes = 4096;

  static void begin(uint32_t high, uint32_t low) {
    auto& fiber = *reinterpret_cast<Fiber*>((uintptr_t{high} << 32) | low);
    fiber.arrive(nullptr);
    fiber.body_();
    fiber.is_over_ = true;
    fiber.leave(nullptr);
  }

  void arrive([[maybe_unused]] void* fake_stack) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake_stack, &outside_stack_, &outside_bytes_);
#endif
  }

  void leave([[maybe_unused]] void** fake_stack) {
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(outside_thread_, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(fake_stack, outside_stack_, outside_bytes_);
#endif
    swapcontext(&own_, &outside_);
  }

  std::function<void()> body_;
  void* stack_ = nullptr;
  ucontext_t own_;
  ucontext_t outside_;
  bool is_over_ = false;
  bool is_running_ = false;
#ifdef __SANITIZE_ADDRESS__
  const void* outside_stack_ = nullptr;
  size_t outside_bytes_ = 0;
#endif
#ifdef __SANITIZE_THREAD__
  void* thread_ = nullptr;
  void* outside_thread_ = nullptr;
#endif
};

}  // namespace kvstash::test
