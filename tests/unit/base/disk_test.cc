#include "base/disk.h"

#include "unit/net/temp_dir.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

using namespace kvstash;
using kvstash::net::test::TempDir;

namespace {

std::unique_ptr<DiskFile> open(const std::string& path, Disk::Access access) {
  Result<std::unique_ptr<DiskFile>> file = SystemDisk().open(path, access);
  REQUIRE(file.ok());
  return *std::move(file);
}

std::string content_of(const std::string& path) {
  SystemDisk disk;
  const Result<std::string> content = read_whole(disk, path, 1 << 20);
  REQUIRE(content.ok());
  return *content;
}

}  // namespace

TEST_CASE("bytes that are written to a file are read again from any offset") {
  const TempDir dir;
  const auto file = open(dir.file("f"), Disk::Access::kCreate);
  REQUIRE(write_all(*file, std::string("ab\0cd", 5)).ok());
  REQUIRE(write_all(*file, "ef").ok());
  CHECK(file->sync().ok());
  char out[4] = {};
  CHECK(*file->read(3, out, sizeof(out)) == 4);
  CHECK(std::string(out, 4) == "cdef");
  CHECK(*file->read(6, out, sizeof(out)) == 1);
  CHECK(*file->read(7, out, sizeof(out)) == 0);
  CHECK(*file->size() == 7);
  CHECK(*file->write("") == 0);
  CHECK(file->close().ok());
}

TEST_CASE("a file that is opened for it can be written over, and does not grow") {
  const TempDir dir;
  REQUIRE(write_all(*open(dir.file("f"), Disk::Access::kCreate), "0123456789").ok());
  const auto file = open(dir.file("f"), Disk::Access::kOverwrite);
  CHECK(overwrite_all(*file, 3, "abc").ok());
  CHECK(*file->overwrite(9, "") == 0);
  CHECK(file->sync().ok());
  CHECK(content_of(dir.file("f")) == "012abc6789");
}

TEST_CASE("writes after a cut go on at the new end") {
  const TempDir dir;
  const auto file = open(dir.file("f"), Disk::Access::kCreate);
  REQUIRE(write_all(*file, "0123456789").ok());
  REQUIRE(file->truncate(4).ok());
  REQUIRE(write_all(*file, "x").ok());
  CHECK(content_of(dir.file("f")) == "0123x");
}

TEST_CASE("the ways to open a file differ in what they ask of it") {
  const TempDir dir;
  SystemDisk disk;
  const std::string path = dir.file("f");
  CHECK(disk.open(path, Disk::Access::kRead).error().message() ==
        "open " + path + ": No such file or directory");
  CHECK_FALSE(disk.open(path, Disk::Access::kAppend).ok());
  REQUIRE(write_all(*open(path, Disk::Access::kCreate), "one").ok());
  CHECK(disk.open(path, Disk::Access::kCreate).error().message() ==
        "open " + path + ": File exists");
  REQUIRE(write_all(*open(path, Disk::Access::kAppend), "two").ok());
  CHECK(content_of(path) == "onetwo");
  CHECK_FALSE(open(path, Disk::Access::kRead)->write("x").ok());
  REQUIRE(write_all(*open(path, Disk::Access::kReplace), "new").ok());
  CHECK(content_of(path) == "new");
}

TEST_CASE("a short write is finished, and a full device is an error that names the file") {
  const TempDir dir;
  SystemDisk disk;
  REQUIRE(symlink("/dev/full", dir.file("full").c_str()) == 0);
  const auto file = open(dir.file("full"), Disk::Access::kAppend);
  CHECK(file->write("x").error().message() ==
        "write " + dir.file("full") + ": No space left on device");
}

TEST_CASE("files are found, listed, linked, renamed and removed") {
  const TempDir dir;
  SystemDisk disk;
  CHECK_FALSE(disk.find(dir.file("f"))->has_value());
  REQUIRE(write_all(*open(dir.file("f"), Disk::Access::kCreate), "12345").ok());
  CHECK((*disk.find(dir.file("f")))->size == 5);
  CHECK_FALSE(disk.find(dir.file("f/inside"))->has_value());
  REQUIRE(disk.make_directory(dir.file("d")).ok());
  REQUIRE(disk.make_directory(dir.file("d")).ok());
  CHECK((*disk.find(dir.file("d")))->is_directory);
  CHECK(disk.make_directory(dir.file("f")).error().message() ==
        "make directory " + dir.file("f") + ": File exists");
  REQUIRE(disk.link(dir.file("f"), dir.file("a")).ok());
  CHECK_FALSE(disk.link(dir.file("f"), dir.file("a")).ok());
  CHECK(*disk.list(dir.path()) == std::vector<std::string>{"a", "d", "f"});
  REQUIRE(disk.rename(dir.file("f"), dir.file("d/g")).ok());
  CHECK(content_of(dir.file("d/g")) == "12345");
  CHECK_FALSE(disk.rename(dir.file("f"), dir.file("h")).ok());
  REQUIRE(disk.remove(dir.file("a")).ok());
  REQUIRE(disk.remove(dir.file("a")).ok());
  CHECK(*disk.list(dir.path()) == std::vector<std::string>{"d"});
  CHECK(disk.sync_directory(dir.path()).ok());
  CHECK_FALSE(disk.sync_directory(dir.file("no")).ok());
  CHECK_FALSE(disk.list(dir.file("no")).ok());
}

TEST_CASE("a file larger than the bound is not read") {
  const TempDir dir;
  SystemDisk disk;
  REQUIRE(write_all(*open(dir.file("f"), Disk::Access::kCreate), "0123456789").ok());
  CHECK(*read_whole(disk, dir.file("f"), 10) == "0123456789");
  CHECK(read_whole(disk, dir.file("f"), 9).error().message() ==
        "read " + dir.file("f") + ": larger than 9 bytes");
}

TEST_CASE("a file is replaced as a whole, and a replacement that fails leaves the old one") {
  const TempDir dir;
  SystemDisk disk;
  REQUIRE(replace_file(disk, dir.file("f"), dir.file("t"), "old").ok());
  REQUIRE(replace_file(disk, dir.file("f"), dir.file("t"), "new").ok());
  CHECK(content_of(dir.file("f")) == "new");
  CHECK(*disk.list(dir.path()) == std::vector<std::string>{"f"});
  REQUIRE(disk.make_directory(dir.file("d")).ok());
  CHECK_FALSE(replace_file(disk, dir.file("d"), dir.file("t"), "x").ok());
  CHECK(*disk.list(dir.path()) == std::vector<std::string>{"d", "f"});
}

TEST_CASE("paths are joined, and a path tells its directory") {
  CHECK(join_path("", "f") == "f");
  CHECK(join_path(".", "f") == "f");
  CHECK(join_path("d", "f") == "d/f");
  CHECK(join_path("/", "f") == "/f");
  CHECK(directory_of("f") == ".");
  CHECK(directory_of("d/f") == "d");
  CHECK(directory_of("/f") == "/");
  CHECK(directory_of("/a/b") == "/a");
}

TEST_CASE("a scratch file takes bytes at any place, and has no name") {
  const TempDir dir;
  SystemDisk disk;
  Result<std::unique_ptr<ScratchFile>> file = disk.open_scratch(dir.file(""));
  REQUIRE(file.ok());
  CHECK(disk.list(dir.file(""))->empty());
  REQUIRE(write_all(**file, 0, "0123456789").ok());
  REQUIRE(write_all(**file, 3, "abc").ok());
  REQUIRE(write_all(**file, 10, "x").ok());
  CHECK(*(*file)->write(0, "") == 0);
  char out[12] = {};
  REQUIRE(read_all(**file, 0, out, 11).ok());
  CHECK(std::string(out) == "012abc6789x");
  CHECK(*(*file)->read(9, out, sizeof(out)) == 2);
  CHECK(*(*file)->read(11, out, sizeof(out)) == 0);
  CHECK_FALSE(read_all(**file, 5, out, 7).ok());
}

TEST_CASE("a scratch file in a directory that is not there is refused") {
  const Result<std::unique_ptr<ScratchFile>> file = SystemDisk().open_scratch("/no/such/place");
  REQUIRE_FALSE(file.ok());
  CHECK(file.error().message().ends_with(": No such file or directory"));
}
