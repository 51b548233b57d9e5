// FileFacts: what an RDB file says about itself in its aux fields, under Redis's names.
//
// Readers ignore facts that they do not know, so a writer may add its own by FileWriter::aux. Pure.
#pragma once

#include "persist/rdb/file_reader.h"
#include "persist/rdb/file_writer.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kvstash::persist::rdb {

// The place in a stream of changes that the file's data belongs to.
struct FileStreamPlace {
  std::string id;       // The history's name, 40 hex digits.
  int64_t offset = -1;  // Bytes of the stream.
  int64_t db = -1;      // The database that the stream has selected there; -1: none.
};

struct FileFacts {
  std::string redis_version;  // Of the writer.
  int64_t made_at_s = 0;      // Since 1970.
  uint64_t memory_bytes = 0;  // Used by the writer.
  std::optional<FileStreamPlace> place = std::nullopt;
  bool is_log_base = false;  // The file is the base of an append only file.
};

// Writes the facts in Redis's order; called after FileWriter::begin.
void write_facts(FileWriter& to, const FileFacts& facts);

// Takes an aux field of a file into `facts`. Returns false if its name is none of those above. A
// number that is none counts as unknown.
bool take_fact(FileFacts& facts, const FileAux& aux);

}  // namespace kvstash::persist::rdb
