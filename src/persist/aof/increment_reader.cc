#include "persist/aof/increment_reader.h"

#include "base/crc64.h"
#include "base/ensure.h"
#include "base/text.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvstash::persist {
namespace {

// Returns the line at the front of `text`, with its '\n', if it is there and not too long.
std::optional<std::string_view> first_line(std::string_view text) {
  const size_t end = text.substr(0, kAnnotationBytesMax).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(0, end + 1);
}

// Redis writes times, and others perhaps notes. What looks like a line of ours, or like the rest of
// one, tells of a file of ours whose header is damaged, or the blocks before.
bool is_foreign_annotation(std::string_view line) {
  constexpr std::string_view kOwnWords[] = {kIncrementMark, kBlockMark, "#AOFONLY",
                                            kStreamOnlyMark};
  const bool is_own = std::any_of(std::begin(kOwnWords), std::end(kOwnWords),
                                  [line](std::string_view own) { return line.starts_with(own); });
  const std::string_view text = line.substr(0, line.find_last_not_of("\r\n") + 1);
  const bool is_text = std::all_of(text.begin(), text.end(),
                                   [](char c) { return c == '\t' || !(c >= 0 && c < ' '); });
  return !is_own && is_text && line.find(" head=") == std::string_view::npos;
}

constexpr std::string_view kNoLineEnd = "Expected the end of an annotation";

// The longest time and command that Redis may begin with.
constexpr size_t kForeignBeginBytesMax = 64;

// Whether Redis begins to write here: with a SELECT or, before a transaction, a MULTI; perhaps
// behind a time.
bool is_foreign_begin(std::string_view text) {
  if (text.starts_with(kTimestampMark)) text.remove_prefix(first_line(text).value_or("").size());
  return text.starts_with("*2\r\n$6\r\nSELECT\r\n") || text.starts_with("*1\r\n$5\r\nMULTI\r\n");
}

// Whether the text, behind a block, is a time or the beginning of any record. What a power cut left
// there of an older file is hardly ever.
bool is_foreign(std::string_view text) {
  const std::optional<std::string_view> line = first_line(text);
  if (!line) return false;
  if (parse_timestamp(*line)) return true;
  std::vector<std::string_view> argv;
  return text.starts_with('*') && parse_record(text, argv).kind != RecordParse::Kind::kWrong;
}

// Redis does not cut a line of ours that a crash left unfinished, and appends right behind it.
// Returns where that is, if the text begins with such a line.
std::optional<size_t> foreign_begin_behind_line(std::string_view text) {
  if (!text.starts_with('#')) return std::nullopt;
  const std::string_view window = text.substr(0, kOwnLineBytesMax);
  const auto is_end = [](char c) { return c < ' ' || c > '~' || c == '*' || c == '#'; };
  const auto end = std::find_if(window.begin() + 1, window.end(), is_end);
  auto at = static_cast<size_t>(end - window.begin());
  if (text.substr(at).starts_with('\r')) ++at;
  return is_foreign_begin(text.substr(at)) ? std::optional(at) : std::nullopt;
}

// Where in an unfinished block Redis went on; nothing: it did not. Our blocks have no SELECT in
// capitals, but they have MULTI.
std::optional<size_t> foreign_begin_in(std::string_view text, uint64_t block_bytes, bool in_unit) {
  std::vector<std::string_view> argv;
  bool has_record = false;
  std::optional<size_t> multi_at;  // The record before was this MULTI.
  for (size_t at = 0; at < text.size() && at < block_bytes;) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '#') {
      if (!in_unit && foreign_begin_behind_line(rest)) return at;
      if (has_record && !in_unit && is_foreign_begin(rest)) return at;
      const std::optional<std::string_view> line = first_line(rest);
      if (!line) return std::nullopt;
      at += line->size();
      continue;
    }
    argv.clear();
    const RecordParse record = parse_record(rest, argv);
    if (record.kind != RecordParse::Kind::kComplete) return std::nullopt;
    if (argv.size() == 2 && argv[0] == "SELECT" && (!in_unit || multi_at))
      return multi_at.value_or(at);
    multi_at.reset();
    if (equals_ignore_case(argv[0], "multi")) {
      if (!in_unit) multi_at = at;
      in_unit = true;
    }
    if (equals_ignore_case(argv[0], "exec")) in_unit = false;
    has_record = true;
    at += record.consumed;
  }
  return std::nullopt;
}

}  // namespace

IncrementReader::IncrementReader(uint64_t offset)
    : is_first_line_read_(offset > 0), offset_(offset), sound_bytes_(offset) {
  if (offset > 0) foreign_begin_ = offset;
}

IncrementStep IncrementReader::next(std::string_view unread, bool at_end,
                                    std::vector<std::string_view>& argv) {
  if (block_left_ > 0) return read_in_block(unread, argv);
  if (unread.empty()) return at_end ? end_of_file() : incomplete(1);
  if (!is_first_line_read_) return read_first_line(unread, at_end);
  if (foreign_begin_) return read_foreign(unread, at_end, argv);
  return read_block_header(unread, at_end);
}

IncrementStep IncrementReader::read_first_line(std::string_view unread, bool at_end) {
  const size_t compared = std::min(unread.size(), kIncrementMark.size());
  const bool may_be_ours = unread.substr(0, compared) == kIncrementMark.substr(0, compared);
  if (may_be_ours && compared < kIncrementMark.size() && !at_end)
    return incomplete(kIncrementMark.size());
  if (!may_be_ours || compared < kIncrementMark.size()) {
    is_first_line_read_ = true;
    foreign_begin_ = 0;
    return consume(Kind::kNote, 0);
  }
  const std::optional<std::string_view> line = first_line(unread);
  if (!line && unread.size() < kAnnotationBytesMax && !at_end) return incomplete(unread.size() + 1);
  header_ = line ? parse_increment_header(*line) : std::nullopt;
  if (!header_)
    return failed(Kind::kDamaged, "The header of the file does not match its checksum", offset_);
  is_first_line_read_ = true;
  lsn_ = header_->lsn;
  synced_ = header_->synced;
  IncrementStep step = consume(Kind::kNote, line->size());
  mark_sound();
  return step;
}

IncrementStep IncrementReader::read_block_header(std::string_view unread, bool at_end) {
  if (!at_end && unread.size() < kOwnLineBytesMax + kForeignBeginBytesMax)
    return incomplete(kOwnLineBytesMax + kForeignBeginBytesMax);
  // Redis goes on in the file that it finds last.
  std::optional<size_t> foreign = foreign_begin_behind_line(unread);
  const bool is_behind_torn_block = std::exchange(is_behind_torn_, foreign.has_value());
  if (is_foreign(unread)) {
    foreign = 0;
    is_behind_torn_ = is_behind_torn_block;
  }
  if (foreign) {
    if (in_unit_) return failed(Kind::kDamaged, "Expected a block of the open unit", offset_);
    IncrementStep step = consume(Kind::kNote, *foreign);
    foreign_begin_ = offset_;
    return step;
  }
  const size_t compared = std::min(unread.size(), kBlockMark.size());
  const std::optional<std::string_view> line = first_line(unread.substr(0, kOwnLineBytesMax));
  if (unread.substr(0, compared) != kBlockMark.substr(0, compared) ||
      (!line && unread.size() >= kOwnLineBytesMax))
    return failed(Kind::kDamaged, "Expected the header of a block", offset_);
  if (!line) {
    if (!at_end) return incomplete(unread.size() + 1);
    return failed(Kind::kTruncated, "The file ends in the header of a block", offset_);
  }
  const std::optional<BlockHeader> block = parse_block_header(*line, header_->salt);
  if (!block)
    return failed(Kind::kDamaged, "The header of a block does not match its checksum", offset_);
  if (block->lsn != lsn_ || block->synced > block->lsn)
    return failed(Kind::kDamaged,
                  "A block begins at LSN " + std::to_string(block->lsn) + " in place of " +
                      std::to_string(lsn_),
                  offset_);
  const std::string_view rest = unread.substr(line->size());
  if (rest.size() < block->bytes) {
    // The line itself is sound, so what it says of other blocks holds.
    synced_ = std::max(synced_, block->synced);
    if (!at_end) {
      const uint64_t needed = std::min<uint64_t>(block->bytes, SIZE_MAX - line->size());
      return incomplete(line->size() + static_cast<size_t>(needed));
    }
    return read_unfinished_block(*block, *line, rest, at_end,
                                 failed(Kind::kTruncated,
                                        "Expected a block of " + std::to_string(block->bytes) +
                                            " bytes, got " + std::to_string(rest.size()) + " bytes",
                                        offset_));
  }
  synced_ = std::max(synced_, block->synced);
  if (crc64(header_->salt, rest.substr(0, static_cast<size_t>(block->bytes))) != block->crc)
    return read_unfinished_block(
        *block, *line, rest, at_end,
        failed(Kind::kDamaged, "A block does not match its checksum", offset_));
  IncrementStep step = consume(Kind::kNote, line->size());
  block_begin_ = offset_;
  block_left_ = block->bytes;
  if (block_left_ == 0 && !in_unit_) mark_sound();
  return step;
}

// The block is not what its line says. Returns `failed`, unless Redis went on inside it.
IncrementStep IncrementReader::read_unfinished_block(const BlockHeader& block,
                                                     std::string_view line, std::string_view rest,
                                                     bool at_end, IncrementStep failed) {
  if (!at_end && rest.size() - block.bytes < kForeignBeginBytesMax)
    return incomplete(line.size() + static_cast<size_t>(block.bytes) + kForeignBeginBytesMax);
  const std::optional<size_t> ends = foreign_begin_in(rest, block.bytes, in_unit_);
  if (!ends) return failed;
  IncrementStep step = consume(Kind::kNote, line.size());
  block_begin_ = offset_;
  block_left_ = *ends;
  is_behind_torn_ = true;
  return step;
}

IncrementStep IncrementReader::read_in_block(std::string_view unread,
                                             std::vector<std::string_view>& argv) {
  ensure(unread.size() >= block_left_);  // The caller keeps what it has shown.
  const std::string_view block = unread.substr(0, static_cast<size_t>(block_left_));
  IncrementStep step;
  if (block[0] == '#') {
    const std::optional<std::string_view> line = first_line(block);
    step =
        line ? take_note_of_block(*line) : failed(Kind::kDamaged, std::string(kNoLineEnd), offset_);
  } else {
    const bool is_aof_only = std::exchange(is_aof_only_next_, false);
    step = take_record(block, true, argv);
    if (step.kind == Kind::kTruncated) step.kind = Kind::kDamaged;
    if (step.kind == Kind::kRecord) {
      step.is_aof_only = is_aof_only;
      if (!is_aof_only) lsn_ += step.consumed;
    }
  }
  if (step.kind == Kind::kDamaged) return step;
  block_left_ -= step.consumed;
  if (block_left_ > 0) return step;
  if (is_aof_only_next_) return failed(Kind::kDamaged, "Expected a record in the block", offset_);
  if (!in_unit_) {
    if (!is_behind_torn_) mark_sound();
  } else if (unit_begin_ > block_begin_) {
    return failed(Kind::kDamaged, "A unit that does not end in its block does not begin it",
                  offset_);
  }
  return step;
}

IncrementStep IncrementReader::take_note_of_block(std::string_view line) {
  if (is_aof_only_next_) return failed(Kind::kDamaged, "Expected a record in the block", offset_);
  if (line == kAofOnlyLine) {
    is_aof_only_next_ = true;
    // The line belongs to the record behind it: a unit that begins there begins the block.
    const bool begins_block = offset_ == block_begin_;
    IncrementStep step = consume(Kind::kNote, line.size());
    if (begins_block) block_begin_ = offset_;
    return step;
  }
  if (const std::optional<uint64_t> bytes = parse_stream_only(line);
      bytes && *bytes <= UINT64_MAX / 2 - lsn_ / 2) {
    lsn_ += *bytes;
    return consume(Kind::kNote, line.size());
  }
  const std::optional<int64_t> seconds = parse_timestamp(line);
  if (!seconds || offset_ != block_begin_)
    return failed(Kind::kDamaged, "Expected no such annotation in a block", offset_);
  IncrementStep step = consume(Kind::kTimestamp, line.size());
  step.timestamp = *seconds;
  return step;
}

IncrementStep IncrementReader::read_foreign(std::string_view unread, bool at_end,
                                            std::vector<std::string_view>& argv) {
  IncrementStep step;
  if (unread[0] == '#') {
    step = read_foreign_line(unread, at_end);
  } else if (unread[0] == '*') {
    step = take_record(unread, at_end, argv);
  } else {
    return failed(Kind::kDamaged, "format error", offset_);
  }
  if (step.kind == Kind::kRecord) is_behind_torn_ = false;
  // What our crash left is known by the record of Redis's behind it: cut before the end of that,
  // the file would end in what is torn.
  if (!in_unit_ && !is_behind_torn_) mark_sound();
  return step;
}

IncrementStep IncrementReader::read_foreign_line(std::string_view unread, bool at_end) {
  const std::optional<std::string_view> line = first_line(unread);
  if (!line) {
    if (unread.size() >= kAnnotationBytesMax)
      return failed(Kind::kDamaged, std::string(kNoLineEnd), offset_);
    if (!at_end) return incomplete(unread.size() + 1);
    return failed(Kind::kTruncated, std::string(kNoLineEnd), offset_);
  }
  if (!is_foreign_annotation(*line))
    return failed(Kind::kDamaged, "Expected no block of kvstash here", offset_);
  const std::optional<int64_t> seconds = parse_timestamp(*line);
  last_part_ = offset_;
  IncrementStep step = consume(seconds ? Kind::kTimestamp : Kind::kNote, line->size());
  step.timestamp = seconds.value_or(0);
  return step;
}

IncrementStep IncrementReader::take_record(std::string_view unread, bool at_end,
                                           std::vector<std::string_view>& argv) {
  const size_t argc_before = argv.size();
  RecordParse record = parse_record(unread, argv);
  if (record.kind == RecordParse::Kind::kIncomplete && !at_end)
    return incomplete(record.bytes_needed);
  lines_ += record.lines;
  if (record.kind != RecordParse::Kind::kComplete) {
    const bool is_wrong = record.kind == RecordParse::Kind::kWrong;
    if (!is_wrong && record.error.empty() && in_unit_)
      record.error = "Reached EOF before reading EXEC for MULTI";
    return failed(is_wrong ? Kind::kDamaged : Kind::kTruncated, std::move(record.error),
                  offset_ + record.error_offset);
  }
  if (const std::optional<std::string_view> wrong = follow_units(argv[argc_before])) {
    argv.resize(argc_before);
    return failed(Kind::kDamaged, std::string(*wrong), offset_ + record.name_offset);
  }
  last_part_ = offset_ + static_cast<uint64_t>(argv.back().data() - unread.data());
  return consume(Kind::kRecord, record.consumed);
}

std::optional<std::string_view> IncrementReader::follow_units(std::string_view name) {
  if (equals_ignore_case(name, "multi")) {
    if (in_unit_) return "Unexpected MULTI";
    in_unit_ = true;
    unit_begin_ = offset_;
  } else if (equals_ignore_case(name, "exec")) {
    if (!in_unit_) return "Unexpected EXEC";
    in_unit_ = false;
  }
  return std::nullopt;
}

IncrementStep IncrementReader::end_of_file() {
  if (!in_unit_) return IncrementStep{.kind = Kind::kEnd};
  return failed(Kind::kTruncated, "Reached EOF before reading EXEC for MULTI", last_part_);
}

IncrementStep IncrementReader::consume(Kind kind, size_t bytes) {
  offset_ += bytes;
  return IncrementStep{.kind = kind, .consumed = bytes};
}

void IncrementReader::mark_sound() {
  sound_bytes_ = offset_;
  sound_lsn_ = lsn_;
}

IncrementStep IncrementReader::failed(Kind kind, std::string error, uint64_t error_offset) const {
  return IncrementStep{.kind = kind, .error = std::move(error), .error_offset = error_offset};
}

IncrementStep IncrementReader::incomplete(size_t bytes_needed) {
  return IncrementStep{.kind = Kind::kIncomplete, .bytes_needed = bytes_needed};
}

void SyncedSearch::feed(std::string_view piece) {
  tail_ += piece;
  const std::string_view text = tail_;
  size_t done = 0;
  for (size_t at = text.find(kBlockMark); at != std::string_view::npos;
       at = text.find(kBlockMark, at + 1)) {
    const std::string_view window = text.substr(at, kOwnLineBytesMax);
    const size_t end = window.find('\n');
    if (end == std::string_view::npos && window.size() < kOwnLineBytesMax) break;
    done = at + 1;
    if (end == std::string_view::npos) continue;
    if (const std::optional<BlockHeader> block =
            parse_block_header(window.substr(0, end + 1), salt_))
      synced_ = std::max(synced_, block->synced);
  }
  const size_t kept_from =
      text.size() > kOwnLineBytesMax ? text.size() - kOwnLineBytesMax : size_t{0};
  tail_.erase(0, std::max(done, kept_from));
}

}  // namespace kvstash::persist
