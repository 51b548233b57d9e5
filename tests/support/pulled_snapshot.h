// PulledSnapshot: collects what a snapshot gives, compressed as a file would have it, and reads it.
//
// For tests; used by the thread that pulls the snapshot.
#pragma once

#include "persist/snapshot/snapshot.h"
#include "support/rdb_image.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kvstash::test {

class PulledSnapshot {
 public:
  // `keeps`: keeps the bytes, to read them; else they are only counted.
  explicit PulledSnapshot(std::shared_ptr<persist::Snapshot> snapshot, bool keeps = true)
      : snapshot_(std::move(snapshot)), keeps_(keeps) {}

  // Takes one chunk, if there is one. Returns false once the snapshot has ended.
  bool pull() {
    bool is_empty = false;
    Result<std::optional<persist::Chunk>> taken = snapshot_->try_next(is_empty);
    return is_empty || add(std::move(taken));
  }
  // Takes all that come, waiting for them.
  void pull_all() {
    while (add(snapshot_->next())) {
    }
  }

  bool is_whole() const { return is_whole_; }
  const std::string& error() const { return error_; }
  size_t bytes() const { return pulled_bytes_; }  // Before they were compressed.

  // What the snapshot holds of each database. The numbers of keys must be those of the cut.
  std::map<uint32_t, KeyspaceImage> images() const {
    ensure(is_whole_ && keeps_);
    std::map<uint32_t, KeyspaceImage> images = RdbImages::read(bytes_);
    ensure(images.size() == snapshot_->databases().size());
    for (const persist::Snapshot::Database& database : snapshot_->databases())
      ensure(images.at(database.db).size() == database.keys);
    return images;
  }

 private:
  bool add(Result<std::optional<persist::Chunk>> taken) {
    if (!taken.ok()) {
      error_ = std::string(taken.error().message());
      return false;
    }
    is_whole_ = !taken->has_value();
    if (is_whole_) return false;
    persist::Chunk chunk = std::move(**taken);
    ensure(!chunk.encoded.bytes.empty());
    pulled_bytes_ += chunk.encoded.bytes.size();
    if (!keeps_) return true;
    if (chunk.db != db_) {
      persist::rdb::Encoded select;
      persist::rdb::Encoder encoder(select);
      encoder.opcode(persist::rdb::Opcode::kSelectDb);
      encoder.length(chunk.db);
      bytes_ += select.bytes;
      db_ = chunk.db;
    }
    bytes_ += persist::rdb::compress(std::move(chunk.encoded));
    return true;
  }

  std::shared_ptr<persist::Snapshot> snapshot_;
  bool keeps_;
  size_t pulled_bytes_ = 0;
  std::string bytes_;
  uint32_t db_ = 0;
  bool is_whole_ = false;
  std::string error_;
};

}  // namespace kvstash::test
