// check_rdb: reads an RDB file from its beginning to its end, decodes every value, and says what is
// in it or where it is damaged. What it prints is what redis-check-rdb 7.0 prints where scripts
// read it; the sentence about a damage is our own.
//
// Blocking; any thread. Memory is bounded by the largest value in the file. Libraries of functions
// are found, and not compiled.
#pragma once

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kvstash::persist {

struct CheckRdbRequest {
  std::string path;
  Instant now{};         // Deadlines before it have passed.
  bool as_json = false;  // One JSON object, and nothing else.
};

using CheckPrint = std::function<void(std::string_view text)>;

// Returns the exit code: 0 if the file is whole, otherwise 1.
int check_rdb(Disk& disk, const CheckRdbRequest& request, const CheckPrint& print);

// Checks the RDB at the beginning of a file, which `name` stands for in what is printed. Returns
// the offset behind it, or the sentence about the damage, which was printed as well.
Result<uint64_t> check_rdb_part(DiskFile& file, std::string_view name, Instant now,
                                const CheckPrint& print);

}  // namespace kvstash::persist
