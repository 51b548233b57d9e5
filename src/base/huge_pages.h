// HugePages: memory for large arrays behind huge pages that are present before a shard touches
// them.
//
// A huge page saves a look-up in the processor's page table for each cache line that is fetched at
// random. Its first touch, however, may stop the touching thread for several milliseconds, because
// the kernel has to compact memory for it. So the user of a region goes through it from the
// beginning to the end, and a thread of this class ("kv-pages", started with the first request)
// touches the pages shortly before.
//
// Any thread may call every function. Requests are bounded by the number of regions: each region is
// in the queue at most once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kvstash {

class HugePages {
 public:
  static constexpr size_t kPageBytes = size_t{2} << 20;

  // Zeroed memory of a fixed size, aligned to kPageBytes; given back to the kernel when its last
  // owner is gone.
  class Region {
   public:
    Region(size_t bytes, std::shared_ptr<std::atomic<size_t>> total);
    ~Region();
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    void* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    // The number of bytes from the beginning whose pages are present.
    size_t ready() const { return ready_.load(std::memory_order_acquire); }
    // Gives a part that is no longer needed back to the kernel. `offset` and `bytes` are multiples
    // of kPageBytes, and the part must be ready.
    void release(size_t offset, size_t bytes);

   private:
    friend class HugePages;
    void touch_next();

    char* data_;
    size_t bytes_;
    std::atomic<size_t> ready_{0};
    std::atomic<size_t> wanted_{0};
    size_t released_ = 0;
    std::shared_ptr<std::atomic<size_t>> total_;  // Bytes present in all regions.
  };

  HugePages() = default;
  ~HugePages();
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  // Whether the kernel gives huge pages to programs that ask for them.
  static bool are_available();

  // Reserves address space for `bytes`, without pages yet. Panics if there is none.
  std::shared_ptr<Region> map(size_t bytes);

  // Asks that the first `bytes` of the region become ready soon.
  void want(const std::shared_ptr<Region>& region, size_t bytes);

  // The bytes of all regions whose pages are present.
  size_t bytes() const { return total_->load(std::memory_order_relaxed); }

 private:
  void run();

  std::shared_ptr<std::atomic<size_t>> total_ = std::make_shared<std::atomic<size_t>>(0);
  std::mutex lock_;  // Held to change the queue, never while a page is touched.
  std::condition_variable filled_;
  std::vector<std::shared_ptr<Region>> queue_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace kvstash
