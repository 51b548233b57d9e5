// Functions that write elements of sorted sets into a reply, or store them at a key.
#pragma once

#include "engine/execution/key.h"
#include "resp/reply_writer.h"
#include "store/sorted_set.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// Begin an array of `count` elements, and write one of them. With scores, an element is a pair in
// RESP3; in RESP2 members and scores alternate.
void reply_element_count(resp::ReplyWriter& to, size_t count, bool with_scores);
void reply_element(resp::ReplyWriter& to, std::string_view member, double score, bool with_scores);

// Writes an array of the elements at these ranks, which must be within the set.
void reply_ranks(resp::ReplyWriter& to, const store::SortedSet& set, const store::RankRange& ranks,
                 bool is_reverse, bool with_scores);

// Stores a set at the key in place of any old value, or removes the key if the set is empty.
// Reports the change with `event`, a literal. The set is empty afterwards.
void store_sorted_set(engine::Key& key, store::SortedSet& set, std::string_view event,
                      uint64_t elements = 1);

}  // namespace kvstash::commands
