// Disk: a node's port for the files that it keeps its data in. SystemDisk is the file system of the
// machine; a simulation has one of its own, which can lose what was not synced.
//
// All calls block. Any thread may use a Disk; a file belongs to one thread at a time. Errors
// name the path and the system's reason: "write appendonly.aof.1.incr.aof: No space left on
// device". A call that a signal interrupts is made again inside.
//
// What a crash of the machine leaves: the bytes of a file up to its last sync(), and the names in a
// directory as they were at its last sync_directory(). A rename is atomic.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash {

// An open file. Destroying it closes it, and loses the error of closing.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  // Writes at the end of the file. Returns how many bytes were written, which may be fewer than
  // there are, but not 0 unless `bytes` is empty. After an error the file may have grown by a part
  // of the bytes.
  virtual Result<size_t> write(std::string_view bytes) = 0;

  // Writes over bytes that the file has, from `offset` on. Only in a file that was opened for it.
  // Returns as write() does.
  virtual Result<size_t> overwrite(uint64_t offset, std::string_view bytes) = 0;

  // Returns when the content and the size stand on the disk. After an error nobody knows what
  // stands there, and another call that succeeds proves nothing.
  virtual Status sync() = 0;

  // Cuts the file to `size` bytes, at most its size. Later writes begin there.
  virtual Status truncate(uint64_t size) = 0;

  // Reads up to `bytes_max` bytes from `offset` on into `out`. Returns their number; 0 at the end.
  virtual Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) = 0;

  virtual Result<uint64_t> size() = 0;

  // Closes the file and returns the error of closing. Nothing may be called after that.
  virtual Status close() = 0;
};

// An open file without a name: room for what does not fit into memory. Whatever ends, the object,
// the process or the machine, nothing of the file is left.
class ScratchFile {
 public:
  virtual ~ScratchFile() = default;

  // Writes at `offset`, at most the size of the file. Returns how many bytes were written, which
  // may be fewer than there are, but not 0 unless `bytes` is empty.
  virtual Result<size_t> write(uint64_t offset, std::string_view bytes) = 0;

  // Reads up to `bytes_max` bytes from `offset` on into `out`. Returns their number, which may be
  // less than there are; 0 at the end.
  virtual Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) = 0;
};

class Disk {
 public:
  enum class Access : uint8_t {
    kRead,       // The file exists. Only read() and size().
    kCreate,     // The file does not exist yet.
    kReplace,    // The file is created; if it exists, it is emptied.
    kAppend,     // The file exists.
    kOverwrite,  // The file exists. Only read(), size(), overwrite() and sync().
  };

  struct FileInfo {
    uint64_t size = 0;  // Bytes. Without meaning for a directory.
    bool is_directory = false;
  };

  virtual ~Disk() = default;

  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) = 0;

  // Makes a file in the directory that has no name there, or loses it before this returns.
  virtual Result<std::unique_ptr<ScratchFile>> open_scratch(const std::string& directory) = 0;

  // Returns nothing if there is no such file or directory.
  virtual Result<std::optional<FileInfo>> find(const std::string& path) = 0;

  // Returns the names in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;

  // Replaces `to` if it exists.
  virtual Status rename(const std::string& from, const std::string& to) = 0;

  // Gives the file a second name, which must not exist yet.
  virtual Status link(const std::string& from, const std::string& to) = 0;

  // Removes the name of a file. It is no error if there is none.
  virtual Status remove(const std::string& path) = 0;

  // Makes a directory. It is no error if there is one.
  virtual Status make_directory(const std::string& path) = 0;

  // Returns when the names in the directory stand on the disk.
  virtual Status sync_directory(const std::string& directory) = 0;
};

// The file system of the machine. New files get mode 0644, directories 0755, reduced by the umask.
class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>> open(const std::string& path, Access access) override;
  Result<std::unique_ptr<ScratchFile>> open_scratch(const std::string& directory) override;
  Result<std::optional<FileInfo>> find(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directory(const std::string& path) override;
  Status sync_directory(const std::string& directory) override;
};

// Returns the directory of a path: "." for a name alone.
std::string directory_of(std::string_view path);

// Returns "directory/name", or the name alone if the directory is empty or ".".
std::string join_path(std::string_view directory, std::string_view name);

// Writes all the bytes, in as many writes as it takes.
Status write_all(DiskFile& file, std::string_view bytes);
Status write_all(ScratchFile& file, uint64_t offset, std::string_view bytes);

// Writes over all the bytes, in as many calls as it takes.
Status overwrite_all(DiskFile& file, uint64_t offset, std::string_view bytes);

// Reads exactly `size` bytes. Fails if the file ends before.
Status read_all(ScratchFile& file, uint64_t offset, char* out, size_t size);

// Reads a whole file. Fails if it is larger than `bytes_max`.
Result<std::string> read_whole(Disk& disk, const std::string& path, size_t bytes_max);

// Replaces a file so that a reader, and a crash at any time, finds the old content or the new: the
// content is written to `temporary`, a path in the same directory, synced and renamed, and the
// directory is synced. If it fails before the rename, the temporary file is removed and the old
// file is as it was; if only syncing the directory failed, the new content is there, and a crash
// may bring the old one back.
Status replace_file(Disk& disk, const std::string& path, const std::string& temporary,
                    std::string_view content);

}  // namespace kvstash
