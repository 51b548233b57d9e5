// CRC64 of the Redis formats: polynomial 0xad93d23594c935a9, reflected, start and end at 0. What
// RDB files and the payloads of DUMP end with. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvstash {

// Goes on from `crc`, the checksum of what came before.
uint64_t crc64(uint64_t crc, std::string_view bytes);

}  // namespace kvstash
