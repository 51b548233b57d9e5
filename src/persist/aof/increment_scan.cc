#include "persist/aof/increment_scan.h"

#include "persist/aof/file_pieces.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using Kind = IncrementStep::Kind;

// Reads the rest of a damaged file, for the highest LSN that it says was on the disk.
Result<uint64_t> search_synced(FilePieces& pieces, uint64_t salt) {
  SyncedSearch search(salt);
  while (true) {
    search.feed(pieces.unread());
    pieces.drop(pieces.unread().size());
    if (pieces.at_end()) return search.synced();
    if (Status read = pieces.more(1); !read.ok()) return read.error();
  }
}

// The next step that is not kIncomplete. Its bytes are still in `pieces`.
Result<IncrementStep> next_step(IncrementReader& reader, FilePieces& pieces,
                                std::vector<std::string_view>& argv) {
  while (true) {
    argv.clear();
    IncrementStep step = reader.next(pieces.unread(), pieces.at_end(), argv);
    if (step.kind != Kind::kIncomplete) return step;
    if (Status read = pieces.more(step.bytes_needed); !read.ok()) return read.error();
  }
}

// Follows a scan, and knows how many of the bytes before it the file says were on the disk.
class SureBytes {
 public:
  // The scan has come to `bytes`, and has read that all below `synced` was on the disk.
  void follow(uint64_t bytes, uint64_t lsn, uint64_t synced) {
    if (waiting_.empty() || bytes >= waiting_.back().bytes + kStepBytes)
      waiting_.push_back({.bytes = bytes, .lsn = lsn});
    // Records without an LSN of their own may follow on a place with the very LSN.
    while (!waiting_.empty() && waiting_.front().lsn < synced) {
      bytes_ = waiting_.front().bytes;
      waiting_.pop_front();
    }
  }
  uint64_t bytes() const { return bytes_; }

 private:
  static constexpr uint64_t kStepBytes = uint64_t{64} << 10;

  struct Place {
    uint64_t bytes;
    uint64_t lsn;
  };
  uint64_t bytes_ = 0;
  std::deque<Place> waiting_;  // Places that may not have been on the disk.
};

IncrementScan::Ending ending_of(Kind kind) {
  if (kind == Kind::kEnd) return IncrementScan::Ending::kWhole;
  return kind == Kind::kTruncated ? IncrementScan::Ending::kTruncated
                                  : IncrementScan::Ending::kDamaged;
}

}  // namespace

Result<IncrementScan> scan_increment(DiskFile& file, const ScanPart& part,
                                     const ScanVisitor& visitor) {
  const Result<uint64_t> found = file.size();
  if (!found.ok()) return found.error();
  const uint64_t size = std::min(*found, part.bytes.value_or(*found));
  FilePieces pieces(file, std::min(part.begin, size), size);
  IncrementReader reader(part.begin);
  IncrementScan scan;
  scan.file_bytes = size;
  std::vector<std::string_view> argv;
  SureBytes sure;
  while (true) {
    const uint64_t offset = reader.offset();
    const uint64_t safe_cut = reader.sound_bytes();
    Result<IncrementStep> step = next_step(reader, pieces, argv);
    if (!step.ok()) return step.error();
    if (step->kind == Kind::kRecord && !reader.in_unit()) ++scan.units;
    if (step->kind == Kind::kTimestamp && visitor.on_timestamp)
      visitor.on_timestamp(step->timestamp, offset, safe_cut);
    pieces.drop(step->consumed);
    sure.follow(reader.sound_bytes(), reader.sound_lsn(), reader.synced());
    if (visitor.on_sound && reader.sound_bytes() > safe_cut)
      visitor.on_sound(reader.sound_bytes(), reader.sound_lsn());
    if (step->kind == Kind::kRecord || step->kind == Kind::kTimestamp || step->kind == Kind::kNote)
      continue;
    scan.ending = ending_of(step->kind);
    scan.error = std::move(step->error);
    scan.error_offset = step->error_offset;
    break;
  }
  if (scan.ending == IncrementScan::Ending::kWhole && size < part.bytes.value_or(0)) {
    scan.ending = IncrementScan::Ending::kTruncated;
    scan.error_offset = size;
  }
  scan.sound_bytes = reader.sound_bytes();
  scan.lines = reader.lines();
  scan.header = reader.header();
  scan.foreign_begin = reader.foreign_begin();
  scan.sound_lsn = reader.sound_lsn();
  scan.error_lsn = reader.lsn();
  scan.synced = reader.synced();
  scan.sure_bytes = sure.bytes();
  if (scan.ending != IncrementScan::Ending::kWhole && scan.header && !scan.foreign_begin) {
    const Result<uint64_t> synced = search_synced(pieces, scan.header->salt);
    if (!synced.ok()) return synced.error();
    scan.synced = std::max(scan.synced, *synced);
  }
  return scan;
}

Status read_increment(DiskFile& file, uint64_t begin, uint64_t end,
                      const std::function<Status(std::span<const std::string_view> argv,
                                                 const RecordPlace& place)>& on_record) {
  FilePieces pieces(file, begin, end);
  IncrementReader reader(begin);
  std::vector<std::string_view> argv;
  while (true) {
    Result<IncrementStep> step = next_step(reader, pieces, argv);
    if (!step.ok()) return step.error();
    if (step->kind == Kind::kEnd) return {};
    if (step->kind == Kind::kTruncated || step->kind == Kind::kDamaged)
      return Error::text(step->error + " at offset " + std::to_string(step->error_offset));
    if (step->kind == Kind::kRecord) {
      const RecordPlace place{.end_offset = reader.offset(),
                              .lsn_end = reader.lsn(),
                              .is_aof_only = step->is_aof_only,
                              .in_unit = reader.in_unit()};
      if (Status done = on_record(argv, place); !done.ok()) return done;
    }
    pieces.drop(step->consumed);
  }
}

}  // namespace kvstash::persist
