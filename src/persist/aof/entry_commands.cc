#include "persist/aof/entry_commands.h"

#include "base/numbers.h"
#include "resp/request_text.h"
#include "store/intset.h"
#include "store/stream_block.h"

#include <algorithm>

namespace kvstash::persist {
namespace {

using rdb::Decoder;
using rdb::Opcode;
using rdb::Type;
using store::ListpackView;
using store::PackedValue;
using store::StreamId;

// As AOF_REWRITE_ITEMS_PER_CMD of Redis.
constexpr size_t kItemsPerCommand = 64;

}  // namespace

void EntryCommands::function(std::string_view code) {
  command({"FUNCTION", "LOAD", code});
}

void EntryCommands::add(uint32_t db, std::string_view bytes) {
  next_db_ = db;
  // The bytes of a long string need not be kept.
  if (bytes_.empty()) bytes.remove_prefix(pass(bytes));
  bytes_ += bytes;
  const std::string_view all = bytes_;
  size_t at = 0;
  while (error_.empty() && at < all.size()) {
    if (raw_left_ != 0) {
      at += pass(all.substr(at));
      continue;
    }
    Decoder from(all.substr(at));
    if (!(this->*step_)(from)) break;
    at += from.offset();
  }
  bytes_.erase(0, at);
}

// Passes on what of the bytes belongs to the value of a string, and returns how many those are.
size_t EntryCommands::pass(std::string_view bytes) {
  if (raw_left_ == 0 || bytes.empty()) return 0;
  const std::string_view passed = bytes.substr(0, std::min<uint64_t>(raw_left_, bytes.size()));
  *out_ += passed;
  raw_left_ -= passed.size();
  if (raw_left_ == 0) {
    *out_ += "\r\n";
    end_value();
  }
  return passed.size();
}

Status EntryCommands::finish() const {
  if (!error_.empty()) return Error::text(error_);
  if (step_ != &EntryCommands::head || !bytes_.empty() || raw_left_ != 0)
    return Error::literal("the entries end within an entry");
  return {};
}

void EntryCommands::fail(std::string_view why) {
  if (error_.empty()) error_ = "the value of " + key_ + " " + std::string(why);
}

// ---- Entries.

bool EntryCommands::head(Decoder& from) {
  deadline_ms_.reset();
  uint8_t code = from.byte();
  for (;; code = from.byte()) {
    if (code == static_cast<uint8_t>(Opcode::kExpireMillis)) {
      deadline_ms_ = from.millis();
    } else if (code == static_cast<uint8_t>(Opcode::kIdle)) {
      from.length();
    } else if (code == static_cast<uint8_t>(Opcode::kFreq)) {
      from.byte();
    } else {
      break;
    }
    if (!from.ok()) return false;
  }
  std::string scratch;
  const std::string_view key = from.string(scratch);
  if (!from.ok()) return false;
  key_ = key;
  if (db_ != next_db_) {
    db_ = next_db_;
    command({"SELECT", std::to_string(*db_)});
  }
  begin_value(static_cast<Type>(code));
  return true;
}

void EntryCommands::begin_value(Type type) {
  type_ = type;
  switch (type) {
    case Type::kString:
      step_ = &EntryCommands::string_value;
      return;
    case Type::kSet:
      return collect_counted("SADD", 1, &EntryCommands::member);
    case Type::kSortedSet:
      return collect_counted("ZADD", 2, &EntryCommands::scored);
    case Type::kHash:
      return collect_counted("HMSET", 2, &EntryCommands::field);
    case Type::kHashFieldDeadlines:
      item_ = &EntryCommands::field_with_deadline;
      return collect("HMSET", 2, &EntryCommands::field_base);
    case Type::kSetIntset:
      return collect("SADD", 1, &EntryCommands::intset);
    case Type::kSetListpack:
      return collect("SADD", 1, &EntryCommands::pack);
    case Type::kHashListpack:
      return collect("HMSET", 2, &EntryCommands::pack);
    case Type::kSortedSetListpack:
      return collect("ZADD", 2, &EntryCommands::scored_pack);
    case Type::kListQuicklist2:
      return collect("RPUSH", 1, &EntryCommands::piece_count);
    case Type::kStream2:
    case Type::kStream3:
      has_entries_ = false;
      step_ = &EntryCommands::block_count;
      return;
    default:
      fail("is of a type that is not written");
  }
}

void EntryCommands::end_value() {
  if (deadline_ms_) {
    command({"PEXPIREAT", key_, std::to_string(*deadline_ms_)});
  }
  step_ = &EntryCommands::head;
}

// A string is passed on as it comes, behind its length.
bool EntryCommands::string_value(Decoder& from) {
  constexpr uint8_t kIsForm = 0xc0;  // Of the first byte: it is no length.
  Decoder ahead = from;
  if ((ahead.byte() & kIsForm) == kIsForm) {
    std::string scratch;
    const std::string_view text = from.string(scratch);
    if (!from.ok()) return false;
    command({"SET", key_, text});
    end_value();
    return true;
  }
  const uint64_t size = from.length();
  if (!from.ok()) return false;
  array(3);
  word("SET");
  word(key_);
  *out_ += "$" + std::to_string(size) + "\r\n";
  raw_left_ = size;
  if (size == 0) {
    *out_ += "\r\n";
    end_value();
  }
  return true;
}

// ---- Elements, in commands of kItemsPerCommand.

// Elements of `words` words each will be added by `command`; `first` reads what comes first.
void EntryCommands::collect(std::string_view command, size_t words, Step first) {
  command_ = command;
  words_ = words;
  left_ = batch_left_ = 0;
  step_ = first;
}

// The same for elements behind their count; `item` reads one of them.
void EntryCommands::collect_counted(std::string_view command, size_t words, Step item) {
  item_ = item;
  collect(command, words, &EntryCommands::count);
}

void EntryCommands::begin_item() {
  if (batch_left_ == 0) {
    batch_left_ = static_cast<size_t>(std::min<uint64_t>(left_, kItemsPerCommand));
    array(2 + batch_left_ * words_);
    word(command_);
    word(key_);
  }
  --batch_left_;
  --left_;
}

void EntryCommands::end_item() {
  if (batch_left_ == 0 && !field_deadlines_.empty()) write_field_deadlines();
  if (left_ == 0) end_value();
}

bool EntryCommands::count(Decoder& from) {
  left_ = from.length();
  if (!from.ok()) return false;
  step_ = item_;
  if (left_ == 0) end_value();
  return true;
}

bool EntryCommands::member(Decoder& from) {
  std::string scratch;
  const std::string_view text = from.string(scratch);
  if (!from.ok()) return false;
  begin_item();
  word(text);
  end_item();
  return true;
}

bool EntryCommands::scored(Decoder& from) {
  std::string scratch;
  const std::string_view text = from.string(scratch);
  const double score = from.binary_double();
  if (!from.ok()) return false;
  char digits[kDoubleCharsMax];
  begin_item();
  word(std::string_view(digits, format_double_17(digits, score)));
  word(text);
  end_item();
  return true;
}

bool EntryCommands::field(Decoder& from) {
  std::string scratch;
  std::string value_scratch;
  const std::string_view name = from.string(scratch);
  const std::string_view value = from.string(value_scratch);
  if (!from.ok()) return false;
  begin_item();
  word(name);
  word(value);
  end_item();
  return true;
}

bool EntryCommands::field_base(Decoder& from) {
  base_ms_ = from.millis();
  if (!from.ok()) return false;
  step_ = &EntryCommands::count;
  return true;
}

bool EntryCommands::field_with_deadline(Decoder& from) {
  std::string scratch;
  std::string value_scratch;
  const uint64_t distance = from.length();
  const std::string_view name = from.string(scratch);
  const std::string_view value = from.string(value_scratch);
  if (!from.ok()) return false;
  begin_item();
  word(name);
  word(value);
  if (distance != 0)
    field_deadlines_.emplace_back(name, base_ms_ + static_cast<int64_t>(distance - 1));
  end_item();
  return true;
}

void EntryCommands::write_field_deadlines() {
  for (const auto& [name, deadline_ms] : field_deadlines_) {
    command({"HPEXPIREAT", key_, std::to_string(deadline_ms), "FIELDS", "1", name});
  }
  field_deadlines_.clear();
}

bool EntryCommands::intset(Decoder& from) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return false;
  if (!store::is_valid_intset(bytes, false)) {
    fail("is no intset");
    return true;
  }
  const store::Intset set(bytes);
  left_ = set.size();
  for (size_t i = 0; i < set.size(); ++i) {
    begin_item();
    word_of(set.at(i));
  }
  end_item();
  return true;
}

std::optional<ListpackView> EntryCommands::checked_pack(std::string_view bytes) {
  if (store::is_valid_listpack(bytes, true))
    return ListpackView(reinterpret_cast<const unsigned char*>(bytes.data()));
  fail("has a damaged listpack");
  return std::nullopt;
}

bool EntryCommands::pack(Decoder& from) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return false;
  const std::optional<ListpackView> values = checked_pack(bytes);
  if (!values) return true;
  left_ = values->size() / words_;
  for (store::PackPosition at = values->first(); at && left_ != 0;) {
    begin_item();
    for (size_t i = 0; i < words_; ++i)
      word(values->take(at));
  }
  end_item();
  return true;
}

bool EntryCommands::scored_pack(Decoder& from) {
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return false;
  const std::optional<ListpackView> values = checked_pack(bytes);
  if (!values) return true;
  left_ = values->size() / 2;
  for (store::PackPosition at = values->first(); at && left_ != 0;) {
    begin_item();
    const PackedValue member = values->take(at);
    word(values->take(at));
    word(member);
  }
  end_item();
  return true;
}

// ---- Lists.

bool EntryCommands::piece_count(Decoder& from) {
  pieces_left_ = from.length();
  if (!from.ok()) return false;
  step_ = &EntryCommands::piece;
  if (pieces_left_ == 0) end_value();
  return true;
}

bool EntryCommands::piece(Decoder& from) {
  std::string scratch;
  const bool is_plain = from.length() == static_cast<uint64_t>(rdb::ListPiece::kPlain);
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return false;
  if (is_plain) {
    command({command_, key_, bytes});
  } else {
    const std::optional<ListpackView> values = checked_pack(bytes);
    if (!values) return true;
    left_ = values->size();
    for (store::PackPosition at = values->first(); at;) {
      begin_item();
      word(values->take(at));
    }
  }
  if (--pieces_left_ == 0) end_value();
  return true;
}

// ---- Streams.

bool EntryCommands::block_count(Decoder& from) {
  pieces_left_ = from.length();
  if (!from.ok()) return false;
  step_ = pieces_left_ == 0 ? &EntryCommands::counters : &EntryCommands::block;
  return true;
}

bool EntryCommands::block(Decoder& from) {
  from.length();  // The id is a string of sixteen bytes.
  const StreamId id = from.stream_id();
  std::string scratch;
  const std::string_view bytes = from.string(scratch);
  if (!from.ok()) return false;
  const std::optional<ListpackView> entries = checked_pack(bytes);
  if (!entries) return true;
  store::BlockReader reader(id, *entries);
  for (bool is_there = reader.first(); is_there; is_there = reader.next()) {
    if (reader.is_deleted()) continue;
    has_entries_ = true;
    array(3 + 2 * reader.field_count());
    word("XADD");
    word(key_);
    word(reader.id());
    reader.for_each([this](PackedValue name, PackedValue value) {
      word(name);
      word(value);
    });
  }
  if (--pieces_left_ == 0) step_ = &EntryCommands::counters;
  return true;
}

bool EntryCommands::counters(Decoder& from) {
  from.length();  // The number of entries.
  const auto id = [&from] {
    const uint64_t ms = from.length();
    return StreamId{ms, from.length()};
  };
  const StreamId last = id();
  id();  // The first entry's.
  const StreamId max_deleted = id();
  const uint64_t added = from.length();
  if (!from.ok()) return false;
  // As Redis makes a stream without entries.
  if (!has_entries_) command({"XADD", key_, "MAXLEN", "0", "0-1", "x", "y"});
  array(7);
  word("XSETID");
  word(key_);
  word(last);
  word("ENTRIESADDED");
  word_of(static_cast<int64_t>(added));
  word("MAXDELETEDID");
  word(max_deleted);
  step_ = &EntryCommands::group_count;
  return true;
}

bool EntryCommands::group_count(Decoder& from) {
  groups_left_ = from.length();
  if (!from.ok()) return false;
  step_ = &EntryCommands::group;
  if (groups_left_ == 0) end_value();
  return true;
}

bool EntryCommands::group(Decoder& from) {
  std::string scratch;
  const std::string_view name = from.string(scratch);
  const uint64_t ms = from.length();
  const uint64_t seq = from.length();
  const auto entries_read = static_cast<int64_t>(from.length());
  if (!from.ok()) return false;
  group_ = name;
  array(7);
  word("XGROUP");
  word("CREATE");
  word(key_);
  word(group_);
  word(StreamId{ms, seq});
  word("ENTRIESREAD");
  word_of(entries_read);
  step_ = &EntryCommands::pending_count;
  return true;
}

bool EntryCommands::pending_count(Decoder& from) {
  left_ = from.length();
  if (!from.ok()) return false;
  pending_.clear();
  step_ = left_ == 0 ? &EntryCommands::consumer_count : &EntryCommands::pending;
  return true;
}

bool EntryCommands::pending(Decoder& from) {
  const StreamId id = from.stream_id();
  const int64_t delivered_ms = from.millis();
  const uint64_t deliveries = from.length();
  if (!from.ok()) return false;
  pending_.push_back({.id = id, .delivered_ms = delivered_ms, .deliveries = deliveries});
  if (--left_ == 0) step_ = &EntryCommands::consumer_count;
  return true;
}

bool EntryCommands::consumer_count(Decoder& from) {
  consumers_left_ = from.length();
  if (!from.ok()) return false;
  // A snapshot may encode the entries of a group in another order than by id.
  if (!std::ranges::is_sorted(pending_, {}, &Pending::id))
    std::ranges::sort(pending_, {}, &Pending::id);
  ++consumers_left_;
  next_consumer();
  return true;
}

void EntryCommands::next_consumer() {
  step_ = &EntryCommands::consumer;
  if (--consumers_left_ != 0) return;
  pending_ = {};
  step_ = &EntryCommands::group;
  if (--groups_left_ == 0) end_value();
}

// The consumer is made in any case: a claim of an entry that was deleted makes none.
bool EntryCommands::consumer(Decoder& from) {
  std::string scratch;
  const std::string_view name = from.string(scratch);
  from.millis();
  if (type_ == Type::kStream3) from.millis();
  const uint64_t count = from.length();
  if (!from.ok()) return false;
  consumer_ = name;
  command({"XGROUP", "CREATECONSUMER", key_, group_, consumer_});
  owned_left_ = count;
  step_ = &EntryCommands::owned;
  if (owned_left_ == 0) next_consumer();
  return true;
}

bool EntryCommands::owned(Decoder& from) {
  const StreamId id = from.stream_id();
  if (!from.ok()) return false;
  const auto at = std::ranges::lower_bound(pending_, id, {}, &Pending::id);
  if (at == pending_.end() || at->id != id) {
    fail("has a pending entry that its group does not know");
    return true;
  }
  array(12);
  word("XCLAIM");
  word(key_);
  word(group_);
  word(consumer_);
  word("0");
  word(id);
  word("TIME");
  word_of(at->delivered_ms);
  word("RETRYCOUNT");
  word_of(static_cast<int64_t>(at->deliveries));
  word("JUSTID");
  word("FORCE");
  if (--owned_left_ == 0) next_consumer();
  return true;
}

// ---- Words.

void EntryCommands::array(size_t words) {
  *out_ += "*" + std::to_string(words) + "\r\n";
}

void EntryCommands::word(std::string_view text) {
  char digits[kInt64CharsMax];
  *out_ += '$';
  out_->append(digits, format_uint64(digits, text.size()));
  *out_ += "\r\n";
  *out_ += text;
  *out_ += "\r\n";
}

void EntryCommands::word(PackedValue value) {
  char digits[kInt64CharsMax];
  word(value.string(digits));
}

void EntryCommands::word(StreamId id) {
  char digits[store::kStreamIdCharsMax];
  word(std::string_view(digits, store::format_stream_id(digits, id)));
}

void EntryCommands::word_of(int64_t number) {
  char digits[kInt64CharsMax];
  word(std::string_view(digits, format_int64(digits, number)));
}

void EntryCommands::command(std::initializer_list<std::string_view> words) {
  resp::append_request(*out_, words);
}

}  // namespace kvstash::persist
