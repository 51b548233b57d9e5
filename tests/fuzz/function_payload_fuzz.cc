// Property: whatever bytes FUNCTION RESTORE is given, intact or not, the codes found in them have
// no more bytes than they may; and what was found comes out of a dump of the same libraries again.
//
// Input: two bytes, how much the codes may have together; then a payload, which is read as it is,
// and once more as what stands before a trailer that is made here, so that its checksum is right.
#include "base/crc64.h"
#include "base/ensure.h"
#include "scripting/function_payload.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::scripting;

constexpr char kRdbVersion = 11;

std::string sealed(std::string_view body) {
  std::string payload(body);
  payload += kRdbVersion;
  payload += '\0';
  const uint64_t sum = kvstash::crc64(0, payload);
  for (unsigned i = 0; i < 8; ++i)
    payload += static_cast<char>(sum >> (8 * i) & 0xff);
  return payload;
}

// Libraries with these codes, under names that keep their order.
Libraries libraries_of(const std::vector<std::string>& codes) {
  Libraries libraries;
  for (size_t i = 0; i < codes.size(); ++i) {
    auto library = std::make_unique<Library>();
    const std::string number = std::to_string(i);
    library->name = std::string(20 - number.size(), '0') + number;
    library->code = codes[i];
    ensure(libraries.add(std::move(library)).ok());
  }
  return libraries;
}

void check_header(std::string_view code) {
  const kvstash::Result<LibraryHeader> header = parse_library_header(code);
  if (!header.ok()) return;
  ensure(is_library_name(header->name));
  ensure(header->bytes < code.size() && code[header->bytes] == '\n');
}

void check(std::string_view payload, size_t bytes_max) {
  const kvstash::Result<std::vector<std::string>> codes = functions_in(payload, bytes_max);
  if (!codes.ok()) return;
  size_t total = 0;
  for (const std::string& code : *codes) {
    total += code.size();
    check_header(code);
  }
  ensure(total <= bytes_max);
  const auto again = functions_in(dump_functions(libraries_of(*codes), kRdbVersion), total);
  ensure(again.ok() && *again == *codes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t bytes_max = data[0] | size_t{data[1]} << 8;
  const std::vector<char> bytes(data + 2, data + size);  // Its own block, for the sanitizer.
  const std::string_view payload(bytes.data(), bytes.size());
  check(payload, bytes_max);
  check(sealed(payload), bytes_max);
  return 0;
}
