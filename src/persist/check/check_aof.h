// check_aof: looks at an append-only file, or at all files of a manifest, says what is wrong, and
// can cut the last one. What it prints is what redis-check-aof 7.0 prints where scripts read it.
//
// Blocking; any thread. No server may use the files meanwhile.
#pragma once

#include "base/clock.h"
#include "base/disk.h"
#include "persist/check/check_rdb.h"

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
  Instant now{};  // For the report on an RDB: deadlines before it have passed.
};

struct CheckConsole {
  CheckPrint print;
  // Asks whether the file may be cut; the question was printed.
  std::function<bool()> confirm;
};

// Returns the exit code: 0 if all files are whole, or were made whole; otherwise 1. An RDB at the
// beginning of a file is checked as check_rdb does.
int check_aof(Disk& disk, const CheckAofRequest& request, const CheckConsole& console);

}  // namespace kvstash::persist
