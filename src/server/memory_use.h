// MemoryUse: what INFO, MEMORY STATS and MEMORY DOCTOR say about memory, computed once and alike.
// Pure; bytes unless the name says otherwise.
#pragma once

#include "admin/snapshot.h"

#include <cstdint>
#include <string>

namespace kvstash::server {

// A part against what it should ideally be equal to.
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
  double dataset_percent = 0;  // Of what came after the start.
  double peak_percent = 0;
  uint64_t keys = 0;
  uint64_t bytes_per_key = 0;
  Fragmentation allocator;      // Pages in use against what was handed out.
  Fragmentation allocator_rss;  // Pages held against pages in use.
  Fragmentation process_rss;    // What is not the allocator's.
  Fragmentation whole;          // The process against what is in use.
};

// Memory in use as it was when the allocator had handed out `allocated` bytes, before `process` was
// read: the answers of shards to a question about memory are not part of it.
uint64_t used_memory_at(uint64_t allocated, const admin::ProcessCounters& process);

// `sum` is the total over the shards, with its clients.
MemoryUse memory_use(const admin::ProcessCounters& process, const admin::ShardCounters& sum);

// What MEMORY DOCTOR says.
std::string memory_advice(const MemoryUse& use, const admin::ShardCounters& sum);

}  // namespace kvstash::server
