#include "base/huge_pages.h"

#include "base/clock.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <thread>

namespace kvstash {
namespace {

constexpr size_t kPage = HugePages::kPageBytes;

// Waits until `holds()`; false after ten seconds.
template <typename Condition>
bool comes_true(Condition holds) {
  const int64_t until_ns = monotonic_ns() + 10'000'000'000;
  while (!holds()) {
    if (monotonic_ns() > until_ns) return false;
    std::this_thread::yield();
  }
  return true;
}

bool becomes_ready(const HugePages::Region& region, size_t bytes) {
  return comes_true([&] { return region.ready() >= bytes; });
}

}  // namespace

TEST_CASE(
    "a region is zeroed, aligned to a huge page, and has no pages before somebody wants them") {
  HugePages pages;
  const auto region = pages.map(3 * kPage + 100);
  CHECK(reinterpret_cast<uintptr_t>(region->data()) % kPage == 0);
  CHECK(region->bytes() == 3 * kPage + 100);
  CHECK(region->ready() == 0);
  CHECK(pages.bytes() == 0);
  CHECK(static_cast<const char*>(region->data())[3 * kPage + 99] == 0);
}

TEST_CASE("wanted pages become ready in order, and what stands in them stays") {
  HugePages pages;
  const auto region = pages.map(4 * kPage);
  std::memset(region->data(), 'x', kPage);  // The user is ahead.
  pages.want(region, kPage + 1);
  REQUIRE(becomes_ready(*region, 2 * kPage));
  CHECK(static_cast<const char*>(region->data())[0] == 'x');
  CHECK(region->ready() == 2 * kPage);
  pages.want(region, 100 * kPage);
  REQUIRE(becomes_ready(*region, 4 * kPage));
  CHECK(pages.bytes() == 4 * kPage);
}

TEST_CASE("what is released, and what has no owner any more, is not counted") {
  HugePages pages;
  auto region = pages.map(4 * kPage);
  pages.want(region, 4 * kPage);
  REQUIRE(becomes_ready(*region, 4 * kPage));
  region->release(kPage, 2 * kPage);
  CHECK(pages.bytes() == 2 * kPage);
  region.reset();
  // The thread may hold it for a moment longer.
  CHECK(comes_true([&] { return pages.bytes() == 0; }));
}

TEST_CASE("regions that nobody owns any more do not keep the thread from ending") {
  HugePages pages;
  for (int i = 0; i < 20; ++i)
    pages.want(pages.map(8 * kPage), 8 * kPage);
}

}  // namespace kvstash
