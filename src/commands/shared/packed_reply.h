// Writes elements of containers (store/listpack.h: PackedValue) into a reply.
#pragma once

#include "resp/reply_writer.h"
#include "store/listpack.h"

namespace kvstash::commands {

// Writes an integer or a text as a bulk string.
inline void reply_value(resp::ReplyWriter& to, store::PackedValue value) {
  value.is_integer() ? to.bulk_int64(value.integer()) : to.bulk(value.text());
}

}  // namespace kvstash::commands
