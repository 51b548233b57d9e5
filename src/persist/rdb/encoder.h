// Encoder: appends the primitives of the RDB format to bytes in memory.
//
//   length   00xxxxxx                6 bits
//            01xxxxxx + 1 byte       14 bits, big-endian
//            0x80 + 4 bytes          32 bits, big-endian
//            0x81 + 8 bytes          64 bits, big-endian
//   string   length, then the bytes
//            0xc0, 0xc1, 0xc2        an integer of 1, 2 or 4 bytes, little-endian
//            0xc3                    length when compressed, length when not, LZF
//
// Who encodes is a shard in the middle of its work, so it does not compress: a string that is worth
// it is written as it is and noted in `Encoded::compressible`, and the thread that writes the file
// calls compress(). What Redis writes is the same but for the choices that LZF leaves to a
// compressor.
//
// Pure; any thread.
#pragma once

#include "persist/rdb/format.h"
#include "store/listpack.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist::rdb {

// Encoded bytes, and which strings in them may be compressed.
struct Encoded {
  struct Text {
    size_t at;    // The offset of the string's length in `bytes`.
    size_t size;  // The bytes of the string, which follow its length.
  };
  std::string bytes;
  std::vector<Text> compressible;  // In the order of the offsets.
};

// Strings of this size and less are never compressed.
inline constexpr size_t kPlainBytesMax = 20;

// Returns the bytes with every compressible string compressed that becomes smaller by it.
std::string compress(Encoded&& encoded);

// The bytes that a length takes.
size_t length_bytes(uint64_t length);

class Encoder {
 public:
  explicit Encoder(Encoded& to) : to_(&to) {}

  void type(Type type) { byte(static_cast<uint8_t>(type)); }
  void opcode(Opcode opcode) { byte(static_cast<uint8_t>(opcode)); }
  void length(uint64_t length);
  // Writes a string; a short one that is the canonical text of a 32-bit integer as that integer.
  void string(std::string_view text);
  void string(store::PackedValue value);
  // Writes a string of which the caller appends the `size` bytes itself, by raw(). It will not be
  // compressed.
  void string_head(uint64_t size) { length(size); }
  // Writes a string that is compressed already; `raw_bytes` is its size when it is not.
  void compressed_string(std::string_view lzf, size_t raw_bytes);
  void raw(std::string_view bytes) { to_->bytes += bytes; }
  void binary_double(double value);
  void millis(int64_t time_ms);        // Eight bytes, little-endian.
  void stream_id(store::StreamId id);  // Sixteen bytes, big-endian, so that ids sort as bytes.
  void byte(uint8_t value) { to_->bytes += static_cast<char>(value); }

  size_t size() const { return to_->bytes.size(); }  // Of all that was encoded there.

 private:
  bool integer(int64_t value);

  Encoded* to_;
};

}  // namespace kvstash::persist::rdb
