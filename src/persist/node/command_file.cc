#include "persist/node/command_file.h"

#include "persist/aof/entry_commands.h"

#include <memory>
#include <optional>
#include <utility>

namespace kvstash::persist {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 18;
constexpr uint64_t kSyncBytes = uint64_t{32} << 20;

class CommandFile {
 public:
  CommandFile(DiskFile& file, bool syncs_often)
      : file_(&file), syncs_often_(syncs_often), commands_(out_) {}

  void write_head(const RdbFacts& facts, bool has_timestamp) {
    if (has_timestamp) out_ += "#TS:" + std::to_string(facts.unix_s) + "\r\n";
    for (const std::string& code : facts.functions)
      commands_.function(code);
  }

  Status write(const Chunk& chunk) {
    commands_.add(chunk.db, chunk.encoded.bytes);
    return write_out(kWriteBytes);
  }

  Status finish() {
    if (Status whole = commands_.finish(); !whole.ok()) return whole;
    if (Status written = write_out(1); !written.ok()) return written;
    return file_->sync();
  }

  uint64_t bytes() const { return bytes_; }

 private:
  // Writes what is there to the file, if it is at least `bytes_min`.
  Status write_out(size_t bytes_min) {
    if (out_.size() < bytes_min) return {};
    if (Status written = write_all(*file_, out_); !written.ok()) return written;
    bytes_ += out_.size();
    unsynced_ += out_.size();
    out_.clear();
    if (out_.capacity() > 4 * kWriteBytes) out_.shrink_to_fit();
    if (!syncs_often_ || unsynced_ < kSyncBytes) return {};
    unsynced_ = 0;
    return file_->sync();
  }

  DiskFile* file_;
  bool syncs_often_;
  std::string out_;
  EntryCommands commands_;
  uint64_t bytes_ = 0;
  uint64_t unsynced_ = 0;
};

}  // namespace

Result<uint64_t> write_command_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                    const RdbFacts& facts, const RdbFileOptions& options,
                                    bool has_timestamp) {
  const auto write = [&]() -> Result<uint64_t> {
    Result<std::unique_ptr<DiskFile>> file = disk.open(path, Disk::Access::kReplace);
    if (!file.ok()) return file.error();
    CommandFile commands(**file, options.syncs_often);
    commands.write_head(facts, has_timestamp);
    for (;;) {
      const Result<std::optional<Chunk>> chunk = snapshot.next();
      if (!chunk.ok()) return chunk.error();
      if (!*chunk) break;
      if (Status written = commands.write(**chunk); !written.ok()) return written.error();
      if (options.pace) options.pace();
    }
    if (Status finished = commands.finish(); !finished.ok()) return finished.error();
    if (Status closed = (*file)->close(); !closed.ok()) return closed.error();
    return commands.bytes();
  };
  Result<uint64_t> bytes = write();
  if (bytes.ok()) return bytes;
  snapshot.give_up(std::string(bytes.error().message()));
  // The error that matters is the first.
  static_cast<void>(disk.remove(path).ok());
  return bytes;
}

}  // namespace kvstash::persist
