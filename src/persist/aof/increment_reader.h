// IncrementReader: reads an append-only file, ours or Redis's, record by record.
//
// It is fed the bytes of the file in pieces: next() takes a text that begins at the first byte not
// yet consumed. A block of ours must stand there whole and have the right checksum before its first
// record is handed out. What Redis appended to a file of ours behind the last block is read as
// Redis's, from `foreign_begin()` on.
//
// Redis begins with a time or a record. It also goes on in a file whose last
// block a crash left unfinished: it cuts what is not a whole record, and appends. Then the block
// ends where Redis's first line stands: a SELECT in capitals, which ours are not, perhaps behind a
// MULTI; or a time, which in our blocks stands at the beginning alone. An unfinished line of ours
// it does not cut; that is passed over.
//
// It also knows where the file could be cut: behind the last whole unit, and in our blocks between
// two blocks.
//
// Pure; one thread at a time. Memory: none for records, which are views of the text.
#pragma once

#include "persist/aof/increment_format.h"
#include "persist/aof/record_parser.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct IncrementStep {
  enum class Kind : uint8_t {
    kRecord,      // The arguments were appended.
    kTimestamp,   // `timestamp` is the time of the records that follow.
    kNote,        // A line was read that is not a record: a header, or an annotation.
    kIncomplete,  // Call again with at least `bytes_needed` bytes; the double is a good choice.
    kEnd,         // The file ends here, whole.
    kTruncated,   // The file ends in the middle; as far as it goes it is right.
    kDamaged,     // What stands here is wrong.
  };

  Kind kind = Kind::kIncomplete;
  size_t consumed = 0;       // Bytes to drop from the front before the next call.
  size_t bytes_needed = 0;   // kIncomplete.
  int64_t timestamp = 0;     // kTimestamp: seconds since 1970.
  bool is_aof_only = false;  // kRecord: the stream of replicas does not have it.
  // kTruncated and kDamaged: what is wrong, and the offset in the file of the line or argument that
  // is. Empty if the file just ends between two parts of a record.
  std::string error{};
  uint64_t error_offset = 0;
};

class IncrementReader {
 public:
  // `offset`: where in the file the text of the first call begins. Only a file that is read from
  // its beginning can be one of ours.
  explicit IncrementReader(uint64_t offset = 0);

  // `at_end`: the text ends where the file ends. After kEnd, kTruncated and kDamaged nothing more
  // may be asked for.
  IncrementStep next(std::string_view unread, bool at_end, std::vector<std::string_view>& argv);

  // The file begins with a header of ours that is sound.
  const std::optional<IncrementHeader>& header() const { return header_; }
  // The offset at which records that Redis wrote begin: 0 in a file of Redis's.
  const std::optional<uint64_t>& foreign_begin() const { return foreign_begin_; }

  uint64_t offset() const { return offset_; }  // Of the next byte.
  bool in_unit() const { return in_unit_; }    // Between MULTI and EXEC.
  size_t lines() const { return lines_; }      // Line ends of records so far.

  // The file is whole up to this offset, and could be cut there.
  uint64_t sound_bytes() const { return sound_bytes_; }
  // In our part of a file: the LSN there.
  uint64_t sound_lsn() const { return sound_lsn_; }
  // In our part of a file: the LSN of the next byte that is not consumed.
  uint64_t lsn() const { return lsn_; }
  // The highest LSN that the file says was on the disk; 0 if it says nothing.
  uint64_t synced() const { return synced_; }

 private:
  using Kind = IncrementStep::Kind;

  IncrementStep read_first_line(std::string_view unread, bool at_end);
  IncrementStep read_block_header(std::string_view unread, bool at_end);
  IncrementStep read_unfinished_block(const BlockHeader& block, std::string_view line,
                                      std::string_view rest, bool at_end, IncrementStep failed);
  IncrementStep read_in_block(std::string_view unread, std::vector<std::string_view>& argv);
  IncrementStep read_foreign(std::string_view unread, bool at_end,
                             std::vector<std::string_view>& argv);
  IncrementStep read_foreign_line(std::string_view unread, bool at_end);
  IncrementStep take_record(std::string_view unread, bool at_end,
                            std::vector<std::string_view>& argv);
  IncrementStep take_note_of_block(std::string_view line);
  IncrementStep end_of_file();
  // A unit opens or closes. Returns what is wrong with that, if anything.
  std::optional<std::string_view> follow_units(std::string_view name);
  IncrementStep consume(Kind kind, size_t bytes);
  void mark_sound();
  IncrementStep failed(Kind kind, std::string error, uint64_t error_offset) const;
  static IncrementStep incomplete(size_t bytes_needed);

  std::optional<IncrementHeader> header_;
  std::optional<uint64_t> foreign_begin_;
  // Redis went on behind a line or block of ours that is not whole, and no record of it was read.
  bool is_behind_torn_ = false;
  bool is_first_line_read_ = false;
  uint64_t offset_;
  uint64_t lsn_ = 0;
  uint64_t synced_ = 0;
  uint64_t sound_bytes_;
  uint64_t sound_lsn_ = 0;
  size_t lines_ = 0;
  bool in_unit_ = false;
  uint64_t unit_begin_ = 0;  // Offset of the open unit's first record.
  uint64_t last_part_ = 0;   // Offset of the last argument or annotation that was read.
  // The open block of ours.
  uint64_t block_begin_ = 0;  // Offset of its first byte.
  uint64_t block_left_ = 0;   // Bytes not yet consumed.
  bool is_aof_only_next_ = false;
};

// Looks through the rest of a damaged file of ours for the highest LSN that was on the disk: for
// sound lines of blocks, wherever they stand. Fed in pieces of any size.
class SyncedSearch {
 public:
  explicit SyncedSearch(uint64_t salt) : salt_(salt) {}
  void feed(std::string_view piece);
  uint64_t synced() const { return synced_; }

 private:
  uint64_t salt_;
  uint64_t synced_ = 0;
  std::string tail_;  // The end of the pieces before, where a line may have begun.
};

}  // namespace kvstash::persist
