// The library `cjson`: Lua values as JSON and back, as lua-cjson 2.1 does it in Redis.
//
// An option that a script sets (cjson.encode_max_depth and its like) holds for later scripts as
// well (scripting/shared_cjson_options.h). Depth is bounded by the options and by Lua's stack,
// memory by the ceiling of the heap.
#pragma once

#include "scripting/lua.h"

namespace kvstash::scripting {

enum class InvalidNumbers : int { kRefuse, kAllow, kAsNull };

struct CjsonOptions {
  bool sparse_converts = false;  // encode_sparse_array: a sparse array becomes an object.
  int sparse_ratio = 2;          // Bound on last index / count of an array; 0: no array is sparse.
  int sparse_safe = 10;          // An array whose last index is not above this is never sparse.
  int encode_max_depth = 1000;
  InvalidNumbers encode_invalid_numbers = InvalidNumbers::kRefuse;
  int encode_precision = 14;
  bool keeps_buffer = true;  // Accepted, and has no effect.
  int decode_max_depth = 1000;
  InvalidNumbers decode_invalid_numbers = InvalidNumbers::kAllow;

  bool operator==(const CjsonOptions&) const = default;
};

// Pushes the library. Its options are in the Lua heap, and the pointer is valid as long as the
// library. Before each script the Vm copies into them the options that all shards share.
CjsonOptions* push_cjson_library(lua_State* L);

// Pushes the JSON text of the value at stack index 1.
void push_json(lua_State* L, const CjsonOptions& options);

// Pushes the value of a JSON text. The text must stay on the stack until this returns.
void push_json_value(lua_State* L, const CjsonOptions& options, std::string_view json);

}  // namespace kvstash::scripting
