// What the list commands that work at one end or the other have in common: the words for the ends,
// and how a change of some elements at one is told.
#pragma once

#include "engine/execution/key.h"
#include "engine/options.h"
#include "store/list.h"

#include <string_view>

namespace kvstash::commands {

// LEFT or RIGHT, in any case.
Result<store::ListEnd> parse_list_end(std::string_view word);

inline void tell_pushed(engine::Key& key, store::ListEnd end, uint64_t count) {
  key.changed(engine::notify::kList, end == store::ListEnd::kHead ? "lpush" : "rpush", count);
}

// The list may have gone with its last element.
inline void tell_popped(engine::Key& key, store::ListEnd end, uint64_t count) {
  key.changed(engine::notify::kList, end == store::ListEnd::kHead ? "lpop" : "rpop", count);
  if (!key.exists()) key.also(engine::notify::kGeneric, "del");
}

}  // namespace kvstash::commands
