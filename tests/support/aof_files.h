// Builds append-only files for tests, and lists what is read from them.
#pragma once

#include "base/ensure.h"
#include "persist/aof/increment_reader.h"
#include "persist/aof/increment_writer.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

inline persist::IncrementHeader increment_header(uint64_t lsn = 1000, uint64_t synced = 0) {
  return {.lsn = lsn,
          .synced = synced,
          .replid = "0123456789abcdef0123456789abcdef01234567",
          .salt = 0x5a17};
}

inline std::string as_resp(std::initializer_list<std::string_view> words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
  return out;
}

struct ReadFile {
  std::vector<std::string> records;  // Words joined by blanks.
  // Units that are whole, one text each.
  std::vector<std::string> units;
  persist::IncrementStep end;
  uint64_t sound_bytes = 0;
  uint64_t sound_lsn = 0;
  uint64_t synced = 0;
  bool is_ours = false;
  bool is_foreign_at_end = false;
};

// Reads a file that comes in pieces of `piece` bytes.
inline ReadFile read_pieces(std::string_view file, size_t piece) {
  using Kind = persist::IncrementStep::Kind;
  persist::IncrementReader reader;
  ReadFile out;
  std::vector<std::string_view> argv;
  std::string open_unit;
  size_t begin = 0;
  size_t end = piece < file.size() ? piece : file.size();
  while (true) {
    argv.clear();
    // A copy of its own size, so that AddressSanitizer sees a read beyond it.
    const std::string unread(file.substr(begin, end - begin));
    out.end = reader.next(unread, end == file.size(), argv);
    if (out.end.kind == Kind::kIncomplete) {
      ensure(out.end.bytes_needed > unread.size() && end < file.size());
      end = piece < file.size() - end ? end + piece : file.size();
      continue;
    }
    ensure(out.end.consumed <= unread.size());
    begin += out.end.consumed;
    if (out.end.kind == Kind::kRecord) {
      std::string words;
      for (const std::string_view word : argv)
        words.append(words.empty() ? "" : " ").append(word);
      open_unit.append(open_unit.empty() ? "" : "; ").append(words);
      out.records.push_back(std::move(words));
      if (!reader.in_unit()) out.units.push_back(std::exchange(open_unit, ""));
    } else if (out.end.kind != Kind::kNote && out.end.kind != Kind::kTimestamp) {
      break;
    }
  }
  out.sound_bytes = reader.sound_bytes();
  out.sound_lsn = reader.sound_lsn();
  out.synced = reader.synced();
  out.is_ours = reader.header().has_value();
  out.is_foreign_at_end = reader.foreign_begin().has_value();
  return out;
}

}  // namespace kvstash::test
