// ScoredMember: one element of a large sorted set, in one allocation.
//
// The tree orders elements by (score, member) and the index finds them by member; both hold
// pointers to them. The address of an element stays the same until it is destroyed, even when its
// score changes. The SortedSet owns its elements.
#pragma once

#include "base/alloc.h"
#include "base/ensure.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>

namespace kvstash::store {

struct ScoredMember {
  double score;  // Never NaN.
  uint32_t size;
  char data[];

  std::string_view member() const { return {data, size}; }

  static size_t bytes_for(size_t size) { return offsetof(ScoredMember, data) + size; }
  static ScoredMember* make(std::string_view member, double score) {
    ensure(member.size() <= std::numeric_limits<uint32_t>::max());
    auto* made = new (allocate(bytes_for(member.size()))) ScoredMember;
    made->score = score;
    made->size = static_cast<uint32_t>(member.size());
    std::memcpy(made->data, member.data(), member.size());
    return made;
  }
  static void destroy(ScoredMember* element) { deallocate(element, bytes_for(element->size)); }
};

}  // namespace kvstash::store
