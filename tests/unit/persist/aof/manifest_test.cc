#include "persist/aof/manifest.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist;

namespace {

std::string error_of(std::string_view text) {
  const Result<Manifest> manifest = parse_manifest(text);
  REQUIRE_FALSE(manifest.ok());
  return std::string(manifest.error().message());
}

}  // namespace

TEST_CASE("a manifest is read as it was printed, as Redis prints it") {
  Manifest manifest;
  manifest.base = ManifestFile{.name = "appendonly.aof.2.base.rdb", .seq = 2};
  manifest.history = {{.name = "appendonly.aof.1.incr.aof", .seq = 1}};
  manifest.increments = {{.name = "appendonly.aof.4.incr.aof", .seq = 4},
                         {.name = "appendonly.aof.5.incr.aof", .seq = 5}};
  const std::string text = print_manifest(manifest);
  CHECK(text ==
        "file appendonly.aof.2.base.rdb seq 2 type b\n"
        "file appendonly.aof.1.incr.aof seq 1 type h\n"
        "file appendonly.aof.4.incr.aof seq 4 type i\n"
        "file appendonly.aof.5.incr.aof seq 5 type i\n");
  CHECK(*parse_manifest(text) == manifest);
}

TEST_CASE("names with blanks, quotes and other bytes are quoted") {
  for (const std::string_view name :
       {"a b", "a\"b", "a'b", "tab\t", "\xc3\xa4.aof", "new\nline", "plain-name_1.aof"}) {
    CAPTURE(name);
    Manifest manifest;
    manifest.increments = {{.name = std::string(name), .seq = 1}};
    CHECK(*parse_manifest(print_manifest(manifest)) == manifest);
  }
  CHECK(print_manifest_line({.name = "a b", .seq = 1}, 'i') == "file \"a b\" seq 1 type i\n");
}

TEST_CASE("how much of an increment is a part of the log stands in a key of ours") {
  Manifest manifest;
  manifest.increments = {{.name = "a", .seq = 1, .bytes = 0},
                         {.name = "b", .seq = 2, .bytes = UINT64_MAX},
                         {.name = "c", .seq = 3}};
  const std::string text = print_manifest(manifest);
  CHECK(text ==
        "file a seq 1 type i bytes 0\n"
        "file b seq 2 type i bytes 18446744073709551615\n"
        "file c seq 3 type i\n");
  CHECK(*parse_manifest(text) == manifest);
  for (const std::string wrong : {"x", "-1", "1x", "18446744073709551616", "\"\""})
    CHECK_FALSE(parse_manifest("file a seq 1 type i bytes " + wrong + "\n").ok());
  // A base counts as a whole.
  CHECK_FALSE(parse_manifest("file a seq 1 type b bytes 5\n")->base->bytes.has_value());
}

TEST_CASE("an empty manifest is a comment, which Redis takes for a manifest without files") {
  CHECK(print_manifest({}) == "# no files yet\n");
  CHECK(*parse_manifest(print_manifest({})) == Manifest{});
}

TEST_CASE("comments and unknown keys are passed over, and keys may come in any order and case") {
  const Result<Manifest> manifest = parse_manifest(
      "# comment\n"
      "TYPE i new thing Seq 3 file x\r\n");
  REQUIRE(manifest.ok());
  CHECK(manifest->increments == std::vector<ManifestFile>{{.name = "x", .seq = 3}});
}

TEST_CASE("what is wrong with a manifest is said in Redis's words") {
  CHECK(error_of("") == "Found an empty AOF manifest");
  const std::string at_1 = "Reading the manifest file, at line 1: >>> '";
  CHECK(error_of("file x seq 1\n") == at_1 + "file x seq 1': Invalid AOF manifest file format");
  CHECK(error_of("\n") == at_1 + "': Invalid AOF manifest file format");
  CHECK(error_of("file x seq 1 type i more\n") ==
        at_1 + "file x seq 1 type i more': Invalid AOF manifest file format");
  CHECK(error_of("file \"x seq 1 type i\n") ==
        at_1 + "file \"x seq 1 type i': Invalid AOF manifest file format");
  CHECK(error_of("file x seq 0 type i\n") ==
        at_1 + "file x seq 0 type i': Invalid AOF manifest file format");
  CHECK(error_of("file x seq 1 type q\n") == at_1 + "file x seq 1 type q': Unknown AOF file type");
  for (const std::string name : {"a/b", "..", "a\\\\b"})
    CHECK(error_of("file \"" + name + "\" seq 1 type i\n") ==
          at_1 + "file \"" + name + "\" seq 1 type i': File can't be a path, just a filename");
  CHECK(error_of("file x seq 1 type i") ==
        at_1 + "file x seq 1 type i': The AOF manifest file contains too long line");
  CHECK(error_of("file " + std::string(1100, 'x') + " seq 1 type i\n")
            .ends_with("The AOF manifest file contains too long line"));
  CHECK(
      error_of("file a seq 1 type b\nfile b seq 2 type b\n") ==
      "Reading the manifest file, at line 2: >>> 'file b seq 2 type b': Found duplicate base file "
      "information");
  CHECK(error_of("file a seq 2 type i\nfile b seq 2 type i\n") ==
        "Reading the manifest file, at line 2: >>> 'file b seq 2 type i': Found a non-monotonic "
        "sequence number");
}

TEST_CASE("a manifest with one flipped bit is refused, or names other files; it never crashes") {
  const std::string text =
      "file appendonly.aof.2.base.rdb seq 2 type b\nfile \"a b\" seq 4 type i\n";
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Result<Manifest> manifest = parse_manifest(flipped);
    if (manifest.ok()) CHECK(*parse_manifest(print_manifest(*manifest)) == *manifest);
  }
}
