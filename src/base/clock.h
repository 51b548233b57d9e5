// Clock: the two times the server knows. Pure code takes an Instant as an argument; only shells
// and the shard's turn read a Clock.
//
// Instant is wall-clock milliseconds since 1970 (what deadlines and TIME are made of). Ticks is a
// monotonic nanosecond count for durations.
#pragma once

#include <chrono>
#include <cstdint>

namespace kvstash {

// Milliseconds since the Unix epoch.
enum class Instant : int64_t {};

constexpr int64_t to_ms(Instant instant) {
  return static_cast<int64_t>(instant);
}
constexpr Instant from_ms(int64_t ms) {
  return static_cast<Instant>(ms);
}
constexpr Instant operator+(Instant at, std::chrono::milliseconds by) {
  return from_ms(to_ms(at) + by.count());
}

// Wall clock in milliseconds and in microseconds. Any thread.
Instant wall_now();
int64_t wall_now_us();

// Monotonic nanoseconds from an unspecified start. Any thread; one vDSO call.
int64_t monotonic_ns();

// So many milliseconds (not negative) after a time in nanoseconds; the end of time if that is
// later than can be told.
int64_t after_ms(int64_t from_ns, int64_t ms);

// A cycle counter for the duration of single commands, where a vDSO call would be felt:
// about 8 ns. `cycles_to_ns` uses a rate measured once at start.
uint64_t cycles();
int64_t cycles_to_ns(uint64_t cycles);

}  // namespace kvstash
