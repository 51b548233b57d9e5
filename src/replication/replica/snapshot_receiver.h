// SnapshotReceiver: takes the snapshot of a primary into a file, and looks through it as it comes:
// whether it is whole and undamaged is known before any data here is touched.
//
// One thread. Errors are sentences for the log. The file is removed with the object.
#pragma once

#include "base/disk.h"
#include "base/result.h"
#include "persist/rdb/file_reader.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kvstash::replication {

// What the snapshot says of itself.
struct SnapshotContent {
  uint64_t keys = 0;
  // The database of the stream behind it, until that selects another one; nothing: it says nothing.
  std::optional<uint64_t> stream_db;
};

class SnapshotReceiver {
 public:
  // `disk` outlives the object. `path` is that of the file to make; an old file there is replaced.
  // `checks_sum`: a wrong checksum is an error.
  static Result<std::unique_ptr<SnapshotReceiver>> create(Disk& disk, std::string path,
                                                          bool checks_sum);
  // create() makes the file, which is open for writing.
  SnapshotReceiver(Disk& disk, std::string path, std::unique_ptr<DiskFile> file, bool checks_sum)
      : disk_(&disk), path_(std::move(path)), file_(std::move(file)), reader_(checks_sum) {}
  ~SnapshotReceiver();
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;

  Status take(std::string_view bytes);
  // Called when there are no more bytes: an error if the snapshot is not whole.
  Status finish();

  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }  // Taken so far.
  const SnapshotContent& content() const { return content_; }

 private:
  Status look_through();

  Disk* disk_;
  std::string path_;
  std::unique_ptr<DiskFile> file_;  // Null once it is finished.
  persist::rdb::FileReader reader_;
  uint64_t bytes_ = 0;
  SnapshotContent content_;
};

}  // namespace kvstash::replication
