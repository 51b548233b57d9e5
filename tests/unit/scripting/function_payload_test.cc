#include "scripting/function_payload.h"

#include "base/crc64.h"

#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace kvstash::scripting;
using namespace std::string_literals;

namespace {

// The payload with these bytes before its trailer.
std::string sealed(std::string body) {
  body += "\x0b\0"s;
  const uint64_t sum = kvstash::crc64(0, body);
  for (unsigned i = 0; i < 8; ++i)
    body += static_cast<char>(sum >> (8 * i) & 0xff);
  return body;
}

std::string big_endian(uint64_t value) {
  std::string bytes;
  for (unsigned shift = 32; shift > 0; shift -= 8)
    bytes += static_cast<char>(value >> (shift - 8) & 0xff);
  return bytes;
}

// One library, as strings are packed: a dash, and `copies` times 264 dashes in three bytes.
std::string packed_dashes(size_t copies, uint64_t promised) {
  std::string bytes = "\0-"s;
  for (size_t i = 0; i < copies; ++i)
    bytes += "\xe0\xff\0"s;
  return "\xf5\xc3\x80" + big_endian(bytes.size()) + "\x80" + big_endian(promised) + bytes;
}

Libraries libraries_with(std::vector<std::pair<std::string, std::string>> codes) {
  Libraries libraries;
  for (auto& [name, code] : codes) {
    auto library = std::make_unique<Library>();
    library->name = std::move(name);
    library->code = std::move(code);
    REQUIRE(libraries.add(std::move(library)).ok());
  }
  return libraries;
}

std::string error_of(std::string_view payload, size_t bytes_max) {
  const auto codes = functions_in(payload, bytes_max);
  return codes.ok() ? "" : std::string(codes.error().message());
}

// The most that this process has had in memory since forget_peak().
size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  FAIL("no VmHWM in /proc/self/status");
  return 0;
}

void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

constexpr std::string_view kTooLarge = "ERR failed loading the given functions payload";

}  // namespace

TEST_CASE("a dump of libraries has their codes, whatever their length") {
  const std::string large(70'000, 'x');
  const auto codes = functions_in(dump_functions(
      libraries_with({{"a", "short"}, {"b", std::string(100, 'y')}, {"c", large}}), 11));
  REQUIRE(codes.ok());
  CHECK(*codes == std::vector<std::string>{"short", std::string(100, 'y'), large});
}

TEST_CASE("a packed code comes out as it was") {
  const auto codes = functions_in(sealed(packed_dashes(4, 1 + 4 * 264)));
  REQUIRE(codes.ok());
  CHECK(*codes == std::vector<std::string>{std::string(1 + 4 * 264, '-')});
}

TEST_CASE("codes that together are larger than they may be are refused") {
  const std::string two = sealed(packed_dashes(4, 1057) + packed_dashes(4, 1057));
  CHECK(functions_in(two, 2 * 1057).ok());
  CHECK(error_of(two, 2 * 1057 - 1) == kTooLarge);
  const std::string plain = sealed(
      "\xf5\x03"
      "abc"
      "\xf5\x02"
      "de");
  CHECK(functions_in(plain, 5).ok());
  CHECK(error_of(plain, 4) == kTooLarge);
}

TEST_CASE("a packed code that promises more than its bytes can become gets no memory") {
  const std::string payload = sealed(packed_dashes(1, 512u << 20));
  forget_peak();
  const size_t before = peak_bytes();
  CHECK(error_of(payload, kvstash::kBulkBytesMax) == kTooLarge);
  CHECK(peak_bytes() - before < size_t{64} << 20);
}
