// Databases as a whole: what FLUSHDB, FLUSHALL and SWAPDB do to the data of the covered shards, and
// to the clients that watch its keys or wait for them.
#pragma once

#include "engine/execution/hold.h"

namespace kvstash::engine {

enum class FlushMode : uint8_t { kSync, kAsync };

// Empties the database. A small one is freed on the spot if the mode is kSync; all others are freed
// by the reaper.
void flush_db(const Hold& hold, DbIndex db, FlushMode mode);

// Exchanges two databases. The hold covers all shards.
void swap_db(const Hold& hold, DbIndex a, DbIndex b);

}  // namespace kvstash::engine
