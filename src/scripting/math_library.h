// math.random and math.randomseed: the 48-bit generator that Redis gives to scripts, so that a seed
// gives the same numbers on every machine.
#pragma once

#include "scripting/lua.h"

#include <cstdint>

namespace kvstash::scripting {

class ScriptRandom {
 public:
  void seed(int32_t value);
  int32_t next();  // Between 0 and 2^31 - 1.

 private:
  uint64_t state_ = 0x1234abcd330e;
};

// Sets these functions as fields of the library's table on top of the stack, which stays there.
// `random` must outlive the state.
void add_math_library(lua_State* L, ScriptRandom& random);

}  // namespace kvstash::scripting
