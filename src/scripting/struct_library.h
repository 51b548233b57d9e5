// The library `struct`: packs numbers and strings into bytes and back, by a format.
//
//   > <      big or little endian (native at first)     !n       alignment (8), 1 at first
//   b B      signed or unsigned byte                     h H      two bytes
//   l L T    eight bytes                                 i I n    n bytes, 4 if not said
//   f d      float, double                               x        a zero byte
//   s        text that ends with a zero byte             cn       n bytes of text; c0: as many as
//                                                                 the number before says
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

void push_struct_library(lua_State* L);

}  // namespace kvstash::scripting
