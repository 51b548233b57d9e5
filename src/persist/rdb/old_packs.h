// Ziplist and zipmap: the packed forms of Redis before 7.0, which are only read.
//
//   ziplist  │ total bytes │ offset of last │ count │ entry ... │ 0xff │   the first two of 4
//   bytes,
//            entry: bytes of the entry before (1 byte, or 0xfe and 4), head, text     count of 2
//   zipmap   │ count │ length, field, length, free, value, free bytes │ ... │ 0xff │
//            length: 1 byte, or 0xfe and 4 bytes; count is 254 if there are that many or more
//
// Everything is little-endian, but the lengths of texts in ziplists are big-endian. Bytes are
// checked in full before the result is given. Pure; any thread.
#pragma once

#include "store/listpack.h"

#include <optional>
#include <string_view>

namespace kvstash::persist::rdb {

// The elements as a listpack; nothing if the bytes are damaged, or too many for a listpack.
std::optional<store::Listpack> listpack_of_ziplist(std::string_view bytes);
std::optional<store::Listpack> listpack_of_zipmap(std::string_view bytes);

}  // namespace kvstash::persist::rdb
