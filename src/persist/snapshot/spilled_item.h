// SpilledItem: an item of a lane as bytes in a scratch file, which only this process reads.
//
//   Head, then the bytes of the chunk, then where the strings are in it that may be compressed.
//
// Pure; any thread.
#pragma once

#include "persist/snapshot/chunk_lane.h"

#include <optional>
#include <string>
#include <string_view>

namespace kvstash::persist {

// Appends an item.
void spill_item(const ChunkLane::Item& item, std::string& to);

// Takes the first item off the bytes, which begin with one. Returns nothing, and takes nothing, if
// the item is not whole. The bytes are trusted.
std::optional<ChunkLane::Item> unspill_item(std::string_view& from);

}  // namespace kvstash::persist
