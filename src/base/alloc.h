// alloc: sized allocation for the store, through jemalloc where it is linked.
//
// Callers remember the size they asked for, so that nothing is stored beside the block and freeing
// needs no look-up. `allocation_bytes(n)` is the size that a request for n bytes really takes:
// values whose sizes have the same allocation_bytes can replace each other in one block. Any
// thread; panics when memory runs out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash {

void* allocate(size_t bytes);
void deallocate(void* block, size_t bytes);  // The size asked for, or one of its class.
// Makes a block larger, in place if there is room behind it; else it moves with its `old_bytes`.
void* reallocate(void* block, size_t old_bytes, size_t bytes);

// Returns the bytes that the allocator sets aside for a request. Pure; about 1 ns.
size_t allocation_bytes(size_t bytes);

// Zeroed, page-aligned memory straight from the kernel, for large arrays. A page costs nothing
// until it is touched, and parts can be given back early with `release_pages`. Sizes are in bytes.
// The memory is not behind huge pages: huge_pages.h offers those.
void* map_pages(size_t bytes);
void unmap_pages(void* block, size_t bytes);
void release_pages(void* block, size_t bytes);

struct AllocatorStats {
  size_t allocated = 0;  // Handed out to the program.
  size_t active = 0;     // In pages with at least one allocation.
  size_t resident = 0;   // Held from the kernel, with metadata and dirty pages.
  size_t retained = 0;   // Address space kept without pages.
  size_t mapped = 0;
};

// Reads the allocator's numbers. Takes tens of microseconds, so it is for cron and INFO only.
AllocatorStats allocator_stats();

// A node's port for how much memory it takes. Any thread.
class MemoryMeter {
 public:
  virtual ~MemoryMeter() = default;
  // Returns the bytes that are handed out to the program. `known_bytes`: those that the node knows
  // of.
  virtual size_t allocated(size_t known_bytes) const = 0;
};

class SystemMemoryMeter final : public MemoryMeter {
 public:
  size_t allocated(size_t) const override { return allocator_stats().allocated; }
};

const char* allocator_name();  // "jemalloc-5.3.0" or "libc".
void allocator_purge();        // Gives unused pages back to the kernel.
// Gives back the freed blocks that the allocator caches for this thread: up to a few megabytes.
// Takes tens of microseconds, and the next allocations are slower.
void allocator_flush_thread();
size_t resident_bytes();  // RSS of the process, from /proc.

}  // namespace kvstash
