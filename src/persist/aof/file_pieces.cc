#include "persist/aof/file_pieces.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::persist {

FilePieces::FilePieces(DiskFile& file, uint64_t begin, uint64_t end, size_t piece_bytes)
    : file_(file), next_(begin), end_(end), piece_bytes_(piece_bytes) {
  ensure(begin <= end);
}

Status FilePieces::more(size_t bytes) {
  ensure(!at_end());
  buffer_.erase(0, begin_);
  begin_ = 0;
  // The double of what is there, so that a long record is not begun again and again.
  const size_t wanted = std::max({bytes, buffer_.size() * 2, piece_bytes_});
  while (buffer_.size() < wanted && !at_end()) {
    const size_t had = buffer_.size();
    const size_t step =
        static_cast<size_t>(std::min<uint64_t>(end_ - next_, std::max(wanted - had, piece_bytes_)));
    buffer_.resize(had + step);
    const Result<size_t> got = file_.read(next_, buffer_.data() + had, step);
    buffer_.resize(had + (got.ok() ? *got : 0));
    if (!got.ok()) return got.error();
    if (*got == 0) return Error::literal("the file became shorter while it was read");
    next_ += *got;
  }
  return {};
}

void FilePieces::drop(size_t bytes) {
  ensure(bytes <= unread().size());
  begin_ += bytes;
}

}  // namespace kvstash::persist
