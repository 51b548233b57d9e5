#include "persist/snapshot/spill_file.h"

#include "base/crc64.h"
#include "base/ensure.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kvstash::persist {

SpillFile::SpillFile(Disk& disk, std::string directory, uint64_t bytes_max, size_t slot_bytes)
    : disk_(&disk),
      directory_(std::move(directory)),
      slot_bytes_(slot_bytes),
      slots_max_(static_cast<uint32_t>(
          std::min<uint64_t>(bytes_max / slot_bytes, std::numeric_limits<uint32_t>::max()))) {}

Result<SpillFile::Slot> SpillFile::put(std::string_view bytes) {
  ensure(!is_full() && bytes.size() == slot_bytes_);
  if (file_ == nullptr) {
    Result<std::unique_ptr<ScratchFile>> made = disk_->open_scratch(directory_);
    if (!made.ok()) return made.error();
    file_ = std::move(*made);
  }
  const uint32_t number = free_.empty() ? made_ : free_.back();
  if (Status put = write_all(*file_, offset_of(number), bytes); !put.ok()) return put.error();
  if (free_.empty()) {
    ++made_;
  } else {
    free_.pop_back();
  }
  ++used_;
  return Slot{.number = number, .crc = crc64(0, bytes)};
}

Status SpillFile::take(const Slot& slot, std::string& to) {
  ensure(used_ != 0);
  const size_t had = to.size();
  to.resize(had + slot_bytes_);
  if (Status got = read_all(*file_, offset_of(slot.number), to.data() + had, slot_bytes_);
      !got.ok())
    return got;
  if (crc64(0, std::string_view(to).substr(had)) != slot.crc)
    return Error::literal("the disk gave back other bytes than were written");
  free_.push_back(slot.number);
  --used_;
  return {};
}

void SpillFile::close() {
  file_ = nullptr;
  free_.clear();
  used_ = made_ = 0;
}

}  // namespace kvstash::persist
