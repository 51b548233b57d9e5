#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using engine::EngineOptions;

constexpr Directive kRows[] = {
    {.name = "hash-max-listpack-entries",
     .kind = kInteger,
     .slot = field<&EngineOptions::hash_max_listpack_entries>,
     .about = "Fields of a hash that is kept in one packed piece.",
     .alias = "hash-max-ziplist-entries",
     .max = kInt64Max},
    {.name = "hash-max-listpack-value",
     .kind = kMemory,
     .slot = field<&EngineOptions::hash_max_listpack_value>,
     .about = "Bytes of the longest field or value in such a hash.",
     .alias = "hash-max-ziplist-value",
     .max = kInt64Max},
    {.name = "list-max-listpack-size",
     .kind = kInteger,
     .slot = field<&EngineOptions::list_max_listpack_size>,
     .about = "Size of one packed piece of a list: a number of elements, or -1 to -5 for 4, 8, "
              "16, 32 or 64 KiB.",
     .alias = "list-max-ziplist-size",
     .min = kIntMin,
     .max = kIntMax},
    {.name = "list-compress-depth",
     .kind = kInteger,
     .slot = field<&EngineOptions::list_compress_depth>,
     .about = "Pieces at each end of a list that stay as they are while those between are "
              "compressed. 0: none is compressed.",
     .max = kIntMax},
    {.name = "set-max-intset-entries",
     .kind = kInteger,
     .slot = field<&EngineOptions::set_max_intset_entries>,
     .about = "Members of a set of integers that is kept as a sorted array.",
     .max = kInt64Max},
    {.name = "set-max-listpack-entries",
     .kind = kInteger,
     .slot = field<&EngineOptions::set_max_listpack_entries>,
     .about = "Members of any other set that is kept in one packed piece.",
     .max = kInt64Max},
    {.name = "set-max-listpack-value",
     .kind = kMemory,
     .slot = field<&EngineOptions::set_max_listpack_value>,
     .about = "Bytes of the longest member of such a set.",
     .max = kInt64Max},
    {.name = "zset-max-listpack-entries",
     .kind = kInteger,
     .slot = field<&EngineOptions::zset_max_listpack_entries>,
     .about = "Members of a sorted set that is kept in one packed piece.",
     .alias = "zset-max-ziplist-entries",
     .max = kInt64Max},
    {.name = "zset-max-listpack-value",
     .kind = kMemory,
     .slot = field<&EngineOptions::zset_max_listpack_value>,
     .about = "Bytes of the longest member of such a sorted set.",
     .alias = "zset-max-ziplist-value",
     .max = kInt64Max},
    {.name = "stream-node-max-bytes",
     .kind = kMemory,
     .slot = field<&EngineOptions::stream_node_max_bytes>,
     .about = "Bytes of one packed piece of a stream. 0: no limit.",
     .max = kInt64Max},
    {.name = "stream-node-max-entries",
     .kind = kInteger,
     .slot = field<&EngineOptions::stream_node_max_entries>,
     .about = "Entries of one packed piece of a stream. 0: no limit.",
     .max = kInt64Max},
    {.name = "hll-sparse-max-bytes",
     .kind = kMemory,
     .slot = field<&EngineOptions::hll_sparse_max_bytes>,
     .about = "Bytes of a HyperLogLog in its sparse form. Above 16000 the dense form is always "
              "smaller.",
     .max = kInt64Max},
    {.name = "locale-collate",
     .kind = kString,
     .slot = field<&EngineOptions::locale_collate>,
     .about = "The locale in which SORT ALPHA compares. Empty: that of the environment."},
};

}  // namespace

DirectiveGroup encoding_directives() {
  return {"Encodings",
          "Small values are kept packed, which takes a fraction of the memory; past "
          "these limits they become tables and trees, which are faster when large. "
          "OBJECT ENCODING shows which it is.",
          kRows};
}

}  // namespace kvstash::server
