#include "server/memory_use.h"

#include <doctest/doctest.h>

namespace kvstash::server {
namespace {

constexpr uint64_t kMega = uint64_t{1} << 20;

admin::ProcessCounters process_of(uint64_t used_mega, uint64_t resident_mega) {
  admin::ProcessCounters process;
  process.used_memory = used_mega * kMega;
  process.peak_memory = used_mega * kMega;
  process.start_memory = kMega;
  process.resident_memory = resident_mega * kMega;
  process.allocator = {
      .allocated = used_mega * kMega, .active = used_mega * kMega, .resident = used_mega * kMega};
  return process;
}

std::string advice(const admin::ProcessCounters& process, const admin::ShardCounters& sum = {}) {
  return memory_advice(memory_use(process, sum), sum);
}

bool mentions(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("overhead is what was there at the start, connections and tables; the rest is data") {
  admin::ShardCounters sum;
  sum.clients.bytes = 2 * kMega;
  sum.dbs = {{.db = 0, .keys = 10, .table_bytes = kMega},
             {.db = 1, .keys = 6, .table_bytes = kMega}};
  const MemoryUse use = memory_use(process_of(17, 34), sum);
  CHECK(use.overhead == 5 * kMega);
  CHECK(use.dataset == 12 * kMega);
  CHECK(use.dataset_percent == 75);
  CHECK(use.keys == 16);
  CHECK(use.bytes_per_key == kMega);
  CHECK(use.whole.ratio == 2);
  CHECK(use.whole.bytes == static_cast<int64_t>(17 * kMega));
}

TEST_CASE("nothing is divided by zero, and nothing falls below it") {
  const MemoryUse use = memory_use({}, {});
  CHECK(use.dataset == 0);
  CHECK(use.dataset_percent == 0);
  CHECK(use.whole.ratio == 0);
}

TEST_CASE("the doctor finds what is wrong, and only that") {
  CHECK(mentions(advice(process_of(1, 1)), "too little data"));
  CHECK(mentions(advice(process_of(100, 100)), "can't find any memory issue"));

  admin::ProcessCounters peaked = process_of(100, 100);
  peaked.peak_memory = 151 * kMega;
  CHECK(mentions(advice(peaked), "Peak memory"));
  CHECK_FALSE(mentions(advice(peaked), "fragmentation: pages"));

  admin::ProcessCounters sparse = process_of(100, 200);
  sparse.allocator.active = sparse.allocator.resident = 200 * kMega;
  CHECK(mentions(advice(sparse), "allocator fragmentation"));
  CHECK_FALSE(mentions(advice(sparse), "process overhead"));

  CHECK(mentions(advice(process_of(100, 200)), "process overhead"));

  admin::ShardCounters sum;
  sum.connections = 2;
  sum.clients.bytes = kMega;
  CHECK(mentions(advice(process_of(100, 100), sum), "client buffers"));
}

TEST_CASE("memory in use at an earlier time has the arrays that the allocator knows nothing of") {
  admin::ProcessCounters process = process_of(10, 12);
  process.used_memory += 3 * kMega;
  CHECK(used_memory_at(9 * kMega, process) == 12 * kMega);
  process.used_memory = 9 * kMega;  // Freed between the two readings.
  CHECK(used_memory_at(8 * kMega, process) == 8 * kMega);
}

}  // namespace kvstash::server
