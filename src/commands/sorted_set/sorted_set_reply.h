// What many sorted set commands do with elements: write them into a reply, or store them at a key.
#pragma once

#include "engine/execution/key.h"
#include "resp/reply_writer.h"
#include "store/sorted_set.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// An array of elements, and then so many elements. With scores they are pairs in RESP3, and members
// and scores in turn in RESP2.
void reply_element_count(resp::ReplyWriter& to, size_t count, bool with_scores);
void reply_element(resp::ReplyWriter& to, std::string_view member, double score, bool with_scores);

// An array of the elements at these ranks, which must be within the set.
void reply_ranks(resp::ReplyWriter& to, const store::SortedSet& set, const store::RankRange& ranks,
                 bool is_reverse, bool with_scores);

// Puts a set in the place of whatever is at the key, or removes the key if the set is empty, and
// reports it; `event` is a literal. The set is empty afterwards.
void store_sorted_set(engine::Key& key, store::SortedSet& set, std::string_view event,
                      uint64_t elements = 1);

}  // namespace kvstash::commands
