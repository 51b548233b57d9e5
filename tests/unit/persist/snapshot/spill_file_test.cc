#include "persist/snapshot/spill_file.h"

#include "sim/sim_disk.h"

#include <doctest/doctest.h>

#include <deque>
#include <string>

namespace kvstash::persist {

using test::SimDisk;

TEST_CASE("slots come back in any order, and the file does not grow past its bound") {
  SimDisk disk;
  disk.set_space(40);
  SpillFile file(disk, ".", 47, 10);
  CHECK(disk.scratch_files() == 0);
  std::deque<SpillFile::Slot> slots;
  for (char letter = 'a'; letter < 'z'; ++letter) {
    while (file.is_full()) {
      std::string bytes = "before ";
      REQUIRE(file.take(slots[1], bytes).ok());
      CHECK(bytes == "before " + std::string(10, static_cast<char>(letter - 3)));
      slots.erase(slots.begin() + 1);
      CHECK(file.bytes() == 30);
    }
    const Result<SpillFile::Slot> slot = file.put(std::string(10, letter));
    REQUIRE(slot.ok());
    slots.push_back(*slot);
  }
  CHECK(file.bytes() == 40);
  file.close();
  CHECK(file.bytes() == 0);
  CHECK(disk.scratch_files() == 0);
}

TEST_CASE("a file without room for one slot is full") {
  SimDisk disk;
  CHECK(SpillFile(disk, ".", 9, 10).is_full());
  CHECK(SpillFile(disk, ".", 0, 10).is_full());
}

TEST_CASE("errors of the disk are told, and a slot that changed is not given back") {
  SimDisk disk;
  SpillFile file(disk, ".", 100, 4);
  disk.inject({.call = 1, .fault = SimDisk::Fault::kNoSpace});
  CHECK(file.put("abcd").error().message() == "open .: No space left on device");
  const Result<SpillFile::Slot> slot = file.put("abcd");
  REQUIRE(slot.ok());
  disk.begin_count();
  disk.inject({.call = 1});
  CHECK(file.put("abcd").error().message() == "write scratch: Input/output error");
  std::string bytes;
  disk.begin_count();
  disk.inject({.call = 1});
  CHECK(file.take(*slot, bytes).error().message() == "read scratch: Input/output error");
  CHECK(file.take({.number = slot->number, .crc = slot->crc + 1}, bytes).error().message() ==
        "the disk gave back other bytes than were written");
}

}  // namespace kvstash::persist
