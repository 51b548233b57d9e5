// Functions that write streams into replies.
#pragma once

#include "resp/reply_writer.h"
#include "store/stream.h"

#include <cstdint>

namespace kvstash::commands {

void reply_stream_id(resp::ReplyWriter& reply, store::StreamId id);

// Writes an entry as [id, [field, value, ...]].
void reply_stream_entry(resp::ReplyWriter& reply, store::StreamId id,
                        const store::BlockReader& entry);

// Writes the remaining entries of the cursor as an array, at most `max` of them (0: all).
void reply_stream_entries(resp::ReplyWriter& reply, store::StreamCursor& cursor, uint64_t max);

// Writes the entry with that id alone. False, and nothing is written, if there is none.
bool reply_stream_entry_of(resp::ReplyWriter& reply, const store::Stream& stream,
                           store::StreamId id);

}  // namespace kvstash::commands
