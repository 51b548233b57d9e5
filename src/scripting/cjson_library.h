// The library `cjson`: Lua values as JSON and back, as lua-cjson 2.1 does it in Redis.
//
// What a script chooses (cjson.encode_max_depth and its like) holds for later scripts as well
// (scripting/shared_cjson_options.h). Depth is bounded by the options and by Lua's stack, memory by
// the heap's ceiling.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

enum class InvalidNumbers : int { kRefuse, kAllow, kAsNull };

struct CjsonOptions {
  bool sparse_converts = false;  // encode_sparse_array: a sparse array becomes an object ...
  int sparse_ratio = 2;          // ... when its last index is more than so many times its count ...
  int sparse_safe = 10;          // ... and more than this.
  int encode_max_depth = 1000;
  InvalidNumbers encode_invalid_numbers = InvalidNumbers::kRefuse;
  int encode_precision = 14;
  bool keeps_buffer = true;  // Accepted, and of no effect.
  int decode_max_depth = 1000;
  InvalidNumbers decode_invalid_numbers = InvalidNumbers::kAllow;

  bool operator==(const CjsonOptions&) const = default;
};

// Pushes the library. Its options live in the Lua heap; the Vm takes them from all shards' before a
// script. The pointer lives as long as the library.
CjsonOptions* push_cjson_library(lua_State* L);

// Pushes the JSON text of the value at index 1.
void push_json(lua_State* L, const CjsonOptions& options);

// Pushes the value of a JSON text, which stays on the stack meanwhile.
void push_json_value(lua_State* L, const CjsonOptions& options, std::string_view json);

}  // namespace kvstash::scripting
