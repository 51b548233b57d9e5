// The readers of the single types, which read_value chooses from (value_reader.h).
//
// Each reads its value from the decoder. If that fails on the way, what is returned is incomplete
// and to be thrown away. Pure; any thread.
#pragma once

#include "persist/rdb/decoder.h"
#include "persist/rdb/format.h"
#include "persist/rdb/value_reader.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/listpack.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

namespace kvstash::persist::rdb {

store::List read_list(Decoder& from, Type type, const store::ListLimits& limits);
store::Set read_set(Decoder& from, Type type, const ReadOptions& options);
store::SortedSet read_sorted_set(Decoder& from, Type type, const ReadOptions& options);
store::Hash read_hash(Decoder& from, Type type, const ReadOptions& options);
store::Hash read_valkey_hash(Decoder& from, const ReadOptions& options);
store::Stream read_stream(Decoder& from, Type type);

// ---- Packs, for the readers above. Each reads one string.

// A listpack, checked; empty if the decoder failed.
store::Listpack read_listpack(Decoder& from);
store::Listpack read_ziplist(Decoder& from);
store::Listpack read_zipmap(Decoder& from);
// Whether a text occurs twice among every `step`-th element, beginning with the first.
bool has_repeats(store::ListpackView pack, size_t step);

}  // namespace kvstash::persist::rdb
