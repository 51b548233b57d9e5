// How streams stand in replies.
#pragma once

#include "resp/reply_writer.h"
#include "store/stream.h"

#include <cstdint>

namespace kvstash::commands {

void reply_stream_id(resp::ReplyWriter& reply, store::StreamId id);

// [id, [field, value, ...]]
void reply_stream_entry(resp::ReplyWriter& reply, store::StreamId id,
                        const store::BlockReader& entry);

// The entries that the cursor has still to come to, at most `max` (0: all), as an array.
void reply_stream_entries(resp::ReplyWriter& reply, store::StreamCursor& cursor, uint64_t max);

// The entry of that id alone. False, and nothing is written, if there is none.
bool reply_stream_entry_of(resp::ReplyWriter& reply, const store::Stream& stream,
                           store::StreamId id);

}  // namespace kvstash::commands
