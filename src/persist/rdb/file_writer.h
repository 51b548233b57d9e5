// FileWriter: the frame of an RDB file around the entries that others have encoded.
//
//   magic and version │ aux fields │ functions │ for each database: number, sizes, entries │
//   end │ CRC64 of all before it, or zero
//
// It appends to a string of its owner, who takes the bytes out as they come, compresses what is
// worth it, and keeps the checksum. Calls come in the order of the file. Pure; one thread.
#pragma once

#include "persist/rdb/encoder.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::persist::rdb {

struct FileOptions {
  unsigned version = kVersionUsual;
  bool is_compressed = true;  // rdbcompression
  bool has_checksum = true;   // rdbchecksum
};

class FileWriter {
 public:
  FileWriter(std::string& out, const FileOptions& options) : out_(&out), options_(options) {}

  void begin();
  // A fact about the file that readers may ignore: "redis-ver", "ctime", "repl-id" ...
  void aux(std::string_view name, std::string_view value);
  void function(std::string_view code);
  void select_db(uint64_t db);
  void resize_db(uint64_t keys, uint64_t keys_with_deadline);
  void entries(Encoded&& encoded);
  void end();

  uint64_t bytes() const { return bytes_; }  // Written so far.

 private:
  void append(std::string_view bytes);

  std::string* out_;
  FileOptions options_;
  uint64_t sum_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace kvstash::persist::rdb
