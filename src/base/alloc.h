// alloc: sized allocation for the store, through jemalloc where it is linked.
//
// Callers remember the size they asked for, so that nothing is stored beside the block and freeing
// needs no look-up. `allocation_bytes(n)` is what a request for n bytes really takes: two requests
// of the same allocation_bytes may share a block without moving. Any thread; out of memory panics.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash {

void* allocate(size_t bytes);
void deallocate(void* block, size_t bytes);  // `bytes` as asked for, or of the same size class.
// Makes a block larger: where it is if there is room behind it, else it moves with its `old_bytes`.
void* reallocate(void* block, size_t old_bytes, size_t bytes);

// Bytes the allocator sets aside for a request. Pure; about 1 ns.
size_t allocation_bytes(size_t bytes);

// Zeroed, page-aligned memory straight from the kernel, for large arrays: pages cost nothing until
// touched, and a part can be given back early with `release_pages`. Sizes in bytes. Not behind huge
// pages: huge_pages.h offers those.
void* map_pages(size_t bytes);
void unmap_pages(void* block, size_t bytes);
void release_pages(void* block, size_t bytes);

struct AllocatorStats {
  size_t allocated = 0;  // Handed out to the program.
  size_t active = 0;     // In pages with at least one allocation.
  size_t resident = 0;   // Held from the kernel, metadata and dirty pages counted.
  size_t retained = 0;   // Address space kept without pages.
  size_t mapped = 0;
};

// A consistent reading; tens of microseconds, so for cron and INFO only.
AllocatorStats allocator_stats();
const char* allocator_name();  // "jemalloc-5.3.0" or "libc".
void allocator_purge();        // Gives unused pages back to the kernel.
// Gives back what the allocator keeps at hand for this thread, which counts as allocated: up to a
// few megabytes of freed blocks. Tens of microseconds; the next allocations are slower.
void allocator_flush_thread();
size_t resident_bytes();  // RSS of the process, from /proc.

}  // namespace kvstash
