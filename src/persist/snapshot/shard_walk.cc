#include "persist/snapshot/shard_walk.h"

#include "base/ensure.h"
#include "persist/rdb/value_writer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace kvstash::persist {
namespace {

using store::Entry;
using store::KeyRef;
using store::Keyspace;

// A chunk is allocated with room for the entry that fills it.
constexpr size_t kChunkRoomMore = size_t{8} << 10;

}  // namespace

ShardWalk::ShardWalk(std::shared_ptr<Snapshot> snapshot, size_t shard, Holdings& holdings)
    : snapshot_(std::move(snapshot)),
      shard_(shard),
      mark_(snapshot_->options().mark),
      holdings_(&holdings) {}

void ShardWalk::add(uint32_t db, Keyspace& space) {
  ensure(space.marked(mark_) == 0);
  if (space.size() == 0) return;
  cuts_.push_back(std::make_unique<Cut>(Cut{.space = &space, .db = db}));
  by_space_.emplace(&space, cuts_.back().get());
  const store::TimingWheel* fields = space.field_deadlines();
  snapshot_->count_keys({.db = db,
                         .keys = space.size(),
                         .keys_with_deadline = space.deadlines().size(),
                         .keys_with_field_deadlines = fields != nullptr ? fields->size() : 0});
}

// ---- What the observer is told.

ShardWalk::Cut* ShardWalk::cut_of(const Keyspace& space) {
  const auto at = by_space_.find(&space);
  return at != by_space_.end() ? at->second : nullptr;
}

void ShardWalk::before_change(Keyspace& space, const KeyRef& key, Entry& entry) {
  Cut* cut = cut_of(space);
  if (cut == nullptr || part_ == Part::kUnmark) return;
  const bool is_passed = cut->has_passed(key.hash);
  if (entry.has_mark(mark_) != is_passed) return;
  preserve(*cut, entry);
  space.set_mark(entry, mark_, !is_passed);
}

void ShardWalk::born(Keyspace& space, const KeyRef& key, Entry& entry) {
  Cut* cut = cut_of(space);
  if (cut == nullptr || part_ == Part::kUnmark) return;
  if (!cut->has_passed(key.hash)) space.set_mark(entry, mark_, true);
}

bool ShardWalk::before_drop(const Keyspace& space) {
  Cut* cut = cut_of(space);
  if (cut == nullptr) return false;
  if (part_ != Part::kUnmark) return true;
  cut->space = nullptr;
  by_space_.erase(&space);
  return false;
}

// ---- Writing entries.

void ShardWalk::preserve(Cut& cut, const Entry& entry) {
  if (is_large(entry)) return watch(cut, entry);
  ++preimages_;
  write_small(cut, entry);
}

bool ShardWalk::is_writable(const Entry& entry) {
  const Status status = rdb::check_writable(entry, snapshot_->rdb_version());
  if (status.ok()) return true;
  snapshot_->give_up(std::string(status.error().message()));
  return false;
}

size_t ShardWalk::write_small(const Cut& cut, const Entry& entry) {
  if (!is_writable(entry)) return 0;
  rdb::Encoded& chunk = chunk_of(cut.db);
  const size_t before = chunk.bytes.size();
  rdb::Encoder to(chunk);
  rdb::write_entry(to, entry, snapshot_->options().write);
  ++keys_done_;
  const size_t written = chunk.bytes.size() - before;
  if (chunk.bytes.size() >= chunk_bytes()) flush();
  return written;
}

void ShardWalk::watch(Cut& cut, const Entry& entry) {
  if (!is_writable(entry)) return;
  BigValue::Place place{.db = cut.db, .head = {}, .rdb_version = snapshot_->rdb_version()};
  rdb::Encoder to(place.head);
  rdb::write_entry_head(to, entry, snapshot_->options().write);
  ValueWatch& watch = holdings_->watch(*cut.space, entry);
  views_.push_back({watch.add(mark_, std::move(place), tally_), &watch});
}

rdb::Encoded& ShardWalk::chunk_of(uint32_t db) {
  if (chunk_.db != db) flush();
  chunk_.db = db;
  if (chunk_.encoded.bytes.empty()) chunk_.encoded.bytes.reserve(chunk_bytes() + kChunkRoomMore);
  return chunk_.encoded;
}

void ShardWalk::flush_to(size_t lane, Chunk& chunk, bool goes_on) {
  if (chunk.encoded.bytes.empty()) return;
  // A chunk that was ended early, for another database, is not to keep the room of a full one.
  if (chunk.encoded.bytes.size() < chunk_bytes() / 2) chunk.encoded.bytes.shrink_to_fit();
  snapshot_->push(lane, {.goes_on = goes_on, .chunk = std::exchange(chunk, {})});
}

// Puts in the rest of a value whose begin was put in before.
void ShardWalk::end_value(size_t lane, Chunk& chunk) {
  if (chunk.encoded.bytes.empty()) {
    snapshot_->push(lane, {.kind = ChunkLane::Item::Kind::kValueEnd});
  } else {
    flush_to(lane, chunk, false);
  }
}

// ---- Walking.

StepResult ShardWalk::step(Budget budget) {
  while (!budget.is_spent()) {
    if (snapshot_->is_given_up() && part_ < Part::kUnmark) give_up();
    if (part_ == Part::kReady && snapshot_->are_all_ready()) {
      push({.kind = ChunkLane::Item::Kind::kDone});
      part_ = Part::kDone;
    }
    if (part_ == Part::kDone) break;
    if (write_guest(budget)) continue;
    if (!may_go_on()) {
      publish();
      // It may have been given up after it was looked at, and that wake came too early.
      const bool waits = part_ >= Part::kUnmark || !snapshot_->is_given_up();
      return waits ? StepResult::kWaits : StepResult::kWorks;
    }
    do_slice(budget);
  }
  publish();
  return part_ == Part::kDone ? StepResult::kDone : StepResult::kWorks;
}

// Whether there is something that can be done now, beside guests.
bool ShardWalk::may_go_on() {
  switch (part_) {
    case Part::kUnmark:
      return true;
    case Part::kReady:
      return false;
    default:
      return !has_only_guests() && !snapshot_->is_lent(shard_) &&
             !snapshot_->is_full(shard_, shard_);
  }
}

void ShardWalk::do_slice(Budget& budget) {
  switch (part_) {
    case Part::kSmall:
      return walk_small(budget);
    case Part::kBig:
      return walk_big(budget);
    case Part::kUnmark:
      return unmark(budget);
    default:
      ensure(false);
  }
}

void ShardWalk::walk_small(Budget& budget) {
  if (at_ == cuts_.size()) {
    flush();
    push({.kind = ChunkLane::Item::Kind::kSmallDone});
    part_ = Part::kBig;
    at_ = 0;
    return;
  }
  Cut& cut = *cuts_[at_];
  constexpr store::WalkBudget kVisit{.buckets = 8, .elements = 16};
  constexpr size_t kLineBytes = 64;
  // The entries of some buckets come into the cache together.
  visited_.clear();
  cut.next = cut.space->table().walk(*cut.next, kVisit, [this](Entry* entry) {
    __builtin_prefetch(entry);
    __builtin_prefetch(reinterpret_cast<const char*>(entry) + kLineBytes);
    visited_.push_back(entry);
  });
  size_t bytes = 0;
  for (Entry* entry : visited_)
    bytes += visit(cut, *entry);
  budget.spend(1 + visited_.size(), bytes);
  if (cut.next) return;
  if (cut.big.empty()) finish(cut);
  ++at_;
}

// Writes an entry that the walk has come to, or marks it. Returns how many bytes it has written.
size_t ShardWalk::visit(Cut& cut, Entry& entry) {
  if (entry.has_mark(mark_)) {
    cut.space->set_mark(entry, mark_, false);
    return 0;
  }
  if (is_large(entry)) {
    cut.space->set_mark(entry, mark_, true);
    cut.big.push_back(keyed_hash(entry.key(), cut.space->table().seed()));
    return 0;
  }
  return write_small(cut, entry);
}

void ShardWalk::walk_big(Budget& budget) {
  budget.spend(1);
  if (!ending_.empty()) return end_views(budget);
  if (!views_.empty()) return write_value(budget);
  if (find_big()) return;
  flush();
  be_ready();
}

void ShardWalk::be_ready() {
  ensure(by_space_.empty() && tally_.overlay_bytes == 0);
  part_ = Part::kReady;
  snapshot_->add_ready();
}

// Begins to watch the next large value that was only marked. Returns false after the last.
bool ShardWalk::find_big() {
  if (at_ == cuts_.size()) return false;
  Cut& cut = *cuts_[at_];
  if (cut.big.empty()) {
    if (cut.space != nullptr) finish(cut);
    ++at_;
    return true;
  }
  // The rest of the bucket is visited as well. Whatever has the mark is to be written.
  cut.space->table().walk(cut.big.front(), {.buckets = 1, .elements = 1}, [&](Entry* entry) {
    if (!entry->has_mark(mark_)) return;
    watch(cut, *entry);
    cut.space->set_mark(*entry, mark_, false);
  });
  cut.big.pop_front();
  return true;
}

void ShardWalk::write_value(Budget& budget) {
  View& view = views_.front();
  const bool has_more = view.value->write(chunk_of(view.value->db()), budget);
  if (chunk_.encoded.bytes.size() >= chunk_bytes()) {
    flush(has_more);
    is_inside_ = has_more;
  }
  if (has_more) return;
  ++keys_done_;
  // The reader must not wait for the end of a value.
  if (std::exchange(is_inside_, false)) end_value(shard_, chunk_);
  ending_.push_back(std::move(view));
  views_.pop_front();
}

// Returns false if there is no guest whose lane has room.
bool ShardWalk::write_guest(Budget& budget) {
  const auto at = std::ranges::find_if(
      guests_, [this](const Guest& guest) { return !snapshot_->is_full(guest.lane, shard_); });
  if (at == guests_.end()) return false;
  at->chunk.db = at->view.value->db();
  if (at->view.value->write(at->chunk.encoded, budget)) {
    if (at->chunk.encoded.bytes.size() >= chunk_bytes()) flush_to(at->lane, at->chunk, true);
    return true;
  }
  ++keys_done_;
  end_value(at->lane, at->chunk);
  snapshot_->give_back(at->lane);
  ending_.push_back(std::move(at->view));
  guests_.erase(at);
  return true;
}

void ShardWalk::take_view(ShardWalk& from, const ValueWatch& watch) {
  if (part_ == Part::kReady) {
    snapshot_->take_ready();
    part_ = snapshot_->is_given_up() ? Part::kUnmark : Part::kBig;
  }
  const auto take_from = [&watch](std::deque<View>& views) -> std::optional<View> {
    const auto at = std::ranges::find(views, &watch, &View::watch);
    if (at == views.end()) return std::nullopt;
    View taken = std::move(*at);
    views.erase(at);
    return taken;
  };
  const auto own = [this](const View& view) { view.value->set_tally(tally_); };
  if (std::optional<View> view = take_from(from.ending_)) {
    own(*view);
    ending_.push_back(std::move(*view));
  } else if ((view = take_from(from.views_))) {
    own(*view);
    if (part_ == Part::kUnmark) {
      ending_.push_back(std::move(*view));
    } else if (!view->value->is_begun()) {
      views_.push_back(std::move(*view));
    } else {
      from.flush(true);
      from.is_inside_ = false;
      snapshot_->lend(from.shard_);
      guests_.push_back({.view = std::move(*view), .lane = from.shard_});
    }
  } else {
    const auto at = std::ranges::find(from.guests_, &watch,
                                      [](const Guest& guest) { return guest.view.watch; });
    ensure(at != from.guests_.end());
    own(at->view);
    if (part_ == Part::kUnmark) {
      ending_.push_back(std::move(at->view));
    } else {
      guests_.push_back(std::move(*at));
    }
    from.guests_.erase(at);
  }
}

void ShardWalk::end_views(Budget& budget) {
  View& view = ending_.front();
  if (view.value->clean(budget)) return;
  holdings_->unwatch(*view.watch, mark_);
  BigValue::dispose(std::move(view.value), holdings_->garbage());
  ending_.pop_front();
}

void ShardWalk::finish(Cut& cut) {
  ensure(cut.space->marked(mark_) == 0);
  by_space_.erase(cut.space);
  holdings_->let_go(*cut.space);
  cut.space = nullptr;
}

// ---- Giving up.

void ShardWalk::give_up() {
  part_ = Part::kUnmark;
  at_ = 0;
  chunk_ = {};
  for (View& view : views_)
    ending_.push_back(std::move(view));
  views_.clear();
  for (Guest& guest : guests_)
    ending_.push_back(std::move(guest.view));
  guests_.clear();
}

void ShardWalk::abandon() {
  snapshot_->give_up("The server is shutting down.");
  if (part_ < Part::kUnmark) give_up();
  constexpr size_t kUnbounded = std::numeric_limits<size_t>::max();
  Budget budget(kUnbounded, kUnbounded);
  while (part_ == Part::kUnmark)
    unmark(budget);
  part_ = Part::kDone;
}

void ShardWalk::unmark(Budget& budget) {
  budget.spend(1);
  if (!ending_.empty()) return end_views(budget);
  if (at_ == cuts_.size()) return be_ready();
  Cut& cut = *cuts_[at_];
  if (cut.space != nullptr) return unmark(cut, budget);
  ++at_;
}

void ShardWalk::unmark(Cut& cut, Budget& budget) {
  if (holdings_->keeps(*cut.space)) {  // Its marks go with it.
    by_space_.erase(cut.space);
    holdings_->let_go(*cut.space);
    cut.space = nullptr;
    return;
  }
  if (!cut.is_unmarking) {
    cut.next = 0;
    cut.is_unmarking = true;
  }
  if (cut.space->marked(mark_) == 0) return finish(cut);
  constexpr store::WalkBudget kVisit{.buckets = 16, .elements = 32};
  size_t seen = 0;
  cut.next = cut.space->table().walk(*cut.next, kVisit, [&](Entry* entry) {
    ++seen;
    cut.space->set_mark(*entry, mark_, false);
  });
  budget.spend(1 + seen);
  ensure(cut.next || cut.space->marked(mark_) == 0);
}

void ShardWalk::publish() {
  snapshot_->publish(shard_, {.keys_done = keys_done_,
                              .overlay_bytes = tally_.overlay_bytes,
                              .preimages = preimages_ + tally_.preimages});
}

}  // namespace kvstash::persist
