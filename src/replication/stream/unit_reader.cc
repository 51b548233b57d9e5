#include "replication/stream/unit_reader.h"

#include "base/ensure.h"
#include "base/text.h"
#include "persist/aof/record_parser.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {

void UnitReader::feed(std::string_view bytes) {
  // What was taken goes when it is at least half of the buffer, so that a byte is moved once.
  if (begin_ >= buffer_.size() - begin_) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<StreamUnit>> UnitReader::next() {
  while (unread().size() >= wanted_ && !unread().empty()) {
    argv_.clear();
    const persist::RecordParse parsed = persist::parse_record(unread(), argv_);
    if (parsed.kind == persist::RecordParse::Kind::kWrong)
      return Error::text("the stream of the primary is damaged: " + parsed.error);
    if (parsed.kind == persist::RecordParse::Kind::kIncomplete) {
      wanted_ = parsed.bytes_needed;
      break;
    }
    wanted_ = 0;
    const bool begins = equals_ignore_case(argv_[0], "multi");
    const bool ends = equals_ignore_case(argv_[0], "exec");
    if (begins && is_open_)
      return Error::literal("the stream of the primary has a MULTI in a unit");
    if (ends && !is_open_)
      return Error::literal("the stream of the primary has an EXEC without its MULTI");
    if (!begins && !ends) take_record(argv_);
    scanned_ += parsed.consumed;
    if (begins) {
      is_open_ = true;
    } else if (ends || !is_open_) {
      return std::optional<StreamUnit>(unit());
    }
  }
  if (scanned_ - begin_ + std::max(unread().size(), wanted_) > unit_bytes_max_)
    return Error::literal("the stream of the primary has a unit that is too large");
  return std::optional<StreamUnit>();
}

void UnitReader::take_record(std::span<const std::string_view> argv) {
  for (const std::string_view word : argv)
    words_.push_back({.offset = static_cast<size_t>(word.data() - (buffer_.data() + begin_)),
                      .size = word.size()});
  record_ends_.push_back(words_.size());
}

// Gives the unit, which ends at `scanned_`, and begins the next one.
StreamUnit UnitReader::unit() {
  const std::string_view bytes(buffer_.data() + begin_, scanned_ - begin_);
  views_.clear();
  for (const Word& word : words_)
    views_.push_back(bytes.substr(word.offset, word.size));
  records_.clear();
  size_t from = 0;
  for (const size_t end : record_ends_) {
    records_.emplace_back(views_.data() + from, end - from);
    from = end;
  }
  words_.clear();
  record_ends_.clear();
  begin_ = scanned_;
  return {.bytes = bytes, .records = records_, .is_transaction = std::exchange(is_open_, false)};
}

}  // namespace kvstash::replication
