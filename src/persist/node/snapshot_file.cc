#include "persist/node/snapshot_file.h"

#include <memory>
#include <optional>
#include <utility>

namespace kvstash::persist {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 18;
constexpr uint64_t kSyncBytes = uint64_t{32} << 20;

// Writes in large pieces, and syncs now and then.
class Writer {
 public:
  Writer(DiskFile& file, bool syncs_often) : file_(&file), syncs_often_(syncs_often) {}

  // Writes `out` and clears it, if it is at least `bytes_min` long.
  Status write(std::string& out, size_t bytes_min) {
    if (out.size() < bytes_min) return {};
    if (Status written = write_all(*file_, out); !written.ok()) return written;
    bytes_ += out.size();
    unsynced_ += out.size();
    out.clear();
    if (out.capacity() > 4 * kWriteBytes) out.shrink_to_fit();
    if (!syncs_often_ || unsynced_ < kSyncBytes) return {};
    unsynced_ = 0;
    return file_->sync();
  }

  uint64_t bytes() const { return bytes_; }

 private:
  DiskFile* file_;
  bool syncs_often_;
  uint64_t bytes_ = 0;
  uint64_t unsynced_ = 0;
};

}  // namespace

Status pull_snapshot(Snapshot& snapshot, SnapshotForm& form, std::string& out,
                     const TakeBytes& take) {
  const auto pull = [&]() -> Status {
    for (;;) {
      Result<std::optional<Chunk>> chunk = snapshot.next();
      if (!chunk.ok()) return chunk.error();
      if (!*chunk) break;
      form.add(*std::move(*chunk));
      if (Status taken = take(out, false); !taken.ok()) return taken;
    }
    if (Status whole = form.end(); !whole.ok()) return whole;
    return take(out, true);
  };
  Status done = pull();
  if (!done.ok()) snapshot.let_go(std::string(done.error().message()));
  return done;
}

Result<uint64_t> write_snapshot_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                     SnapshotForm& form, std::string& out,
                                     const SnapshotFileOptions& options) {
  const auto write = [&]() -> Result<uint64_t> {
    Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kReplace);
    if (!file.ok()) return file.error();
    Writer writer(**file, options.syncs_often);
    Status pulled =
        pull_snapshot(snapshot, form, out, [&](std::string& bytes, bool is_end) -> Status {
          if (Status written = writer.write(bytes, is_end ? 1 : kWriteBytes); !written.ok())
            return written;
          if (options.pace && !is_end) options.pace();
          return {};
        });
    if (!pulled.ok()) return pulled.error();
    if (Status synced = (*file)->sync(); !synced.ok()) return synced.error();
    if (Status closed = (*file)->close(); !closed.ok()) return closed.error();
    return writer.bytes();
  };
  Result<uint64_t> bytes = write();
  if (bytes.ok()) return bytes;
  snapshot.let_go(std::string(bytes.error().message()));
  // The error that matters is the first.
  static_cast<void>(disk.remove(path).ok());
  return bytes;
}

}  // namespace kvstash::persist
