#include "base/lzf.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

std::string compressed(std::string_view input, size_t room) {
  std::string out(room, '\0');
  out.resize(lzf_compress(input, out));
  return out;
}

std::string decompressed(std::string_view input, size_t size) {
  std::string out(size, '\0');
  CHECK(lzf_decompress(input, out));
  return out;
}

bool is_refused(std::string_view input, size_t size) {
  std::string out(size, '\0');
  return !lzf_decompress(input, out);
}

// Text of a small alphabet with repeats near and far.
std::string sample(Random& random, size_t size) {
  std::string text;
  while (text.size() < size) {
    if (text.size() > 3 && random.one_in(4)) {
      const size_t from = random.below(text.size());
      text += std::string(text, from, random.below(400));
    } else {
      text += static_cast<char>('a' + random.below(20));
    }
  }
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("a run of one byte is that byte and copies of it") {
  CHECK(compressed("aaaaaaaaaa", 10) ==
        "\x00"
        "a\xe0\x00\x00"s);
  CHECK(compressed("aaaaa", 5) ==
        "\x00"
        "a\x40\x00"s);
}

TEST_CASE("what was compressed is what comes out, at every size") {
  Random random(9);
  for (size_t size = 0; size < 3000; size += 1 + size / 50) {
    CAPTURE(size);
    const std::string text = sample(random, size);
    const std::string packed = compressed(text, 2 * size + 8);
    CHECK(decompressed(packed, size) == text);
  }
  for (const size_t size : {size_t{8192}, size_t{8193}, size_t{70000}, size_t{1} << 20}) {
    CAPTURE(size);
    const std::string text = sample(random, size);
    const std::string packed = compressed(text, size);
    CHECK(packed.size() > 0);
    CHECK(packed.size() < size / 2);
    CHECK(decompressed(packed, size) == text);
  }
}

TEST_CASE("bytes that do not shrink into the room are refused") {
  Random random(1);
  std::string noise;
  for (int i = 0; i < 1000; ++i)
    noise += static_cast<char>(random.below(256));
  CHECK(compressed(noise, noise.size() - 8).empty());
  const std::string packed = compressed(noise, 2000);
  CHECK(decompressed(packed, noise.size()) == noise);
  CHECK(compressed(noise, packed.size()) == packed);
  CHECK(compressed(noise, packed.size() - 1).empty());
  CHECK(compressed("", 10).empty());
}

TEST_CASE("damaged input is refused and nothing outside is touched") {
  CHECK(
      is_refused("\x05"
                 "abc"sv,
                 6));  // Fewer bytes than announced.
  CHECK(
      is_refused("\x02"
                 "abc"sv,
                 2));  // More than there is room for.
  CHECK(
      is_refused("\x02"
                 "abc"sv,
                 4));  // Fewer than asked for.
  CHECK(
      is_refused("\x00"
                 "a\x20\x01"sv,
                 4));  // From before the start.
  CHECK(
      is_refused("\x00"
                 "a\x20"sv,
                 4));  // A copy cut short.
  CHECK(
      is_refused("\x00"
                 "a\xe0\x00"sv,
                 10));  // A long copy cut short.
  CHECK(
      is_refused("\x00"
                 "a\x40\x00"sv,
                 4));  // A copy beyond the end.
  CHECK(!is_refused("", 0));
}
