// Clock: the two times the server knows. Pure code takes an Instant as an argument; a node reads
// the Clock that it was given, and only what lies outside of nodes (sockets, logs) reads the
// system's.
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

// The times as a port of a node: the system's, or those of a simulation. Any thread that belongs to
// the node.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch. May jump, as the machine's time does.
  virtual int64_t wall_now_us() const = 0;
  // Nanoseconds from an unspecified start. Never goes back.
  virtual int64_t monotonic_ns() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t wall_now_us() const override { return kvstash::wall_now_us(); }
  int64_t monotonic_ns() const override { return kvstash::monotonic_ns(); }
};

// So many milliseconds (not negative) after a time in nanoseconds; the end of time if that is
// later than can be told.
int64_t after_ms(int64_t from_ns, int64_t ms);

// A cycle counter for the duration of single commands, where a vDSO call would be felt:
// about 8 ns. `cycles_to_ns` uses a rate measured once at start.
uint64_t cycles();
int64_t cycles_to_ns(uint64_t cycles);

}  // namespace kvstash
