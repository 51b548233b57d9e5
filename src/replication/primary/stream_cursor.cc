#include "replication/primary/stream_cursor.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {

using persist::Journal;
using persist::Mark;

StreamCursor::StreamCursor(const Journal& journal, std::unique_ptr<Journal::Reader> reader)
    : journal_(&journal), reader_(std::move(reader)), offset_(reader_->place().offset) {}

bool StreamCursor::has_more() const {
  return (piece_ && at_ < piece_->bytes.size()) || reader_->place().lsn < journal_->end();
}

std::string_view StreamCursor::next(size_t bytes_max) {
  for (;;) {
    if (piece_ && at_ == piece_->bytes.size()) {
      reader_->release(piece_->end);
      piece_.reset();
    }
    if (!piece_) {
      piece_ = reader_->take();
      if (!piece_) return {};
      at_ = mark_ = 0;
    }
    size_t end = piece_->bytes.size();
    for (; mark_ < piece_->marks.size(); ++mark_) {
      const Mark& mark = piece_->marks[mark_];
      if (mark.target != engine::RecordTarget::kAof) continue;
      end = mark.offset;
      if (mark.offset != at_) break;
      at_ += mark.bytes;
      end = piece_->bytes.size();
    }
    if (at_ == end) continue;
    const size_t given = std::min(end - at_, bytes_max);
    at_ += given;
    offset_ += given;
    return piece_->bytes.substr(at_ - given, given);
  }
}

}  // namespace kvstash::replication
