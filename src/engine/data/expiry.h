// Expiry: keys and fields of hashes whose deadline has passed go, in turns by the timing wheels, or
// when a command comes upon them first.
//
// Whether a deadline has passed is judged by the hold alone: none has while records are replayed.
// What goes is recorded as a deletion in the hold's lane of the journal, and told to everybody.
#pragma once

#include "engine/data/key_changes.h"
#include "engine/execution/hold.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::engine {

// Removes what is due of the key, whose entry that is: the key itself, or fields of its hash, a
// bounded number. Returns the entry's new address; null: the key is gone.
store::Entry* expire_due(const Hold& hold, const HeldKey& key, store::Entry* entry);
// The same for one field of a hash, if it is due.
store::Entry* expire_field(const Hold& hold, const HeldKey& key, store::Entry* entry,
                           std::string_view field);

// Removes what is due on the covered shards, a bounded amount of work. True: there is more to do.
bool expire_turn(const Hold& hold);
// When the shard's wheels must be looked at next, in ms since 1970; none: it has no deadlines.
std::optional<int64_t> next_deadline_ms(const ShardData& shard);

}  // namespace kvstash::engine
