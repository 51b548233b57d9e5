// Loader: puts what files hold into the shards of a running node, while clients are told that data
// is being loaded.
//
//   files ──> Loader's thread: reads, finds entries and records ──> shards: decode and store
//
// Entries of an RDB go to the shards of their keys in batches, and are decoded there, on all shards
// at once. Records of a log go to the shard of their keys; those that need several shards wait for
// everything before them, and run while all shards are held. So everything happens in the order of
// the files.
//
// The node must be loading (ShardSet::set_loading). Blocking: used by one thread that is no
// shard's.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "engine/execution/key.h"
#include "engine/shard_set.h"
#include "persist/rdb/file_reader.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

// Where a file says that the stream goes on.
struct LoadedStream {
  std::string replid;
  uint64_t offset = 0;
};

struct LoadOptions {
  // Keys whose deadline has passed are left out. Not for a file behind which a log is replayed.
  bool drops_expired = true;
  // A key that is there already is an error; else the new value replaces it.
  bool is_fresh = true;
  bool checks_sum = true;  // rdbchecksum
  // Called by load_rdb() after each key; may wait. Empty: nothing is called.
  std::function<void()> after_key{};
  // Called by load_rdb() after each piece of the file. False: the load is given up, which is an
  // error.
  std::function<bool()> goes_on{};
};

// How far a load has come. Any thread may read. What the reading thread writes and what the shards
// write stand in cache lines of their own.
struct LoadProgress {
  std::atomic<uint64_t> bytes_total{0};
  std::atomic<uint64_t> bytes_loaded{0};
  alignas(64) std::atomic<uint64_t> keys_loaded{0};
  std::atomic<uint64_t> keys_expired{0};
};

class Loader {
 public:
  Loader(engine::ShardSet& set, Disk& disk, LoadProgress& progress);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Loads an RDB file, or the RDB at the beginning of a file that a log follows: then `rest_begin`
  // is set to where the log begins. The errors of all functions are sentences for the log.
  Status load_rdb(const std::string& path, const LoadOptions& options,
                  std::optional<uint64_t>* rest_begin = nullptr);
  // Runs the records of a file from `begin` to `end`, places between records.
  Status load_records(const std::string& path, uint64_t begin, uint64_t end);
  // Waits until the shards have done everything. Returns the first error of any of them.
  Status finish();

  // What the RDB said.
  const std::optional<LoadedStream>& stream() const { return stream_; }

 private:
  struct Entry;
  struct Batch;
  struct Records;
  struct Shared;

  Status take_event(const rdb::FileEvent& event, const rdb::FileReader& reader,
                    const LoadOptions& options, const std::string& path);
  Status take_entry(const rdb::FileEntry& entry, const rdb::FileReader& reader,
                    const LoadOptions& options);
  Status take_record(std::span<const std::string_view> argv);
  Status run_held(std::vector<std::vector<std::string>> records);
  void make_room(uint64_t keys);
  void send_entries(size_t shard);
  static uint64_t store_entries(const Batch& batch, const engine::Hold& hold,
                                engine::ShardData& data, Shared& shared);
  void send_records(size_t shard);
  void send_all();
  void wait_for_room(size_t shard);
  void wait_until_idle();
  Status failure() const;

  engine::ShardSet* set_;
  Disk* disk_;
  LoadProgress* progress_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Batch>> entries_;    // By shard: the next batch.
  std::vector<std::unique_ptr<Records>> records_;  // By shard: the next batch.
  engine::DbIndex db_{};
  std::optional<LoadedStream> stream_;
  std::string replid_;
  uint64_t expected_keys_max_ =
      0;  // What the file says about the number of keys counts up to this.
};

}  // namespace kvstash::persist
