// Manifest: which files the append-only log consists of, as Redis 7 writes it: one line for each
// file, "file <name> seq <number> type <b|h|i>". Names with blanks are quoted, lines that begin
// with '#' are comments, and keys that nobody knows are passed over. kvstash adds the key `bytes`,
// which Redis passes over.
//
// Pure; any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct ManifestFile {
  std::string name;  // Without a directory.
  int64_t seq = 0;
  // So many bytes of the file are a part of the log; nothing: all of them. Every increment that
  // another one of ours follows has it.
  std::optional<uint64_t> bytes{};

  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  // A snapshot: RDB, or records.
  std::optional<ManifestFile> base;
  // Files that a rewrite made superfluous and that are still to be removed.
  std::vector<ManifestFile> history;
  // The increments on top of the base, oldest first. Their numbers rise.
  std::vector<ManifestFile> increments;

  // No files that hold data.
  bool is_empty() const { return !base && increments.empty(); }

  bool operator==(const Manifest&) const = default;
};

// Redis reads lines up to this size.
inline constexpr size_t kManifestLineBytesMax = 1024;
// We read manifests up to this size.
inline constexpr size_t kManifestBytesMax = size_t{16} << 20;

// Base first, then history, then increments, as Redis prints it. An empty manifest is one comment,
// since Redis refuses a manifest without a line.
std::string print_manifest(const Manifest& manifest);

// The error has the words of Redis, and the line that is wrong:
//   Reading the manifest file, at line 2: >>> 'file x': Invalid AOF manifest file format
Result<Manifest> parse_manifest(std::string_view text);

// One line for a file, with its '\n'; `extra` is appended as further keys: " key value".
std::string print_manifest_line(const ManifestFile& file, char type, std::string_view extra = {});

// A line's words in pairs, in lower case keys: {"file", "x"}, {"seq", "1"}, ... The error is
// Redis's.
Result<std::vector<std::pair<std::string, std::string>>> parse_manifest_line(std::string_view line);

}  // namespace kvstash::persist
