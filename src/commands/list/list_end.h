// What the list commands that work at one end share: the words for the ends, and how a change of
// elements at one end is reported.
#pragma once

#include "engine/execution/key.h"
#include "engine/options.h"
#include "store/list.h"

#include <string_view>

namespace kvstash::commands {

// Parses LEFT or RIGHT, in any case.
Result<store::ListEnd> parse_list_end(std::string_view word);

inline void tell_pushed(engine::Key& key, store::ListEnd end, uint64_t count) {
  key.changed(engine::notify::kList, end == store::ListEnd::kHead ? "lpush" : "rpush", count);
}

// Reports popped elements, and also the removal of the key if the list is gone with its last
// element.
inline void tell_popped(engine::Key& key, store::ListEnd end, uint64_t count) {
  key.changed(engine::notify::kList, end == store::ListEnd::kHead ? "lpop" : "rpop", count);
  if (!key.exists()) key.also(engine::notify::kGeneric, "del");
}

}  // namespace kvstash::commands
