#include "persist/aof/increment_writer.h"

#include "base/crc64.h"
#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {

IncrementWriter::IncrementWriter(IncrementHeader header)
    : header_(std::move(header)),
      lsn_(header_.lsn),
      synced_(header_.synced),
      bytes_(print_increment_header(header_)) {
  ensure(header_.replid.size() == kReplidChars && header_.synced <= header_.lsn);
}

void IncrementWriter::add_records(std::string_view resp) {
  open_block();
  bytes_ += resp;
  lsn_ += resp.size();
}

void IncrementWriter::add_aof_only(std::string_view resp) {
  open_block();
  bytes_ += kAofOnlyLine;
  bytes_ += resp;
}

void IncrementWriter::add_stream_only(uint64_t bytes) {
  open_block();
  bytes_.append(kStreamOnlyMark).append(std::to_string(bytes)).append("\r\n");
  lsn_ += bytes;
}

void IncrementWriter::add_timestamp(int64_t unix_seconds) {
  ensure(!in_unit_);
  close_open_block();
  open_block();
  bytes_.append(kTimestampMark).append(std::to_string(unix_seconds)).append("\r\n");
}

void IncrementWriter::begin_unit() {
  ensure(!in_unit_);
  open_block();
  in_unit_ = true;
  unit_begin_ = bytes_.size();
  unit_lsn_ = lsn_;
}

void IncrementWriter::end_unit() {
  ensure(in_unit_);
  in_unit_ = false;
  unit_begin_.reset();
}

void IncrementWriter::set_synced(uint64_t lsn) {
  ensure(lsn <= lsn_);
  synced_ = std::max(synced_, lsn);
}

void IncrementWriter::add_synced_mark() {
  ensure(!in_unit_);
  close_open_block();
  close_block(bytes_.size(), lsn_);
}

std::string_view IncrementWriter::take() {
  if (has_block_ && unit_begin_ && *unit_begin_ > block_begin_) {
    // The open unit will not end in this block, so it gets one of its own.
    const std::string unit = bytes_.substr(*unit_begin_);
    bytes_.resize(*unit_begin_);
    close_block(block_begin_, block_lsn_);
    const size_t begin = bytes_.size();
    bytes_ += unit;
    if (!unit.empty()) close_block(begin, unit_lsn_);
    has_block_ = false;
  } else {
    close_open_block();
  }
  if (in_unit_) unit_begin_.reset();
  return bytes_;
}

void IncrementWriter::open_block() {
  if (has_block_) return;
  has_block_ = true;
  block_begin_ = bytes_.size();
  block_lsn_ = lsn_;
}

void IncrementWriter::close_open_block() {
  if (!has_block_) return;
  has_block_ = false;
  if (bytes_.size() > block_begin_) close_block(block_begin_, block_lsn_);
}

void IncrementWriter::close_block(size_t begin, uint64_t lsn) {
  const std::string_view block = std::string_view(bytes_).substr(begin);
  const BlockHeader head{.bytes = block.size(),
                         .lsn = lsn,
                         .synced = std::min(synced_, lsn),
                         .crc = crc64(header_.salt, block)};
  bytes_.insert(begin, print_block_header(head, header_.salt));
}

}  // namespace kvstash::persist
