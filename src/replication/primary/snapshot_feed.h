// SnapshotFeed: the bytes of a snapshot on their way from the thread that makes them to the
// connections of replicas, which all read the same ones.
//
//   kv-repl-sync: put(), put(), ... end() ──> pieces ──┬──> Reader
//                                                      └──> Reader
//
// Bounded: put() waits while the slowest reader is more than `bytes_max` behind. A reader that goes
// away is not waited for. Any thread, unless a function says otherwise.
#pragma once

#include "base/parking.h"
#include "base/result.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::replication {

class SnapshotFeed {
 public:
  using Piece = std::shared_ptr<const std::string>;

  // `arrived` is called after each change that readers may wait for. `parking` outlives the feed.
  SnapshotFeed(Parking& parking, size_t bytes_max, std::function<void()> arrived);
  SnapshotFeed(const SnapshotFeed&) = delete;
  SnapshotFeed& operator=(const SnapshotFeed&) = delete;

  // ---- The thread that makes the snapshot.
  // Adds bytes. An Error says why nobody wants more: it is a sentence for the log.
  Status put(std::string bytes);
  // The snapshot is whole.
  void end();

  // ---- Any thread.
  // The snapshot will not be whole. The first reason counts; what end() has ended stays so.
  void fail(std::string_view why);
  size_t readers() const;

  class Reader {
   public:
    // Reads from the beginning: made before the first put().
    explicit Reader(std::shared_ptr<SnapshotFeed> feed);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Returns the next piece; null: there is none yet, or none any more.
    Piece next();
    enum class State : uint8_t {
      kWaits,   // There is no piece now.
      kHas,     // next() gives one.
      kEnded,   // All was given.
      kFailed,  // failure() says why; there will be no more.
    };
    State state() const;
    std::string failure() const;

   private:
    friend class SnapshotFeed;
    std::shared_ptr<SnapshotFeed> feed_;
    uint64_t at_ = 0;  // The number of the next piece.
  };

 private:
  enum class End : uint8_t { kOpen, kEnded, kFailed };

  void drop_read();

  Parking* parking_;
  const size_t bytes_max_;
  std::function<void()> arrived_;
  std::atomic<uint32_t> room_{0};  // Changes when a writer that waits is to look again.
  mutable std::mutex lock_;        // Held for a few instructions.
  std::deque<Piece> pieces_;
  uint64_t first_ = 0;  // The number of the first piece that is kept.
  size_t bytes_ = 0;    // Of those that are kept.
  std::vector<Reader*> readers_;
  End end_ = End::kOpen;
  std::string failure_;
};

}  // namespace kvstash::replication
