#include "base/alloc.h"

#include "base/ensure.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifndef KVSTASH_NO_JEMALLOC
#include <jemalloc/jemalloc.h>

// jemalloc reads this symbol at start. Entries of one size class are in slabs. With the default of
// one page for the classes of 32 and 64 bytes, jemalloc spends 128 bytes of metadata for every 4
// KiB (measured: 66.1 bytes of RSS per 64-byte entry, 64.4 with 8-page slabs). Background threads
// purge, so that giving memory back never stops a shard.
extern "C" {
const char* malloc_conf =
    "slab_sizes:1-64:8,background_thread:true,dirty_decay_ms:5000,muzzy_decay_ms:0";
}
#endif

namespace kvstash {
#ifndef KVSTASH_NO_JEMALLOC

void* allocate(size_t bytes) {
  void* block = mallocx(bytes == 0 ? 1 : bytes, 0);
  if (block == nullptr) [[unlikely]]
    panic(__FILE__, __LINE__, "out of memory");
  return block;
}

void deallocate(void* block, size_t bytes) {
  sdallocx(block, bytes == 0 ? 1 : bytes, 0);
}

void* reallocate(void* block, size_t old_bytes, size_t bytes) {
  ensure(bytes >= old_bytes);
  void* grown = rallocx(block, bytes == 0 ? 1 : bytes, 0);
  if (grown == nullptr) [[unlikely]]
    panic(__FILE__, __LINE__, "out of memory");
  return grown;
}

AllocatorStats allocator_stats() {
  uint64_t epoch = 1;
  size_t length = sizeof(epoch);
  mallctl("epoch", &epoch, &length, &epoch, length);
  const auto read = [](const char* name) {
    size_t value = 0;
    size_t value_length = sizeof(value);
    mallctl(name, &value, &value_length, nullptr, 0);
    return value;
  };
  // jemalloc counts freed blocks that it caches for a thread as allocated, up to megabytes of them.
  // The numbers are read one after the other, so their difference is not exact.
  char of_threads[64];
  std::snprintf(of_threads, sizeof(of_threads), "stats.arenas.%u.tcache_bytes", MALLCTL_ARENAS_ALL);
  const size_t allocated = read("stats.allocated");
  return {.allocated = allocated - std::min(read(of_threads), allocated),
          .active = read("stats.active"),
          .resident = read("stats.resident"),
          .retained = read("stats.retained"),
          .mapped = read("stats.mapped")};
}

const char* allocator_name() {
  return "jemalloc-5.3.0";
}

void allocator_purge() {
  char name[64];
  std::snprintf(name, sizeof(name), "arena.%u.purge", MALLCTL_ARENAS_ALL);
  mallctl(name, nullptr, nullptr, nullptr, 0);
}

void allocator_flush_thread() {
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
}

#else

void* allocate(size_t bytes) {
  // The block is as large and as aligned as one of jemalloc, because callers rely on both.
  const size_t rounded = allocation_bytes(bytes);
  void* block = rounded % 64 == 0 ? std::aligned_alloc(64, rounded) : std::malloc(rounded);
  if (block == nullptr) panic(__FILE__, __LINE__, "out of memory");
  return block;
}

void deallocate(void* block, size_t) {
  std::free(block);
}

// Copies, because realloc would not keep the alignment.
void* reallocate(void* block, size_t old_bytes, size_t bytes) {
  ensure(bytes >= old_bytes);
  void* grown = allocate(bytes);
  std::memcpy(grown, block, old_bytes);
  deallocate(block, old_bytes);
  return grown;
}

AllocatorStats allocator_stats() {
  const size_t resident = resident_bytes();
  return {.allocated = resident, .active = resident, .resident = resident, .mapped = resident};
}

const char* allocator_name() {
  return "libc";
}
void allocator_purge() {}
void allocator_flush_thread() {}

#endif

// jemalloc's size classes are multiples of 16 up to 128 (8 for the smallest), then four to a
// doubling. They are computed here instead of by nallocx, because the store needs them on every
// write.
size_t allocation_bytes(size_t bytes) {
  if (bytes <= 8) return 8;
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const unsigned log2 = 63u - static_cast<unsigned>(__builtin_clzll(bytes - 1));
  const size_t step = size_t{1} << (log2 - 2);
  return (bytes + step - 1) & ~(step - 1);
}

void* map_pages(size_t bytes) {
  void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) panic(__FILE__, __LINE__, "out of memory");
  return block;
}

void unmap_pages(void* block, size_t bytes) {
  munmap(block, bytes);
}
void release_pages(void* block, size_t bytes) {
  madvise(block, bytes, MADV_DONTNEED);
}

size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  size_t total = 0;
  size_t resident = 0;
  const int fields = std::fscanf(file, "%zu %zu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace kvstash
