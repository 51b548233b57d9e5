// IncrementWriter: turns the log into the bytes of an increment: header, blocks, annotations.
//
// The caller adds records in the order of the log, takes the bytes from time to time, and writes
// them to the file. A block holds whole records, and a unit that does not end in its first block
// begins that block; so a reader that loses a block cuts the file between two blocks. A timestamp
// begins a block as well.
//
// Pure: no file, no clock. One thread at a time. Memory: what was added and not yet cleared.
#pragma once

#include "persist/aof/increment_format.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::persist {

class IncrementWriter {
 public:
  // The first bytes to take are the header. The file must have been synced with it, and have its
  // name in the manifest, before anything in it counts as written.
  explicit IncrementWriter(IncrementHeader header);

  // ---- What is added. `resp` is one record or several, whole, in RESP.
  void add_records(std::string_view resp);   // The LSN rises by their size.
  void add_aof_only(std::string_view resp);  // One record that the stream does not have.
  void add_stream_only(uint64_t bytes);      // So many bytes that only the stream has.
  // Only outside of a unit.
  void add_timestamp(int64_t unix_seconds);

  // Around the records of a unit, with its MULTI and EXEC. A unit may be open for any number of
  // takings.
  void begin_unit();
  void end_unit();

  // The log is on the disk up to `lsn`. Blocks that are closed later say so.
  void set_synced(uint64_t lsn);
  // Adds an empty block, so that the file says what set_synced was told last. Not within a unit.
  // Useful before a file is closed, and when nothing has been written for a while.
  void add_synced_mark();

  // Closes the block and returns all bytes since the last clear(). Valid until the next call of a
  // function that is not const.
  std::string_view take();
  void clear() { bytes_.clear(); }

  uint64_t lsn() const { return lsn_; }  // Behind all that was added.
  // Bytes since the last clear(), without the line of the block that is not closed yet.
  size_t pending_bytes() const { return bytes_.size(); }

 private:
  // Gives the bytes from `begin` on, a block's, their line.
  void close_block(size_t begin, uint64_t lsn);
  void close_open_block();
  void open_block();

  IncrementHeader header_;
  uint64_t lsn_;
  uint64_t synced_;
  std::string bytes_;
  bool has_block_ = false;  // A block is open.
  size_t block_begin_ = 0;  // Offset in `bytes_`.
  uint64_t block_lsn_ = 0;  // LSN at `block_begin_`.
  bool in_unit_ = false;
  // Where in the open block the open unit begins; nothing if it began in an earlier block.
  std::optional<size_t> unit_begin_;
  uint64_t unit_lsn_ = 0;
};

}  // namespace kvstash::persist
