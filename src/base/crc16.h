// Crc16: the checksum (CRC-16/XMODEM) that maps a key to one of the 16384 slots of a cluster, and
// here also to a shard. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvstash {

enum class Slot : uint16_t {};  // 0 .. kSlotCount - 1

constexpr uint16_t to_index(Slot slot) {
  return static_cast<uint16_t>(slot);
}

uint16_t crc16(std::string_view bytes);

// Returns the slot of the key. If the key has a non-empty {tag}, the text between its first '{' and
// the next '}', the slot is that of the tag: keys with the same {tag} share a slot.
Slot key_slot(std::string_view key);

}  // namespace kvstash
