#include "server/memory_use.h"

#include <vector>

namespace kvstash::server {
namespace {

// With less memory than this, ratios say nothing.
constexpr uint64_t kAdviceBytesMin = uint64_t{5} << 20;
constexpr uint64_t kClientBytesMax = uint64_t{200} << 10;

double ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

Fragmentation compare(uint64_t actual, uint64_t ideal) {
  return {.ratio = ratio(actual, ideal), .bytes = static_cast<int64_t>(actual - ideal)};
}

}  // namespace

uint64_t used_memory_at(uint64_t allocated, const admin::ProcessCounters& process) {
  const uint64_t mapped = process.used_memory > process.allocator.allocated
                              ? process.used_memory - process.allocator.allocated
                              : 0;
  return allocated + mapped;
}

MemoryUse memory_use(const admin::ProcessCounters& process, const admin::ShardCounters& sum) {
  MemoryUse use;
  use.used = process.used_memory;
  use.peak = process.peak_memory;
  use.start = process.start_memory;
  use.overhead = process.start_memory + sum.clients.bytes + sum.scripts.eval_vm_bytes +
                 sum.scripts.functions_vm_bytes + process.cached_scripts_bytes +
                 process.libraries_bytes;
  for (const admin::DbCounters& db : sum.dbs) {
    use.overhead += db.table_bytes;
    use.keys += db.keys;
  }
  const uint64_t grown = use.used > use.start ? use.used - use.start : 0;
  use.dataset = use.used > use.overhead ? use.used - use.overhead : 0;
  use.dataset_percent = 100 * ratio(use.dataset, grown);
  use.peak_percent = 100 * ratio(use.used, use.peak);
  use.bytes_per_key = use.keys == 0 ? 0 : grown / use.keys;
  use.allocator = compare(process.allocator.active, process.allocator.allocated);
  use.allocator_rss = compare(process.allocator.resident, process.allocator.active);
  use.process_rss = compare(process.resident_memory, process.allocator.resident);
  use.whole = compare(process.resident_memory, use.used);
  return use;
}

std::string memory_advice(const MemoryUse& use, const admin::ShardCounters& sum) {
  if (use.used < kAdviceBytesMin)
    return "Hi Sam, there is too little data in this instance for me to find issues. Come back "
           "when "
           "it holds a few megabytes.\n";
  std::vector<std::string> issues;
  if (use.peak_percent * 1.5 < 100)
    issues.emplace_back(
        "Peak memory: this instance once used more than one and a half times the memory it uses "
        "now. The allocator may keep some of it, and the fragmentation shown is then too high. "
        "MEMORY PURGE gives unused pages back.");
  if (use.allocator.ratio > 1.1 && use.allocator.bytes > int64_t{10} << 20)
    issues.emplace_back(
        "High allocator fragmentation: pages are only partly filled, as after many keys were "
        "deleted or changed in size.");
  if (use.allocator_rss.ratio > 1.1 && use.allocator_rss.bytes > int64_t{10} << 20)
    issues.emplace_back(
        "High allocator overhead: the allocator holds pages that nothing uses. MEMORY PURGE gives "
        "them back.");
  if (use.process_rss.ratio > 1.1 && use.process_rss.bytes > int64_t{10} << 20)
    issues.emplace_back(
        "High process overhead: memory that does not come from the allocator, such as the tables "
        "of "
        "a very large keyspace or the stacks of threads.");
  if (sum.connections != 0 && sum.clients.bytes / sum.connections > kClientBytesMax)
    issues.emplace_back(
        "Big client buffers: connections hold more than 200 KiB each on average. Look for clients "
        "that do not read their replies, with CLIENT LIST.");
  if (issues.empty()) return "Hi Sam, I can't find any memory issue in your instance.\n";
  std::string text = "Sam, I detected a few issues in this instance:\n\n";
  for (const std::string& issue : issues)
    text += " * " + issue + "\n\n";
  return text;
}

}  // namespace kvstash::server
