// check_aof: looks at an append-only file, or at all files of a manifest, says what is wrong, and
// can cut the last one. What it prints is what redis-check-aof 7.0 prints where scripts read it.
//
// Blocking; any thread. No server may use the files meanwhile.
#pragma once

#include "base/disk.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::persist {

struct CheckAofRequest {
  std::string path;  // A manifest or an append-only file.
  bool fix = false;  // Cut the last file behind its last whole unit, if something follows.
  std::optional<int64_t> truncate_to{};  // Cut the last file where the time is past these seconds.
  bool as_json = false;                  // One JSON object, and nothing else.
};

// Checks the RDB at the beginning of a file. Returns the offset behind it, or what is wrong. It may
// print lines, each with its '\n'.
using RdbCheck = std::function<Result<uint64_t>(
    DiskFile& file, std::string_view name, const std::function<void(std::string_view)>& print)>;

struct CheckConsole {
  std::function<void(std::string_view text)> print;
  // Asks whether the file may be cut; the question was printed.
  std::function<bool()> confirm;
};

// Returns the exit code: 0 if all files are whole, or were made whole; otherwise 1. `check_rdb` may
// be empty: then an RDB is taken to be whole, and the report says that nobody looked.
int check_aof(Disk& disk, const CheckAofRequest& request, const RdbCheck& check_rdb,
              const CheckConsole& console);

}  // namespace kvstash::persist
