// CheckReport: what a check of append-only files found, for the JSON that scripts read.
// Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct CheckedFile {
  std::string name;
  std::string role;    // "base", "increment" or "file".
  std::string format;  // "rdb", "kvstash" or "redis".
  uint64_t bytes = 0;
  uint64_t sound_bytes = 0;  // It is whole up to here.
  uint64_t units = 0;
  std::string result;  // "valid", "empty", "truncated", "damaged", "cut", "missing".
  std::string error;   // Empty if nothing is wrong.
  uint64_t error_offset = 0;
  std::optional<uint64_t> lsn_begin;  // Of a file of ours.
  std::optional<uint64_t> lsn_end;
  std::optional<uint64_t> synced;
};

struct CheckReport {
  std::vector<CheckedFile> files;
  std::string error;  // What is wrong with the whole; empty if nothing is.
};

// Returns {"valid":true,"error":"","files":[{...}]} and a line end.
std::string print_json(const CheckReport& report, bool is_valid);

// Returns `text` as a JSON string, quotes included. Bytes that are not UTF-8 stand as \u00xx.
std::string json_string(std::string_view text);

}  // namespace kvstash::persist
