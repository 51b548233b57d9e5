// Reads one value of any type and encoding that Redis or Valkey ever wrote, from bytes that may be
// anything, and gives it the form that it would have here: old encodings are converted, and the
// limits of the present options decide between packed forms and tables, as in Redis.
//
// The bytes are checked so far that the value is safe to use, whatever they are: packs, intsets and
// blocks entry by entry, ids and scores in order, counters against what they count, deadlines
// within their range, pending entries against their consumers. What is refused leaves nothing.
//
// Pure; any thread. The whole value is built by one call: O(n).
#pragma once

#include "base/result.h"
#include "persist/rdb/format.h"
#include "persist/rdb/value.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/set.h"
#include "store/sorted_set.h"

#include <cstdint>
#include <string_view>

namespace kvstash::persist::rdb {

struct ReadOptions {
  store::HashOptions hash;
  store::SetOptions set;
  store::SortedSetOptions sorted_set;
  store::ListLimits list;
  // Also look for elements that occur twice in packed values, which costs more than to read them.
  // Elsewhere they are always found.
  bool finds_repeats = true;
};

// The latest deadline of a field in milliseconds, as in Redis.
inline constexpr uint64_t kFieldDeadlineMax = (uint64_t{1} << 48) - 2;

// Reads a value at the beginning of `bytes`, without its type. What stands behind it is ignored, as
// in Redis. The value may be empty (Value::is_empty). An Error is a sentence for the log that says
// at which byte of the value what was wrong.
Result<Value> read_value(Type type, Dialect dialect, std::string_view bytes,
                         const ReadOptions& options);

}  // namespace kvstash::persist::rdb
