// Expiry: removes keys and fields of hashes whose deadline has passed, in turns by the timing
// wheels, or when a command comes upon them first.
//
// The hold alone judges whether a deadline has passed: none has while records are replayed. What is
// removed is recorded as a deletion in the hold's lane of the journal, and reported like a change
// by a command.
#pragma once

#include "engine/data/key_changes.h"
#include "engine/execution/hold.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::engine {

// Removes what is due of the key, whose entry is `entry`: the key itself, or a bounded number of
// fields of its hash. Returns the entry's new address; null: the key was removed.
store::Entry* expire_due(const Hold& hold, const HeldKey& key, store::Entry* entry);
// Removes one field of the key's hash if the field is due. Returns the entry's new address; null:
// the key was removed.
store::Entry* expire_field(const Hold& hold, const HeldKey& key, store::Entry* entry,
                           std::string_view field);

// Removes due keys and fields on the covered shards, with a bounded amount of work. True: there is
// more to do.
bool expire_turn(const Hold& hold);
// The time at which the shard's wheels need the next look, in ms since 1970; none: the shard has no
// deadlines.
std::optional<int64_t> next_deadline_ms(const ShardData& shard);

}  // namespace kvstash::engine
