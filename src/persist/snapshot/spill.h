// Spill: where the chunks of a snapshot wait that its reader does not take in time.
//
//   a shard ── put() ──> in ──> tail ──> slots of a scratch file ──> head ──> out ── take() ──>
//   reader
//
// Each lane of the snapshot has such a way, which keeps the order. Between the two ends is a
// thread, which is started by the first put(): no shard makes a call that the file system could
// hold up, and the reader may stand in a long write of its own. The thread keeps a little ready for
// the reader and writes the rest to the file. What it cannot write, because the file is full or
// failed or the disk is slow, waits in memory: `memory_bytes` tells the user of the spill, who
// keeps the bound.
//
// Each function says who may call it.
#pragma once

#include "base/result.h"
#include "engine/node_ports.h"
#include "persist/journal/background_shell.h"
#include "persist/snapshot/chunk_lane.h"
#include "persist/snapshot/spill_file.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::persist {

class Spill {
 public:
  struct Options {
    const engine::NodePorts* ports = nullptr;  // Outlive the spill. Null: there is no spill.
    std::string directory = ".";
    uint64_t bytes_max = 0;  // Of the file.
    // What is kept ready for the reader, over all lanes, and what is written at once, at most.
    size_t ready_bytes = size_t{2} << 20;
    size_t slot_bytes = size_t{256} << 10;
    // Called when the file is made, on the thread of the spill.
    std::function<void()> began = [] {};
    // Else the owner calls step() itself, as tests do.
    bool has_thread = true;
  };
  // How the spill speaks to the snapshot, on its thread.
  struct Listener {
    std::function<void()> arrived;                    // Something can be taken.
    std::function<void(std::string reason)> is_lost;  // Chunks cannot be read back. Called once.
  };

  Spill(size_t lanes, Options options, Listener listener);
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;
  ~Spill() { end(); }

  // The thread that puts into the lane.
  void put(size_t lane, ChunkLane::Item item);

  // ---- The reader.
  bool has(size_t lane) const { return !lanes_[lane]->out.empty(); }
  std::optional<ChunkLane::Item> take(size_t lane);
  // The reader takes no more: ends the thread, for which it may have to wait, and frees everything.
  void end();

  // ---- Any thread.
  // Whether something was put into the lane that was not taken yet.
  bool is_used(size_t lane) const { return lanes_[lane]->waiting.load() != 0; }
  size_t memory_bytes() const;
  uint64_t file_bytes() const { return file_bytes_.load(std::memory_order_relaxed); }
  // Why more and more waits in memory; a part of a sentence.
  std::string trouble() const;

  // ---- The thread, or the owner if there is none. Returns whether there may be more to do.
  bool step();

 private:
  struct alignas(64) Lane {
    size_t buffer_bytes() const;
    void free_buffers();

    ChunkLane in;
    ChunkLane out;
    std::atomic<size_t> waiting = 0;  // Items that were put and not taken.
    // The thread's:
    std::string tail;  // Items as bytes, the last of which is whole.
    std::deque<SpillFile::Slot> slots;
    std::string head;    // Items as bytes, the first of which is whole at `head_at`.
    size_t head_at = 0;  // The bytes before were taken.
  };

  void start();
  bool fill(Lane& lane);
  bool refill(Lane& lane);
  void arrive(Lane& lane, ChunkLane::Item item);
  bool store(Lane& lane);
  bool write_slot(Lane& lane);
  void publish();

  Options options_;
  Listener listener_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  size_t out_bytes_max_;  // Of a lane: what is kept ready.

  // The thread's:
  SpillFile file_;
  bool has_begun_ = false;
  bool is_lost_ = false;

  std::atomic<size_t> buffer_bytes_ = 0;
  std::atomic<uint64_t> file_bytes_ = 0;
  std::atomic<bool> is_full_ = false;
  std::atomic<bool> is_broken_ = false;  // The file cannot be written.
  mutable std::mutex reason_mutex_;      // Held for a few instructions, once something failed.
  std::string reason_;
  std::mutex start_mutex_;  // Held while the thread is started; not taken after that.
  std::atomic<bool> runs_ = false;
  bool has_ended_ = false;
  BackgroundShell shell_;  // Last: its thread uses all of the above.
};

}  // namespace kvstash::persist
