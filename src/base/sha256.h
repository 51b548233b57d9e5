// SHA-256 (FIPS 180-4), by OpenSSL. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace kvstash {

inline constexpr size_t kSha256HexChars = 64;

// Returns the hash in 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

// Compares in constant time if the texts have the same length.
bool equals_in_constant_time(std::string_view a, std::string_view b);

}  // namespace kvstash
