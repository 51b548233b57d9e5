#include "persist/journal/lane.h"

#include "base/numbers.h"
#include "persist/journal/journal.h"
#include "resp/request_text.h"

#include <string_view>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::DbIndex;
using engine::Lsn;
using engine::Record;
using engine::RecordTarget;

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";
// A buffer that has grown larger than this is given back after its records have joined.
constexpr size_t kKeptBytesMax = size_t{1} << 20;

}  // namespace

Lane::Lane(Journal& journal) : journal_(&journal), lsn_(journal.end()) {}

RecordTarget Lane::target() const {
  return journal_->is_following() ? RecordTarget::kAof : RecordTarget::kBoth;
}

void Lane::select(DbIndex db) {
  MarkedBytes& text = records_.text;
  if (text.empty()) {
    records_.first_db = db;
  } else if (records_.last_db != db) {
    const size_t at = text.bytes.size();
    append_select(text.bytes, db);
    text.mark_from(at, target());
  }
  records_.last_db = db;
}

void Lane::on_begin_unit() {
  is_in_unit_ = true;
  unit_records_ = 0;
}

void Lane::on_record(const Record& record) {
  MarkedBytes& text = records_.text;
  if (is_in_unit_ && unit_records_ == 0) {
    unit_at_ = text.bytes.size();
    before_unit_db_ = records_.last_db;
    unit_db_ = record.db;
  }
  if (is_in_unit_ && unit_records_ == 1) text.insert(unit_at_, kMulti, target());
  if (is_in_unit_) ++unit_records_;
  select(record.db);
  const size_t at = text.bytes.size();
  if (record.raw.empty()) {
    resp::append_request(text.bytes, record.argv);
  } else {
    text.bytes.append(record.raw);
  }
  text.mark_from(at, record.target);
}

void Lane::on_end_unit() {
  if (unit_records_ > 1) {
    const size_t at = records_.text.bytes.size();
    records_.text.bytes.append(kExec);
    records_.text.mark_from(at, target());
  }
  is_in_unit_ = false;
}

Lsn Lane::flush() {
  const bool is_unit_open = is_in_unit_ && unit_records_ != 0;
  if (!is_unit_open) {
    give(records_);
  } else if (unit_at_ != 0) {
    // The records before the unit join; the unit waits for its end.
    records_.text.cut_front(unit_at_, before_unit_.text);
    before_unit_.first_db = std::exchange(records_.first_db, unit_db_);
    before_unit_.last_db = before_unit_db_;
    unit_at_ = 0;
    give(before_unit_);
  }
  return lsn_;
}

void Lane::give(LaneRecords& records) {
  if (records.text.empty()) return;
  lsn_ = journal_->append(records);
  records.text.bytes.clear();
  if (records.text.bytes.capacity() > kKeptBytesMax) records.text.bytes = {};
  records.text.marks.clear();
}

}  // namespace kvstash::persist
