#include "net/file.h"

#include "unit/net/temp_dir.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace kvstash;
using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

std::string content_of(const std::string& path) {
  const Result<std::string> content = read_file(path, 1 << 20);
  REQUIRE(content.ok());
  return *content;
}

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

size_t count_files(const std::string& dir) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("a file reads as it was written, whatever bytes it has") {
  const TempDir dir;
  std::string content = "line\n";
  content += '\0';
  content += std::string(200'000, 'x');
  REQUIRE(write_file_atomically(dir.file("f"), content).ok());
  CHECK(content_of(dir.file("f")) == content);
  REQUIRE(write_file_atomically(dir.file("f"), "").ok());
  CHECK(content_of(dir.file("f")).empty());
}

TEST_CASE("a file larger than the bound is refused, one of just that size is not") {
  const TempDir dir;
  REQUIRE(write_file_atomically(dir.file("f"), "0123456789").ok());
  CHECK(read_file(dir.file("f"), 10).ok());
  CHECK(read_file(dir.file("f"), 9).error().message() ==
        "read " + dir.file("f") + ": larger than 9 bytes");
}

TEST_CASE("what cannot be read is refused with its name and the reason") {
  const TempDir dir;
  CHECK(read_file(dir.file("no"), 10).error().message() ==
        "open " + dir.file("no") + ": No such file or directory");
  CHECK(read_file(dir.path(), 10).error().message() == "read " + dir.path() + ": Is a directory");
}

TEST_CASE("replacing a file leaves nothing else behind and keeps its permissions") {
  const TempDir dir;
  REQUIRE(write_file_atomically(dir.file("f"), "old", 0600).ok());
  CHECK(mode_of(dir.file("f")) == 0600);
  REQUIRE(chmod(dir.file("f").c_str(), 0640) == 0);
  REQUIRE(write_file_atomically(dir.file("f"), "new", 0644).ok());
  CHECK(content_of(dir.file("f")) == "new");
  CHECK(mode_of(dir.file("f")) == 0640);
  CHECK(count_files(dir.path()) == 1);
}

TEST_CASE("a reader of the old file keeps the old content") {
  const TempDir dir;
  REQUIRE(write_file_atomically(dir.file("f"), "old").ok());
  REQUIRE(link(dir.file("f").c_str(), dir.file("reader").c_str()) == 0);
  REQUIRE(write_file_atomically(dir.file("f"), "new").ok());
  CHECK(content_of(dir.file("reader")) == "old");
}

TEST_CASE("a symbolic link stays, and what it points to is replaced") {
  const TempDir dir;
  REQUIRE(write_file_atomically(dir.file("target"), "old").ok());
  REQUIRE(symlink("target", dir.file("link").c_str()) == 0);
  REQUIRE(write_file_atomically(dir.file("link"), "new").ok());
  CHECK(std::filesystem::is_symlink(dir.file("link")));
  CHECK(content_of(dir.file("target")) == "new");
}

TEST_CASE("a failed replacement leaves the old file and nothing else") {
  const TempDir dir;
  REQUIRE(mkdir(dir.file("d").c_str(), 0755) == 0);
  REQUIRE(write_file_atomically(dir.file("d") + "/inside", "x").ok());
  const Status failed = write_file_atomically(dir.file("d"), "new");  // A directory is in the way.
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message() == "rename " + dir.file("d") + ": Is a directory");
  CHECK(count_files(dir.path()) == 1);
  CHECK_FALSE(write_file_atomically(dir.file("no/f"), "new").ok());
}
