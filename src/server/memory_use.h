// MemoryUse: what INFO, MEMORY STATS and MEMORY DOCTOR say about memory, computed in one place so
// that they agree. Pure. Values are bytes unless the name says otherwise.
#pragma once

#include "admin/snapshot.h"

#include <cstdint>
#include <string>

namespace kvstash::server {

// How much a quantity of memory exceeds a smaller one that it would ideally be equal to.
struct Fragmentation {
  double ratio = 0;
  int64_t bytes = 0;
};

struct MemoryUse {
  uint64_t used = 0;
  uint64_t peak = 0;
  uint64_t start = 0;
  uint64_t overhead = 0;  // Everything that is not keys and values.
  uint64_t dataset = 0;
  double dataset_percent = 0;  // As a share of the memory taken since the start.
  double peak_percent = 0;
  uint64_t keys = 0;
  uint64_t bytes_per_key = 0;
  Fragmentation allocator;      // Active pages against allocated bytes.
  Fragmentation allocator_rss;  // Resident pages against active pages.
  Fragmentation process_rss;    // The process against the allocator's pages.
  Fragmentation whole;          // The process against the memory in use.
};

// The memory in use when the allocator had handed out `allocated` bytes. `process` was read later,
// when the shards' answers to the question had taken memory; that memory is not counted.
uint64_t used_memory_at(uint64_t allocated, const admin::ProcessCounters& process);

// `sum` is the total over the shards, including their clients.
MemoryUse memory_use(const admin::ProcessCounters& process, const admin::ShardCounters& sum);

// The text of MEMORY DOCTOR.
std::string memory_advice(const MemoryUse& use, const admin::ShardCounters& sum);

}  // namespace kvstash::server
