// How elements of containers (store/listpack.h: PackedValue) are written into a reply.
#pragma once

#include "resp/reply_writer.h"
#include "store/listpack.h"

namespace kvstash::commands {

// As a bulk string, whichever way it is kept.
inline void reply_value(resp::ReplyWriter& to, store::PackedValue value) {
  value.is_integer() ? to.bulk_int64(value.integer()) : to.bulk(value.text());
}

}  // namespace kvstash::commands
