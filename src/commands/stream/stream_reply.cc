#include "commands/stream/stream_reply.h"

namespace kvstash::commands {
namespace {

void reply_value(resp::ReplyWriter& reply, store::PackedValue value) {
  if (value.is_integer()) return reply.bulk_int64(value.integer());
  reply.bulk(value.text());
}

}  // namespace

void reply_stream_id(resp::ReplyWriter& reply, store::StreamId id) {
  char text[store::kStreamIdCharsMax];
  reply.bulk({text, store::format_stream_id(text, id)});
}

void reply_stream_entry(resp::ReplyWriter& reply, store::StreamId id,
                        const store::BlockReader& entry) {
  reply.array(2);
  reply_stream_id(reply, id);
  reply.array(2 * entry.field_count());
  entry.for_each([&](store::PackedValue field, store::PackedValue value) {
    reply_value(reply, field);
    reply_value(reply, value);
  });
}

void reply_stream_entries(resp::ReplyWriter& reply, store::StreamCursor& cursor, uint64_t max) {
  const resp::ReplyWriter::Mark begin = reply.begin();
  uint64_t count = 0;
  while ((max == 0 || count < max) && cursor.next()) {
    reply_stream_entry(reply, cursor.id(), cursor.entry());
    ++count;
  }
  reply.end_array(begin, count);
}

bool reply_stream_entry_of(resp::ReplyWriter& reply, const store::Stream& stream,
                           store::StreamId id) {
  store::StreamCursor cursor(stream, id, id);
  if (!cursor.next()) return false;
  reply_stream_entry(reply, id, cursor.entry());
  return true;
}

}  // namespace kvstash::commands
