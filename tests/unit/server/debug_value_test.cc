#include "server/debug_value.h"

#include "store/hash.h"
#include "store/set.h"
#include "store/sorted_set.h"
#include "store/stream.h"

#include <doctest/doctest.h>

namespace kvstash::server {
namespace {

using namespace store;

// The expected sizes are what redis-server answers to DEBUG OBJECT for the same values.
struct Values {
  HashSeed seed = HashSeed::draw();
  ShardMemory memory;
  Keyspace keys{seed, memory, 0};

  template <typename T>
  const Entry& put(std::string_view name, T value) {
    const KeyRef ref{name, keyed_hash(name, seed)};
    return *keys.put_object(ref, nullptr, T::kType, value.release(), std::nullopt);
  }
  const Entry& put_string(std::string_view name, std::string_view value) {
    const KeyRef ref{name, keyed_hash(name, seed)};
    return *keys.put_string(ref, nullptr, value, std::nullopt);
  }
};

List list_of(std::initializer_list<std::string_view> elements, const ListLimits& limits) {
  List list;
  list.push(ListEnd::kTail, std::span(elements.begin(), elements.size()), limits);
  return list;
}

}  // namespace

TEST_CASE("strings are measured as a snapshot has them") {
  Values values;
  CHECK(serialized_bytes(values.put_string("a", "100")) == 2);
  CHECK(serialized_bytes(values.put_string("b", "-1000")) == 3);
  CHECK(serialized_bytes(values.put_string("c", "100000")) == 5);
  CHECK(serialized_bytes(values.put_string("d", "10000000000")) == 12);
  CHECK(serialized_bytes(values.put_string("e", std::string(100, 'x'))) == 102);
  CHECK(serialized_bytes(values.put_string("f", std::string(20000, 'x'))) == 20005);
}

TEST_CASE("containers are measured as a snapshot has them, in each form") {
  Values values;
  const ListLimits short_packs{.listpack_size = 2};
  CHECK(serialized_bytes(values.put("l", list_of({"a", "b"}, short_packs))) == 16);
  CHECK(serialized_bytes(values.put("q", list_of({"a", "b", "c", "d", "e"}, short_packs))) == 43);
  for (const bool is_small : {true, false}) {
    const size_t entries = is_small ? 10 : 0;
    Set set;
    SortedSet sorted_set;
    Hash hash;
    for (const std::string_view member : {"1", "2", "3"})
      set.add(member, {.intset_entries_max = entries,
                       .listpack_entries_max = entries,
                       .listpack_value_bytes_max = 64,
                       .seed = values.seed});
    for (const auto& [member, score] : {std::pair("a", 1.5), std::pair("b", -3.0)})
      sorted_set.add(member, score,
                     SortedSetOptions{.listpack_entries_max = entries,
                                      .listpack_value_bytes_max = 64,
                                      .seed = values.seed});
    const HashOptions options{
        .listpack_entries_max = entries, .listpack_value_bytes_max = 64, .seed = values.seed};
    hash.set("f", "v", options);
    hash.set("g", is_small ? "w" : "70000", options);
    const std::string form = is_small ? "small" : "large";
    CHECK(serialized_bytes(values.put(form + "s", std::move(set))) == (is_small ? 15 : 7));
    CHECK(serialized_bytes(values.put(form + "z", std::move(sorted_set))) == (is_small ? 22 : 21));
    CHECK(serialized_bytes(values.put(form + "h", std::move(hash))) == (is_small ? 20 : 12));
  }
}

TEST_CASE("a value is a listpack or it is not") {
  Values values;
  const ListLimits limits{.listpack_size = 2};
  const Entry& pack = values.put("l", list_of({"a", "12"}, limits));
  REQUIRE(listpack_of(pack));
  CHECK(describe_listpack(listpack_of(pack)->view()) ==
        "listpack of 12 bytes, 2 elements\n"
        "  0: at 6, 3 bytes: \"a\"\n"
        "  1: at 9, 2 bytes: 12\n");
  CHECK_FALSE(listpack_of(values.put("q", list_of({"a", "b", "c"}, limits))));
  CHECK_FALSE(listpack_of(values.put_string("s", "v")));
}

TEST_CASE("streams are measured as a snapshot has them, with groups and what is pending") {
  Values values;
  Stream stream;
  const std::string_view fields[] = {"f", "v"};
  stream.append({1, 1}, fields, {});
  CHECK(serialized_bytes(values.put("a", stream.copy())) == 57);
  ConsumerGroup& group = stream.create_group("g");  // 2 + 2 of its id + 9 for "unknown" + 2.
  CHECK(serialized_bytes(values.put("b", stream.copy())) == 57 + 15);
  Consumer& consumer = group.create_consumer("c", 0);  // 2 + 16 of its times + 1.
  group.add_pending({1, 1}, {.delivered_ms = 0, .deliveries = 1, .consumer = &consumer});
  CHECK(serialized_bytes(values.put("c", std::move(stream))) == 57 + 15 + 19 + (16 + 8 + 1) + 16);
}

TEST_CASE("a table is described in Redis's words, another value not at all") {
  Values values;
  Set set;
  for (const std::string_view member : {"a", "b", "c"})
    set.add(member, {.intset_entries_max = 0, .listpack_entries_max = 0, .seed = values.seed});
  const Entry& entry = values.put("s", std::move(set));
  const std::string brief =
      "Hash table 0 stats (main hash table):\n table size: 1\n number of elements: 3\n";
  CHECK(describe_tables(entry, false) == brief);
  CHECK(describe_tables(entry, true) ==
        brief +
            " different slots: 1\n max chain length: 3\n avg chain length (counted): 3.00\n"
            " avg chain length (computed): 3.00\n Chain length distribution:\n"
            "   3: 1 (100.00%)\n");
  CHECK_FALSE(describe_tables(values.put_string("k", "v"), false));
}

TEST_CASE("a quicklist is described piece by piece, long elements cut") {
  const ListLimits limits{.listpack_size = 2, .compress_depth = 1, .packed_threshold = 100};
  const std::string large(120, 'x');
  const List list = list_of({"a", "b", "c", large, "d"}, limits);
  CHECK(quicklist_summary(list, limits) ==
        " ql_nodes:4 ql_avg_node:1.25 ql_listpack_max:2 ql_compressed:1 ql_uncompressed_size:153");
  const std::string pieces =
      "quicklist of 4 pieces, 5 elements\n"
      "  piece 0: listpack of 13 bytes\n"
      "  piece 1: listpack of 10 bytes\n"
      "  piece 2: one element of 120 bytes, compressed to 5\n"
      "  piece 3: listpack of 10 bytes\n";
  CHECK(describe_quicklist(list, false) == pieces);
  CHECK(describe_quicklist(list, true) == pieces + "  0: \"a\"\n  1: \"b\"\n  2: \"c\"\n  3: \"" +
                                              std::string(40, 'x') + "\"...\n  4: \"d\"\n");
}

}  // namespace kvstash::server
