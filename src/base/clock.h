// Clock: the two times that the server knows. Pure code takes an Instant as an argument. A node
// reads the Clock that it was given; only code outside of nodes (sockets, logs) reads the system's
// clocks.
//
// Instant is the wall clock in milliseconds since 1970, which deadlines and TIME use. Durations are
// measured by a monotonic count of nanoseconds.
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

// The wall clock in milliseconds and in microseconds. Any thread.
Instant wall_now();
int64_t wall_now_us();

// Returns monotonic nanoseconds from an unspecified start. Any thread; one vDSO call.
int64_t monotonic_ns();

// A node's port for the times of the system, or of a simulation. Any thread that belongs to the
// node.
class Clock {
 public:
  virtual ~Clock() = default;
  // Returns microseconds since the Unix epoch. May jump, as the machine's time does.
  virtual int64_t wall_now_us() const = 0;
  // Returns nanoseconds from an unspecified start. Never goes back.
  virtual int64_t monotonic_ns() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t wall_now_us() const override { return kvstash::wall_now_us(); }
  int64_t monotonic_ns() const override { return kvstash::monotonic_ns(); }
};

// Returns the time `ms` milliseconds (not negative) after a time in nanoseconds; the largest
// int64_t if the result would be larger.
int64_t after_ms(int64_t from_ns, int64_t ms);

// A cycle counter for the duration of single commands, where a vDSO call would cost too much. It
// takes about 8 ns. `cycles_to_ns` uses a rate that its first call measures.
uint64_t cycles();
int64_t cycles_to_ns(uint64_t cycles);

}  // namespace kvstash
