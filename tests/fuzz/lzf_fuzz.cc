// Property: whatever is compressed comes out again, and decompressing anything stays within its
// bytes.
//
// Input: two bytes of output size for the decompressor, then bytes to be compressed, and to be
// decompressed as they are.
#include "base/ensure.h"
#include "base/lzf.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace kvstash;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t claimed = data[0] | size_t{data[1]} << 8;
  const std::vector<char> bytes(data + 2, data + size);  // Its own block, for the sanitizer.
  const std::string_view input(bytes.data(), bytes.size());

  std::vector<char> out(claimed);
  lzf_decompress(input, out);

  std::vector<char> packed(input.size() + input.size() / 32 + 1);
  const size_t packed_size = lzf_compress(input, packed);
  ensure((packed_size == 0) == input.empty());
  packed.resize(packed_size);
  packed.shrink_to_fit();
  std::vector<char> again(input.size());
  ensure(lzf_decompress({packed.data(), packed.size()}, again));
  ensure(again == bytes);

  // With too little room nothing is written beyond it, and nothing is claimed.
  if (packed_size > 0) {
    std::vector<char> tight(packed_size - 1);
    ensure(lzf_compress(input, tight) == 0);
  }
  return 0;
}
