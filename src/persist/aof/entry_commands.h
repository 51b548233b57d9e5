// EntryCommands: turns entries in the RDB format, as a snapshot encodes them, into the commands
// that make them: the base of a log without an RDB (aof-use-rdb-preamble no). The commands are
// those of Redis's rewriteAppendOnlyFile: collections in commands of 64 elements, then the
// deadline.
//
//   string SET · list RPUSH · set SADD · sorted set ZADD · hash HMSET, HPEXPIREAT for fields ·
//   stream XADD, XSETID, XGROUP CREATE, XGROUP CREATECONSUMER, XCLAIM · any PEXPIREAT
//
// The bytes come in pieces of any size, and commands go out as soon as their words are there, so no
// value is ever in memory as a whole. What is kept is one element, and of a consumer group its
// pending entries (32 bytes each), because their times stand before their owners.
//
// The bytes are those of our own encoder without compression; others are an error, and may end in a
// failed `ensure` of the store. Pure; one thread.
#pragma once

#include "base/result.h"
#include "persist/rdb/decoder.h"
#include "persist/rdb/format.h"
#include "store/listpack.h"
#include "store/stream_id.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::persist {

class EntryCommands {
 public:
  // Commands are appended to `out`, which the owner empties as it likes.
  explicit EntryCommands(std::string& out) : out_(&out) {}

  // A library of functions.
  void function(std::string_view code);
  // The next bytes; entries that begin in them are of database `db`.
  void add(uint32_t db, std::string_view bytes);
  // An error if the bytes were damaged, or ended within an entry.
  Status finish() const;

 private:
  // Reads the next item; false: it is not there as a whole yet.
  using Step = bool (EntryCommands::*)(rdb::Decoder& from);
  struct Pending {
    store::StreamId id;
    int64_t delivered_ms;
    uint64_t deliveries;
  };

  size_t pass(std::string_view bytes);
  bool head(rdb::Decoder& from);
  void begin_value(rdb::Type type);
  void end_value();
  void fail(std::string_view why);

  bool string_value(rdb::Decoder& from);
  bool count(rdb::Decoder& from);
  bool member(rdb::Decoder& from);
  bool scored(rdb::Decoder& from);
  bool field(rdb::Decoder& from);
  bool field_base(rdb::Decoder& from);
  bool field_with_deadline(rdb::Decoder& from);
  bool intset(rdb::Decoder& from);
  bool pack(rdb::Decoder& from);
  bool scored_pack(rdb::Decoder& from);
  bool piece_count(rdb::Decoder& from);
  bool piece(rdb::Decoder& from);
  bool block_count(rdb::Decoder& from);
  bool block(rdb::Decoder& from);
  bool counters(rdb::Decoder& from);
  bool group_count(rdb::Decoder& from);
  bool group(rdb::Decoder& from);
  bool pending_count(rdb::Decoder& from);
  bool pending(rdb::Decoder& from);
  bool consumer_count(rdb::Decoder& from);
  bool consumer(rdb::Decoder& from);
  bool owned(rdb::Decoder& from);
  void next_consumer();

  std::optional<store::ListpackView> checked_pack(std::string_view bytes);
  void collect(std::string_view command, size_t words, Step first);
  void collect_counted(std::string_view command, size_t words, Step item);
  void begin_item();
  void end_item();
  void write_field_deadlines();

  void array(size_t words);
  void word(std::string_view text);
  void word(store::PackedValue value);
  void word(store::StreamId id);
  void word_of(int64_t number);
  void command(std::initializer_list<std::string_view> words);

  std::string* out_;
  std::string bytes_;  // Bytes that were not read yet.
  Step step_ = &EntryCommands::head;
  std::string error_;                // Empty: none.
  std::optional<uint32_t> db_;       // Of the last SELECT.
  std::optional<uint32_t> next_db_;  // Of an entry that begins now.

  // ---- The present entry.
  rdb::Type type_{};
  std::string key_;
  std::optional<int64_t> deadline_ms_;
  uint64_t raw_left_ = 0;     // Bytes of the value of a string that pass unchanged.
  std::string_view command_;  // What adds elements, so many words each.
  size_t words_ = 1;
  Step item_ = nullptr;
  uint64_t left_ = 0;      // Elements that are to come,
  size_t batch_left_ = 0;  // and those of the command that was begun.
  int64_t base_ms_ = 0;
  std::vector<std::pair<std::string, int64_t>> field_deadlines_;
  uint64_t pieces_left_ = 0;  // Of a list; blocks of a stream.
  bool has_entries_ = false;
  uint64_t groups_left_ = 0;
  uint64_t consumers_left_ = 0;
  uint64_t owned_left_ = 0;
  std::string group_;
  std::string consumer_;
  std::vector<Pending> pending_;  // By id.
};

}  // namespace kvstash::persist
