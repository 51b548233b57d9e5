// Looks through a whole append-only file: how far it is sound, where and how it ends, and what it
// says of itself. And reads the records of a part that is known to be sound.
//
// Blocking, for it reads the file; any thread.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/aof/increment_reader.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::persist {

struct IncrementScan {
  enum class Ending : uint8_t {
    kWhole,
    kTruncated,  // The file ends in the middle of something.
    kDamaged,    // Something in the file is wrong.
  };

  uint64_t file_bytes = 0;  // Not more than was asked for.
  Ending ending = Ending::kWhole;
  std::string error;          // What is wrong. May be empty: see IncrementStep.
  uint64_t error_offset = 0;  // Offset of the line or argument that is.
  uint64_t sound_bytes = 0;   // The file is whole up to here: the place for a cut.
  uint64_t units = 0;         // Units, and records outside of units, before that.
  size_t lines = 0;           // Line ends of records that were read.

  // In a file of ours, or the part of it that is.
  std::optional<IncrementHeader> header;
  std::optional<uint64_t> foreign_begin;  // 0 in a file of Redis's.
  uint64_t sound_lsn = 0;                 // The LSN at `sound_bytes`.
  uint64_t error_lsn = 0;                 // Not kWhole: everything below this LSN can be read.
  uint64_t synced = 0;  // The highest LSN that the file, sound or not, says was on the disk.
  // The first bytes of the file that it says were on the disk: at least these.
  uint64_t sure_bytes = 0;

  bool is_ours() const { return header.has_value(); }
  // Its end, at least, was written by Redis: no checksum covers it.
  bool ends_foreign() const { return foreign_begin.has_value(); }
};

// What a scan tells of on its way: the records, and the times that stand before them. The offset is
// that of the line or record; `safe_cut` is the last place before it at which the file can be cut.
struct ScanVisitor {
  std::function<void(int64_t timestamp, uint64_t offset, uint64_t safe_cut)> on_timestamp{};
  // The file can be cut at this offset, and then ends at this LSN.
  std::function<void(uint64_t sound_bytes, uint64_t sound_lsn)> on_sound{};
};

// Looks through the file from `begin`, where the append-only part begins behind an RDB that stands
// before it, and as if it ended at `bytes`, if it is longer. A file that is shorter than `bytes` is
// truncated. Fails only if the file cannot be read.
struct ScanPart {
  uint64_t begin = 0;
  std::optional<uint64_t> bytes{};
};
Result<IncrementScan> scan_increment(DiskFile& file, const ScanPart& part = {},
                                     const ScanVisitor& visitor = {});

// Where the record that is told of stands.
struct RecordPlace {
  uint64_t end_offset;  // The offset in the file behind the record.
  uint64_t lsn_end;     // The LSN behind the record. Without meaning in what Redis wrote.
  bool is_aof_only;     // The stream of replicas does not have it.
  bool in_unit;         // More records of its unit follow.
};

// Calls `on_record` for each record of the file up to `end`, a place that a scan found to be sound,
// until it returns an error. `argv` is valid during the call.
Status read_increment(DiskFile& file, uint64_t begin, uint64_t end,
                      const std::function<Status(std::span<const std::string_view> argv,
                                                 const RecordPlace& place)>& on_record);

}  // namespace kvstash::persist
