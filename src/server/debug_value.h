// How a value is kept, as DEBUG OBJECT, LISTPACK and QUICKLIST tell it. For people and test suites;
// everything walks over the whole value. The shard behind the entry must be held.
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

// Bytes that the value takes in a snapshot file, in Redis's format, without compression.
size_t serialized_bytes(const store::Entry& entry);

// A copy of the listpack that the value is, if it is one.
std::optional<store::Listpack> listpack_of(const store::Entry& entry);

// One line an element, long ones cut.
std::string describe_listpack(store::ListpackView pack);

// The words that DEBUG OBJECT adds for a quicklist, a blank before each.
std::string quicklist_summary(const store::List& list, const store::ListLimits& limits);

// One line a piece, and one an element where asked for.
std::string describe_quicklist(const store::List& list, bool with_elements);

// How the tables of the value lie in memory, in Redis's words: a bucket is what Redis calls a slot,
// the elements in it and behind it a chain. None of a value that is not kept as a table.
std::optional<std::string> describe_tables(const store::Entry& entry, bool with_distribution);

}  // namespace kvstash::server
