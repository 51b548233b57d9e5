// timed_snapshot: one snapshot of one keyspace beside writes, checked and timed.
//
// KVSTASH_SNAPSHOT_ELEMENTS is the number of elements (or keys) that a test should make, to measure
// with many; then the longest step and the longest write are printed, in microseconds of processor
// time, and nothing is compared. For tests; one thread.
#pragma once

#include "base/cpu_time.h"
#include "base/numbers.h"
#include "base/parking.h"
#include "persist/snapshot/shard_snapshots.h"
#include "support/pulled_snapshot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace kvstash::test {

inline constexpr size_t kSnapshotElements = 20'000;

inline size_t snapshot_elements() {
  const char* text = std::getenv("KVSTASH_SNAPSHOT_ELEMENTS");
  return text == nullptr ? kSnapshotElements : parse_uint64(text).value_or(kSnapshotElements);
}

// The processor time of the longest of some pieces of work, and of all.
struct Longest {
  int64_t ns = 0;
  int64_t total_ns = 0;
  template <typename Work>
  void time(const Work& work) {
    const int64_t begin = thread_cpu_ns();
    work();
    const int64_t taken = thread_cpu_ns() - begin;
    ns = std::max(ns, taken);
    total_ns += taken;
  }
};

// Snapshots the keyspace, in slices, while `write` changes it `writes_per_slice` times between two
// of them. Returns the most bytes that overlays took at one time.
template <typename Write>
size_t timed_snapshot(std::string_view what, store::Keyspace& space, store::ShardMemory& memory,
                      size_t writes_per_slice, const Write& write) {
  using persist::Snapshot;
  const bool compares = snapshot_elements() == kSnapshotElements;
  ThreadParking parking;
  persist::ShardSnapshots shard(
      0, memory, [&](const persist::ShardSnapshots::Visit& visit) { visit(0, space); });
  const auto snapshot = std::make_shared<Snapshot>(parking, Snapshot::Options{});
  KeyspaceImage real;
  if (compares) real = without_encoding(image_of(space));
  shard.begin(snapshot);
  PulledSnapshot pulled(snapshot, compares);
  Longest step;
  Longest change;
  size_t overlay_bytes_max = 0;
  for (persist::StepResult result{}; result != persist::StepResult::kDone;) {
    for (size_t i = 0; i < writes_per_slice; ++i)
      change.time(write);
    step.time([&] { result = shard.step(persist::Budget(1000, size_t{256} << 10)); });
    memory.garbage.clear();
    overlay_bytes_max = std::max(overlay_bytes_max, snapshot->progress().overlay_bytes);
    for (int chunks = 0; chunks < 6; ++chunks)
      pulled.pull();
  }
  pulled.pull_all();
  REQUIRE(pulled.is_whole());
  if (compares) {
    CHECK(difference(pulled.images().at(0), real) == "");
    return overlay_bytes_max;
  }
  std::printf(
      "%-14.*s longest step %5ld us, all steps %6ld ms, longest write %5ld us, "
      "overlay %6zu KiB, %zu MiB\n",
      static_cast<int>(what.size()), what.data(), static_cast<long>(step.ns / 1000),
      static_cast<long>(step.total_ns / 1'000'000), static_cast<long>(change.ns / 1000),
      overlay_bytes_max >> 10, pulled.bytes() >> 20);
  return overlay_bytes_max;
}

}  // namespace kvstash::test
