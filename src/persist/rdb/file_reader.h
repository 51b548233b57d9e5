// FileReader: reads an RDB file of Redis, version 1 to 12, or of Valkey, version 80, that is fed to
// it in pieces of any size.
//
// It yields what the file consists of in its order. Values stay undecoded: their bytes can be given
// to the thread of the key's shard, which decodes them (read_value); to find the end of a value
// takes little (value_skipper.h). The whole of one value is in memory at a time.
//
//   reader.feed(piece);
//   while (...) { event = reader.next(); if (!event.ok()) ...; if (!*event) break; ... }
//
// Views in events are valid until the next feed(). After an error, and after FileEnd, nothing more
// is yielded. Pure; one thread.
#pragma once

#include "base/result.h"
#include "persist/rdb/decoder.h"
#include "persist/rdb/format.h"
#include "persist/rdb/value_skipper.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace kvstash::persist::rdb {

struct FileAux {
  std::string_view name;
  std::string_view value;
};
struct FileFunction {
  std::string_view code;
};
struct FileSelectDb {
  uint64_t db;
};
struct FileResizeDb {
  uint64_t keys;
  uint64_t keys_with_deadline;
};
// Data of a module that belongs to no key. It was skipped.
struct FileModuleAux {};
struct FileEntry {
  std::string_view key;
  Type type;  // May be kModule2: the value cannot be read, but the file goes on.
  std::optional<int64_t> deadline_ms;
  std::optional<uint64_t> idle_s;
  std::optional<uint8_t> frequency;
  std::string_view value;  // For read_value.
  uint64_t value_offset;   // Of the value in the file, for messages.
};
struct FileEnd {
  bool has_checksum = false;  // The writer made one.
};
using FileEvent = std::variant<FileAux, FileFunction, FileSelectDb, FileResizeDb, FileModuleAux,
                               FileEntry, FileEnd>;

class FileReader {
 public:
  // `checks_sum`: a wrong checksum is an error (rdbchecksum). A file without one is accepted.
  explicit FileReader(bool checks_sum = true) : checks_sum_(checks_sum) {}

  void feed(std::string_view bytes);
  // The next event; nothing if that needs more bytes. An Error is a sentence with the offset in the
  // file, and with the key where there is one.
  Result<std::optional<FileEvent>> next();
  // To be called when the file has no more bytes: an Error if it should have.
  Status finish() const;

  bool has_ended() const { return has_ended_; }
  // Once it has ended, the bytes behind the end: the log that follows a preamble, for example.
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  uint64_t offset() const { return dropped_ + at_; }  // In the file, of what was not yielded yet.
  // The end of what was looked at. After an error: the place that the error names.
  uint64_t scanned_offset() const { return dropped_ + scanned_; }
  // If the file ends, or is damaged, in the middle of an entry: its type, and its key if that was
  // passed.
  std::optional<Type> type_inside() const;
  std::optional<std::string> key_inside() const;
  unsigned version() const { return version_; }  // Zero before the header.
  Dialect dialect() const { return dialect_; }

 private:
  using Next = std::optional<FileEvent>;

  bool read_header();
  bool begin_item();
  bool skip_item();
  void sum_up_to(size_t end);
  Next finish_item();
  Next finish_opcode(Decoder& from);
  Next finish_entry(Decoder& from);
  Next finish_file(Decoder& from);
  std::string_view text(Decoder& from);
  Next fail(std::string_view why);
  // What next() returns if there is no event: more bytes are needed, or there was a failure.
  Result<Next> stop() const;

  bool checks_sum_;
  bool has_ended_ = false;
  std::string error_;  // Empty: none.
  std::string buffer_;
  size_t at_ = 0;         // The beginning of the present item, which is its code.
  size_t scanned_ = 0;    // The end of what was passed of the item.
  uint64_t dropped_ = 0;  // Bytes of the file before the buffer.
  uint64_t sum_ = 0;      // The checksum of the file up to `summed_`.
  size_t summed_ = 0;     // In the buffer.
  unsigned version_ = 0;
  Dialect dialect_ = Dialect::kRedis;

  // The present item, of which a part was passed.
  bool is_inside_ = false;
  uint8_t code_ = 0;
  ValueSkipper skipper_{""};
  // An entry whose key was not passed yet: what follows it.
  std::optional<std::string_view> value_layout_;
  size_t value_at_ = 0;

  // What was said about the next entry.
  std::optional<int64_t> deadline_ms_;
  std::optional<uint64_t> idle_s_;
  std::optional<uint8_t> frequency_;

  std::deque<std::string> converted_;  // Strings that do not stand in the buffer as they are.
};

}  // namespace kvstash::persist::rdb
