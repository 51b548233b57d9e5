// The lines by which kvstash marks its increments: files of the append-only log. To Redis they are
// annotations, which it skips. docs/formats/aof.md describes the file.
//
//   #KVSTASH:1 lsn=<n> synced=<n> replid=<40 hex> salt=<16 hex> head=<16 hex>\r\n   once, first
//   #BLOCK:<bytes> lsn=<n> synced=<n> crc=<16 hex> head=<16 hex>\r\n                before each
//   block #AOFONLY\r\n                       the next record is not part of the stream
//   #STREAMONLY:<bytes>\r\n            so many bytes of the stream stand here that are not on disk
//
// `head` is the checksum of the line before " head=". In a block's line it begins from the file's
// salt, a secret random number: so neither a value that a client wrote nor what an older file left
// on the disk passes for a line of this file.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::persist {

inline constexpr std::string_view kIncrementMark = "#KVSTASH:";
inline constexpr std::string_view kBlockMark = "#BLOCK:";
inline constexpr std::string_view kTimestampMark = "#TS:";
inline constexpr std::string_view kAofOnlyLine = "#AOFONLY\r\n";
inline constexpr std::string_view kStreamOnlyMark = "#STREAMONLY:";

// Redis refuses longer lines.
inline constexpr size_t kAnnotationBytesMax = 1023;
// No line of ours is longer than this.
inline constexpr size_t kOwnLineBytesMax = 256;
inline constexpr size_t kReplidChars = 40;

// What the first line of an increment says.
struct IncrementHeader {
  uint64_t lsn = 0;     // The LSN at which the file begins.
  uint64_t synced = 0;  // The LSN up to which the log is known to be on the disk.
  std::string replid;   // 40 hexadecimal digits.
  uint64_t salt = 0;    // Random, and known to nobody else.

  bool operator==(const IncrementHeader&) const = default;
};

// What the line before a block says.
struct BlockHeader {
  uint64_t bytes = 0;   // Size of the block, without this line.
  uint64_t lsn = 0;     // The LSN of the block's first byte.
  uint64_t synced = 0;  // The LSN that was known to be on the disk when the line was written.
  uint64_t crc = 0;     // CRC64 of the block, begun from the file's salt.

  bool operator==(const BlockHeader&) const = default;
};

// Both return the whole line with its "\r\n".
std::string print_increment_header(const IncrementHeader& header);
std::string print_block_header(const BlockHeader& header, uint64_t salt);

// Both read a whole line with its "\r\n", and return nothing unless its checksum is right and it
// stands there exactly as it would be printed.
std::optional<IncrementHeader> parse_increment_header(std::string_view line);
std::optional<BlockHeader> parse_block_header(std::string_view line, uint64_t salt);

// Reads "#TS:<seconds>\r\n" and "#STREAMONLY:<bytes>\r\n".
std::optional<int64_t> parse_timestamp(std::string_view line);
std::optional<uint64_t> parse_stream_only(std::string_view line);

}  // namespace kvstash::persist
