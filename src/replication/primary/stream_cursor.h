// StreamCursor: reads the journal as replicas get it, from a place on, a bounded amount at a time.
//
// The journal keeps what it has not given yet in memory. One thread at a time.
#pragma once

#include "persist/journal/journal.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace kvstash::replication {

class StreamCursor {
 public:
  // Begins where the reader stands. `journal` is the reader's.
  StreamCursor(const persist::Journal& journal, std::unique_ptr<persist::Journal::Reader> reader);

  // Returns the next bytes of the stream, `bytes_max` at most; empty: there are none yet. Valid
  // until the next call.
  std::string_view next(size_t bytes_max);
  // Whether the journal has gone on behind what next() has given. What has come may be none of
  // replicas' business: then next() has nothing all the same.
  bool has_more() const;
  // What next() has given ends here.
  persist::Offset offset() const { return offset_; }

 private:
  const persist::Journal* journal_;
  std::unique_ptr<persist::Journal::Reader> reader_;
  std::optional<persist::JournalPiece> piece_;
  size_t at_ = 0;    // In the piece.
  size_t mark_ = 0;  // The first of the piece's marks that does not stand before at_.
  persist::Offset offset_;
};

}  // namespace kvstash::replication
