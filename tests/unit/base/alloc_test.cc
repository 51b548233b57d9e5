#include "base/alloc.h"

#include <doctest/doctest.h>

#ifndef KVSTASH_NO_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace kvstash {

TEST_CASE("a block is usable to its last byte and can be given back") {
  for (const size_t bytes : {0u, 1u, 8u, 100u, 4096u, 1u << 20}) {
    CAPTURE(bytes);
    char* block = static_cast<char*>(allocate(bytes));
    REQUIRE(block != nullptr);
    std::memset(block, 0x5a, bytes);
    if (bytes != 0) CHECK(block[bytes - 1] == 0x5a);
    deallocate(block, bytes);
  }
}

TEST_CASE("a block that grows keeps its bytes, wherever it goes") {
  size_t bytes = 10;
  auto* block = static_cast<unsigned char*>(allocate(bytes));
  std::memset(block, 'b', bytes);
  for (const size_t more : {11u, 100u, 5000u, 100'000u, 3'000'000u, 3'100'000u}) {
    block = static_cast<unsigned char*>(reallocate(block, bytes, more));
    CHECK(std::count(block, block + bytes, 'b') == static_cast<ptrdiff_t>(bytes));
    std::memset(block, 'b', more);
    bytes = more;
  }
  deallocate(block, bytes);
}

TEST_CASE("allocation_bytes is enough, never falls, and is its own size class") {
  size_t before = 0;
  for (size_t bytes = 1; bytes < 200'000; ++bytes) {
    const size_t taken = allocation_bytes(bytes);
    if (taken < bytes || taken < before || allocation_bytes(taken) != taken) {
      CAPTURE(bytes);
      FAIL_CHECK("not a size class: ", taken);
    }
    before = taken;
  }
  CHECK(before >= 199'999);
}

#ifndef KVSTASH_NO_JEMALLOC
TEST_CASE("allocation_bytes is what jemalloc really sets aside") {
  const auto check = [](size_t bytes) {
    if (allocation_bytes(bytes) == nallocx(bytes, 0)) return;
    CAPTURE(bytes);
    CHECK(allocation_bytes(bytes) == nallocx(bytes, 0));
  };
  for (size_t bytes = 1; bytes < 100'000; ++bytes)
    check(bytes);
  for (size_t bytes = 100'000; bytes < size_t{1} << 32; bytes += bytes / 7)
    check(bytes);
}
#endif

TEST_CASE("mapped pages are zeroed, and are zeroed again after a release") {
  constexpr size_t kBytes = size_t{1} << 20;
  char* pages = static_cast<char*>(map_pages(kBytes));
  CHECK(pages[0] == 0);
  CHECK(pages[kBytes - 1] == 0);
  std::memset(pages, 1, kBytes);
  release_pages(pages, kBytes / 2);
  CHECK(pages[0] == 0);
  CHECK(pages[kBytes / 2 - 1] == 0);
  CHECK(pages[kBytes / 2] == 1);
  unmap_pages(pages, kBytes);
}

TEST_CASE("the allocator's statistics notice a large block") {
  constexpr size_t kBytes = size_t{32} << 20;
  const size_t before = allocator_stats().allocated;
  char* block = static_cast<char*>(allocate(kBytes));
  std::memset(block, 1, kBytes);  // The libc's statistics are those of touched pages.
  CHECK(allocator_stats().allocated >= before + kBytes / 2);
  CHECK(resident_bytes() >= kBytes);
  deallocate(block, kBytes);
  allocator_purge();
}

#ifndef KVSTASH_NO_JEMALLOC
TEST_CASE("freed blocks that are kept for the thread can be given back") {
  constexpr size_t kBytes = size_t{32} << 10;
  std::vector<void*> blocks;
  allocator_flush_thread();
  const size_t before = allocator_stats().allocated;
  for (int i = 0; i < 16; ++i)
    blocks.push_back(allocate(kBytes));
  for (void* block : blocks)
    deallocate(block, kBytes);
  allocator_flush_thread();
  CHECK(allocator_stats().allocated < before + 2 * kBytes);
}
#endif

TEST_CASE("the allocator has a name") {
  const std::string_view name = allocator_name();
  CHECK((name.starts_with("jemalloc-") || name == "libc"));
}

}  // namespace kvstash
