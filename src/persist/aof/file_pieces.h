// FilePieces: the bytes of a file from an offset on, as one text that grows when more is needed.
//
// Never holds more than a piece and what one record or block needs; a size that a damaged file
// names allocates nothing that the file does not have. One thread at a time. The file outlives it.
#pragma once

#include "base/disk.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::persist {

class FilePieces {
 public:
  // Reads from `begin` up to `end`, which is at most the file's size.
  FilePieces(DiskFile& file, uint64_t begin, uint64_t end, size_t piece_bytes = size_t{1} << 20);

  // Valid until the next call of more() or drop().
  std::string_view unread() const { return std::string_view(buffer_).substr(begin_); }
  // unread() ends where the file ends.
  bool at_end() const { return next_ == end_; }

  // Reads on: at least one byte, and until unread() has `bytes` bytes if the file has them. Not to
  // be called at the end.
  Status more(size_t bytes);
  void drop(size_t bytes);  // From the front of unread().

 private:
  DiskFile& file_;
  uint64_t next_;  // Offset in the file of the first byte that was not read.
  uint64_t end_;
  size_t piece_bytes_;
  std::string buffer_;
  size_t begin_ = 0;  // Where in `buffer_` unread() begins.
};

}  // namespace kvstash::persist
