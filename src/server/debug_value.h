// How a value is kept, as DEBUG OBJECT, LISTPACK and QUICKLIST show it to people and test suites.
// Every function walks over the whole value. The shard of the entry must be held.
#pragma once

#include "store/keyspace.h"
#include "store/list.h"
#include "store/listpack.h"
#include "store/table_shape.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::server {

// The number of bytes that the value takes in a snapshot file, in Redis's format, without
// compression.
size_t serialized_bytes(const store::Entry& entry);

// A copy of the listpack that holds the value; nothing if the value is kept in another way.
std::optional<store::Listpack> listpack_of(const store::Entry& entry);

// Returns one line for each element. Long elements are cut.
std::string describe_listpack(store::ListpackView pack);

// The words that DEBUG OBJECT adds for a quicklist, each after a blank.
std::string quicklist_summary(const store::List& list, const store::ListLimits& limits);

// Returns one line for each piece of the list, and one for each element if `with_elements`.
std::string describe_quicklist(const store::List& list, bool with_elements);

// Describes the hash tables of the value in Redis's words: a bucket is counted as a slot, and the
// elements in it and in its overflow as a chain. Nothing if the value is not kept as a table.
std::optional<std::string> describe_tables(const store::Entry& entry, bool with_distribution);

}  // namespace kvstash::server
