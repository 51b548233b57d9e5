#include "persist/journal/journal.h"

#include "base/ensure.h"
#include "base/numbers.h"
#include "resp/request_text.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::DbIndex;
using engine::Lsn;

// The size of a block. A buffer of a lane that is larger gets a block of its own.
constexpr size_t kBlockBytes = size_t{256} << 10;

// So many changes of the difference between LSNs and offsets are remembered.
constexpr size_t kShiftsMax = 1024;

Lsn operator+(Lsn lsn, size_t bytes) {
  return Lsn{static_cast<uint64_t>(lsn) + bytes};
}

size_t distance(Lsn from, Lsn to) {
  ensure(from <= to);
  return static_cast<size_t>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from));
}

// The place behind the first `bytes` bytes of a block that begins at `begin`.
JournalPlace place_in(JournalPlace begin, size_t bytes, const std::vector<Mark>& marks) {
  size_t skipped = 0;  // Bytes that replicas do not get.
  for (const Mark& mark : marks) {
    if (mark.offset >= bytes) break;
    ensure(mark.offset + mark.bytes <= bytes);
    if (mark.target == engine::RecordTarget::kAof) skipped += mark.bytes;
  }
  return {.lsn = begin.lsn + bytes, .offset = begin.offset + bytes - skipped};
}

// The marks of the bytes [from, to).
std::vector<Mark> marks_between(const std::vector<Mark>& marks, size_t from, size_t to) {
  std::vector<Mark> found;
  for (const Mark& mark : marks) {
    if (mark.offset < from || mark.offset >= to) continue;
    found.push_back(mark);
    found.back().offset -= from;
  }
  return found;
}

}  // namespace

void append_select(std::string& to, DbIndex db) {
  char digits[kInt64CharsMax];
  const size_t count = format_uint64(digits, static_cast<uint64_t>(db));
  const std::string_view argv[] = {"select", {digits, count}};
  resp::append_request(to, argv);
}

Journal::Journal(JournalPlace begin, size_t backlog_bytes)
    : end_(begin),
      databases_{{.at = begin.lsn, .db = std::nullopt}},
      shifts_{begin},
      backlog_bytes_(backlog_bytes),
      end_lsn_(begin.lsn) {}

Lsn Journal::append(const LaneRecords& records) {
  Lsn end;
  {
    const std::lock_guard guard(lock_);
    if (databases_.back().db != records.first_db) put_select(records.first_db);
    put(records.text);
    set_database(records.last_db);
    end = end_.lsn;
    end_lsn_.store(end, std::memory_order_seq_cst);
  }
  if (on_append_) on_append_();
  return end;
}

Lsn Journal::append_text(const MarkedBytes& text, std::optional<DbIndex> last_db) {
  Lsn end;
  {
    const std::lock_guard guard(lock_);
    put(text);
    if (last_db) set_database(last_db);
    end = end_.lsn;
    end_lsn_.store(end, std::memory_order_seq_cst);
  }
  if (on_append_) on_append_();
  return end;
}

// The primary's SELECT may stand far before, where the log on disk does not begin, or clients of
// this node may have written to another database since.
Lsn Journal::append_stream(const MarkedBytes& units, DbIndex last_db) {
  Lsn end;
  {
    const std::lock_guard guard(lock_);
    ensure(is_following());
    if (databases_.back().db != stream_db_) put_select(stream_db_);
    put(units);
    stream_db_ = last_db;
    set_database(last_db);
    end = end_.lsn;
    end_lsn_.store(end, std::memory_order_seq_cst);
  }
  if (on_append_) on_append_();
  return end;
}

Lsn Journal::append_for_replicas(std::string_view record) {
  MarkedBytes text{.bytes = std::string(record), .marks = {}};
  text.mark_from(0, engine::RecordTarget::kReplicas);
  return append_text(text, std::nullopt);
}

// While a primary is followed its stream has its own SELECTs, and this one is for the log alone.
void Journal::put_select(DbIndex db) {
  MarkedBytes select;
  append_select(select.bytes, db);
  select.mark_from(0, is_following() ? engine::RecordTarget::kAof : engine::RecordTarget::kBoth);
  put(select);
}

void Journal::put(const MarkedBytes& text) {
  Block& block = room_for(text.bytes.size());
  for (const Mark& mark : text.marks) {
    block.marks.push_back(mark);
    block.marks.back().offset += block.size;
  }
  add(block, text.bytes);
  const size_t bytes = text.bytes.size();
  const size_t stream = stream_bytes(bytes, text.marks);
  block.stream_bytes += stream;
  end_ = {.lsn = end_.lsn + bytes, .offset = end_.offset + stream};
  if (stream == bytes) return;
  shifts_.push_back(end_);
  if (shifts_.size() > kShiftsMax) shifts_.pop_front();
}

void Journal::begin_at(JournalPlace place) {
  const std::lock_guard guard(lock_);
  ensure(blocks_.empty() && readers_.empty());
  end_ = place;
  databases_ = {{.at = place.lsn, .db = std::nullopt}};
  shifts_ = {place};
  end_lsn_.store(place.lsn, std::memory_order_seq_cst);
}

void Journal::begin_following(DbIndex db) {
  const std::lock_guard guard(lock_);
  stream_db_ = db;
  is_following_.store(true, std::memory_order_relaxed);
}

// What the log and the primary's stream have selected may be two databases.
void Journal::end_following() {
  const std::lock_guard guard(lock_);
  is_following_.store(false, std::memory_order_relaxed);
  set_database(std::nullopt);
}

void Journal::jump_to(Offset offset) {
  const std::lock_guard guard(lock_);
  for (const Reader* reader : readers_)
    ensure(reader->needed_ == engine::kLsnMax);
  blocks_.clear();
  memory_ = 0;
  end_.offset = offset;
  databases_ = {{.at = end_.lsn, .db = std::nullopt}};
  shifts_ = {end_};
}

void Journal::select_again() {
  const std::lock_guard guard(lock_);
  set_database(std::nullopt);
}

void Journal::set_database(std::optional<DbIndex> db) {
  if (databases_.back().db == db) return;
  if (databases_.back().at == end_.lsn) databases_.pop_back();
  databases_.push_back({.at = end_.lsn, .db = db});
}

JournalPlace Journal::end_place() const {
  const std::lock_guard guard(lock_);
  return end_;
}

std::optional<DbIndex> Journal::database() const {
  const std::lock_guard guard(lock_);
  return is_following() ? stream_db_ : databases_.back().db;
}

std::optional<DbIndex> Journal::database_at(Lsn lsn) const {
  const std::lock_guard guard(lock_);
  const auto after = std::ranges::upper_bound(databases_, lsn, {}, &Change::at);
  ensure(after != databases_.begin());
  return std::prev(after)->db;
}

// Between two changes of the difference it is the same. Where a change stands in the middle of what
// was appended, its place is that behind the append: so the LSN is at most too low.
Lsn Journal::lsn_at(Offset offset) const {
  const std::lock_guard guard(lock_);
  const auto after = std::ranges::upper_bound(shifts_, offset, {}, &JournalPlace::offset);
  if (after == shifts_.begin()) return engine::kLsnNone;
  const JournalPlace& shift = *std::prev(after);
  return std::min(shift.lsn + static_cast<size_t>(offset - shift.offset), end_.lsn);
}

// The first place with this offset.
std::optional<JournalPlace> Journal::place_of(Offset offset) const {
  if (offset < oldest().offset || offset > end_.offset) return std::nullopt;
  const auto at = std::ranges::lower_bound(blocks_, offset, {}, [](const auto& block) {
    return block->begin.offset + block->stream_bytes;
  });
  if (at == blocks_.end()) return end_;
  const Block& block = **at;
  const auto wanted = static_cast<size_t>(offset - block.begin.offset);
  size_t skipped = 0;
  for (const Mark& mark : block.marks) {
    if (mark.offset - skipped >= wanted) break;
    if (mark.target == engine::RecordTarget::kAof) skipped += mark.bytes;
  }
  return JournalPlace{.lsn = block.begin.lsn + wanted + skipped, .offset = offset};
}

std::unique_ptr<Journal::Reader> Journal::read_from(Offset offset) {
  const std::lock_guard guard(lock_);
  const std::optional<JournalPlace> place = place_of(offset);
  if (!place) return nullptr;
  return std::make_unique<Reader>(*this, *place, guard);
}

void Journal::set_backlog_bytes(size_t bytes) {
  const std::lock_guard guard(lock_);
  backlog_bytes_ = bytes;
  drop_blocks();
}

Journal::Numbers Journal::numbers() const {
  const std::lock_guard guard(lock_);
  return {.begin = oldest(), .end = end_, .memory = memory_, .blocks = blocks_.size()};
}

// Returns the block that the next `bytes` bytes go to, whole.
Journal::Block& Journal::room_for(size_t bytes) {
  if (!blocks_.empty()) {
    Block& last = *blocks_.back();
    if (last.capacity - last.size >= bytes) return last;
  }
  std::shared_ptr<Block> block;
  if (bytes <= kBlockBytes && spare_ != nullptr) {
    block = std::exchange(spare_, nullptr);
  } else {
    block = std::make_shared<Block>();
    block->capacity = std::max(bytes, kBlockBytes);
    block->bytes = std::make_unique_for_overwrite<char[]>(block->capacity);
  }
  block->begin = end_;
  memory_ += block->capacity;
  blocks_.push_back(std::move(block));
  drop_blocks();
  return *blocks_.back();
}

void Journal::add(Block& block, std::string_view bytes) {
  ensure(block.capacity - block.size >= bytes.size());
  if (bytes.empty()) return;
  std::memcpy(block.bytes.get() + block.size, bytes.data(), bytes.size());
  block.size += bytes.size();
}

// Drops the oldest blocks that no reader needs, as far as what stays makes up the backlog. The last
// block stays.
void Journal::drop_blocks() {
  Lsn needed = engine::kLsnMax;
  for (const Reader* reader : readers_)
    needed = std::min(needed, reader->needed_);
  while (blocks_.size() > 1) {
    std::shared_ptr<Block>& oldest = blocks_.front();
    const Lsn end = oldest->begin.lsn + oldest->size;
    if (end > needed || distance(end, end_.lsn) < backlog_bytes_) return;
    memory_ -= oldest->capacity;
    // A piece may still refer to the block: then its memory is freed with the piece.
    if (oldest.use_count() == 1 && oldest->capacity == kBlockBytes && spare_ == nullptr) {
      oldest->size = oldest->stream_bytes = 0;
      oldest->marks.clear();
      spare_ = std::move(oldest);
    }
    blocks_.pop_front();
    while (databases_.size() > 1 && databases_[1].at <= end)
      databases_.pop_front();
  }
}

// Returns the number of the block in which the byte at `lsn` stands or will stand.
size_t Journal::index_of(Lsn lsn) const {
  const auto after = std::ranges::upper_bound(blocks_, lsn, {},
                                              [](const auto& block) { return block->begin.lsn; });
  ensure(after != blocks_.begin());
  return static_cast<size_t>(after - blocks_.begin()) - 1;
}

Journal::Reader::Reader(Journal& journal, JournalPlace place)
    : Reader(journal, place, std::lock_guard(journal.lock_)) {}

Journal::Reader::Reader(Journal& journal, JournalPlace place, const std::lock_guard<std::mutex>&)
    : journal_(&journal), at_(place), needed_(place.lsn) {
  ensure(journal_->oldest().lsn <= place.lsn && place.lsn <= journal_->end_.lsn);
  journal_->readers_.push_back(this);
}

Journal::Reader::~Reader() {
  const std::lock_guard guard(journal_->lock_);
  std::erase(journal_->readers_, this);
  journal_->drop_blocks();
}

void Journal::Reader::release(JournalPlace place) {
  const std::lock_guard guard(journal_->lock_);
  ensure(needed_ <= place.lsn && place.lsn <= journal_->end_.lsn);
  needed_ = place.lsn;
  journal_->drop_blocks();
}

void Journal::Reader::rest() {
  const std::lock_guard guard(journal_->lock_);
  needed_ = engine::kLsnMax;
  journal_->drop_blocks();
}

void Journal::Reader::need(JournalPlace place) {
  const std::lock_guard guard(journal_->lock_);
  ensure(journal_->oldest().lsn <= place.lsn && place.lsn <= journal_->end_.lsn);
  needed_ = place.lsn;
}

std::optional<JournalPiece> Journal::Reader::take(Lsn until) {
  const std::lock_guard guard(journal_->lock_);
  const Lsn end = std::min(until, journal_->end_.lsn);
  ensure(at_.lsn <= end);
  if (at_.lsn == end) return std::nullopt;
  const std::shared_ptr<Block>& block = journal_->blocks_[journal_->index_of(at_.lsn)];
  const size_t from = distance(block->begin.lsn, at_.lsn);
  const size_t to = std::min(block->size, distance(block->begin.lsn, end));
  JournalPiece piece{.begin = at_,
                     .end = place_in(block->begin, to, block->marks),
                     .bytes = {block->bytes.get() + from, to - from},
                     .marks = marks_between(block->marks, from, to),
                     .block = block};
  at_ = piece.end;
  return piece;
}

}  // namespace kvstash::persist
