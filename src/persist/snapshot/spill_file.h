// SpillFile: slots of one size in a scratch file.
//
// The file is made with the first slot, and never grows past its bound: a slot that was taken is
// used again. Each slot has a checksum in memory, because what the disk gives back goes into an RDB
// that would carry a good checksum over bad bytes. Blocking; one thread.
#pragma once

#include "base/disk.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

class SpillFile {
 public:
  struct Slot {
    uint32_t number;
    uint64_t crc;
  };

  // `disk` outlives the file. It takes up to `bytes_max` bytes in `directory`.
  SpillFile(Disk& disk, std::string directory, uint64_t bytes_max, size_t slot_bytes);

  size_t slot_bytes() const { return slot_bytes_; }
  bool is_full() const { return used_ == slots_max_; }
  uint64_t bytes() const { return uint64_t{used_} * slot_bytes_; }  // In slots that are used.

  // Writes the bytes of a whole slot. The file must not be full. After an error nothing is kept,
  // and nothing may be put any more.
  Result<Slot> put(std::string_view bytes);
  // Appends the bytes of a slot to `to`, and frees the slot.
  Status take(const Slot& slot, std::string& to);
  // Frees everything. Nothing may be taken any more.
  void close();

 private:
  uint64_t offset_of(uint32_t number) const { return uint64_t{number} * slot_bytes_; }

  Disk* disk_;
  std::string directory_;
  size_t slot_bytes_;
  uint32_t slots_max_;
  uint32_t used_ = 0;
  uint32_t made_ = 0;  // Slots that the file has room for.
  std::vector<uint32_t> free_;
  std::unique_ptr<ScratchFile> file_;
};

}  // namespace kvstash::persist
