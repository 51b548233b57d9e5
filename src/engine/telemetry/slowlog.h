// Slowlog: the commands that took longer than slowlog-log-slower-than, newest first. Each shard
// keeps those of its own connections; SLOWLOG GET merges them.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

struct SlowlogEntry {
  uint64_t id = 0;  // Unique over all shards, in the order of logging.
  int64_t time_s = 0;
  int64_t duration_us = 0;
  // Shortened as Redis does: 32 arguments of 128 bytes.
  std::vector<std::string> argv;
  std::string address;
  std::string client_name;
};

class Slowlog {
 public:
  static constexpr size_t kArgsMax = 32;
  static constexpr size_t kArgBytesMax = 128;

  // Keeps at most `length_max` entries.
  void add(SlowlogEntry entry, size_t length_max);
  void trim(size_t length_max);
  void clear() { entries_.clear(); }

  const std::deque<SlowlogEntry>& entries() const { return entries_; }  // Newest first.

  static std::vector<std::string> cut(std::span<const std::string_view> argv);

 private:
  std::deque<SlowlogEntry> entries_;
};

}  // namespace kvstash::engine
