// ensure: assertions that stay on in release builds.
//
// `ensure` checks what must be true if our own code is right; no input from outside may make it
// fail. `ensure_slow` costs more than O(1) and runs only where KVSTASH_SLOW_CHECKS is defined
// (tests, sanitizers). Any thread may call both.
#pragma once

namespace kvstash {

#ifdef KVSTASH_SLOW_CHECKS
inline constexpr bool kHasSlowChecks = true;
#else
inline constexpr bool kHasSlowChecks = false;
#endif

// Reports the place on stderr and aborts.
[[noreturn]] void panic(const char* file, int line, const char* why = "invariant broken");

inline void ensure(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!holds) [[unlikely]]
    panic(file, line);
}

template <typename Check>
void ensure_slow([[maybe_unused]] Check&& check,
                 [[maybe_unused]] const char* file = __builtin_FILE(),
                 [[maybe_unused]] int line = __builtin_LINE()) {
  if constexpr (kHasSlowChecks) {
    if (!check()) panic(file, line);
  }
}

}  // namespace kvstash
