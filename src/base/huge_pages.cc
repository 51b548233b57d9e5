#include "base/huge_pages.h"

#include "base/ensure.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace kvstash {

HugePages::Region::Region(size_t bytes, std::shared_ptr<std::atomic<size_t>> total)
    : bytes_(bytes), total_(std::move(total)) {
  // The kernel aligns to small pages only, so more is mapped and the rest is given back.
  const size_t mapped = bytes + kPageBytes;
  void* block = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) panic(__FILE__, __LINE__, "out of memory");
  const auto begin = reinterpret_cast<uintptr_t>(block);
  const uintptr_t aligned = (begin + kPageBytes - 1) & ~uintptr_t{kPageBytes - 1};
  data_ = static_cast<char*>(block) + (aligned - begin);
  if (aligned != begin) munmap(block, aligned - begin);
  const size_t behind = mapped - (aligned - begin) - bytes;
  if (behind != 0) munmap(data_ + bytes, behind);
  madvise(data_, bytes, MADV_HUGEPAGE);  // If the kernel refuses, small pages are used.
}

HugePages::Region::~Region() {
  total_->fetch_sub(ready_.load(std::memory_order_relaxed) - released_, std::memory_order_relaxed);
  munmap(data_, bytes_);
}

void HugePages::Region::release(size_t offset, size_t bytes) {
  ensure(offset % kPageBytes == 0 && bytes % kPageBytes == 0 && offset + bytes <= ready());
  madvise(data_ + offset, bytes, MADV_DONTNEED);
  released_ += bytes;
  total_->fetch_sub(bytes, std::memory_order_relaxed);
}

// The region's user may write here at the same time. A kernel before Linux 5.14 has no call that
// fetches a page; there, writing one byte does, which keeps its value.
void HugePages::Region::touch_next() {
  const size_t at = ready_.load(std::memory_order_relaxed);
  const size_t bytes = std::min(kPageBytes, bytes_ - at);
  if (madvise(data_ + at, bytes, MADV_POPULATE_WRITE) != 0)
    __atomic_fetch_or(data_ + at, 0, __ATOMIC_RELAXED);
  total_->fetch_add(bytes, std::memory_order_relaxed);
  ready_.store(at + bytes, std::memory_order_release);
}

HugePages::~HugePages() {
  {
    const std::lock_guard guard(lock_);
    stops_ = true;
  }
  filled_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool HugePages::are_available() {
  std::FILE* file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  if (file == nullptr) return false;
  char words[64] = {};
  const size_t read = std::fread(words, 1, sizeof(words) - 1, file);
  std::fclose(file);
  return read != 0 && std::strstr(words, "[never]") == nullptr;
}

std::shared_ptr<HugePages::Region> HugePages::map(size_t bytes) {
  return std::make_shared<Region>(bytes, total_);
}

void HugePages::want(const std::shared_ptr<Region>& region, size_t bytes) {
  bytes = std::min(bytes, region->bytes());
  if (region->wanted_.load(std::memory_order_relaxed) >= bytes) return;
  {
    const std::lock_guard guard(lock_);
    region->wanted_.store(bytes, std::memory_order_relaxed);
    if (std::ranges::find(queue_, region) == queue_.end()) queue_.push_back(region);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  filled_.notify_one();
}

void HugePages::run() {
  pthread_setname_np(pthread_self(), "kv-pages");
  std::unique_lock guard(lock_);
  for (;;) {
    filled_.wait(guard, [this] { return stops_ || !queue_.empty(); });
    if (stops_) return;
    std::shared_ptr<Region> region = std::move(queue_.back());
    queue_.pop_back();
    while (!stops_ && region->ready() < region->wanted_.load(std::memory_order_relaxed)) {
      guard.unlock();
      region->touch_next();
      guard.lock();
    }
    guard.unlock();
    region.reset();  // This may be the last owner, and unmapping takes time.
    guard.lock();
  }
}

}  // namespace kvstash
