// CRC64 of the Redis formats: polynomial 0xad93d23594c935a9, reflected, with start and end value 0.
// RDB files and the payloads of DUMP end with it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvstash {

// Continues from `crc`, the checksum of the bytes before.
uint64_t crc64(uint64_t crc, std::string_view bytes);

}  // namespace kvstash
