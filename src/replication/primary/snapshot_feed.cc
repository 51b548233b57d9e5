#include "replication/primary/snapshot_feed.h"

#include "base/ensure.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {

SnapshotFeed::SnapshotFeed(Parking& parking, size_t bytes_max, std::function<void()> arrived)
    : parking_(&parking), bytes_max_(bytes_max), arrived_(std::move(arrived)) {}

Status SnapshotFeed::put(std::string bytes) {
  const size_t size = bytes.size();
  auto piece = std::make_shared<const std::string>(std::move(bytes));
  for (;;) {
    const uint32_t seen = room_.load(std::memory_order_seq_cst);
    {
      const std::lock_guard guard(lock_);
      ensure(end_ != End::kEnded);
      if (end_ == End::kFailed) return Error::text(failure_);
      if (readers_.empty()) return Error::literal("no replica takes it any more");
      if (pieces_.empty() || bytes_ + size <= bytes_max_) {
        pieces_.push_back(std::move(piece));
        bytes_ += size;
        break;
      }
    }
    parking_->wait(room_, seen);
  }
  arrived_();
  return {};
}

void SnapshotFeed::end() {
  {
    const std::lock_guard guard(lock_);
    if (end_ == End::kOpen) end_ = End::kEnded;
  }
  arrived_();
}

void SnapshotFeed::fail(std::string_view why) {
  {
    const std::lock_guard guard(lock_);
    if (end_ != End::kOpen) return;
    end_ = End::kFailed;
    failure_ = why;
    room_.fetch_add(1, std::memory_order_seq_cst);
  }
  parking_->wake(room_);
  arrived_();
}

size_t SnapshotFeed::readers() const {
  const std::lock_guard guard(lock_);
  return readers_.size();
}

// Drops the pieces that all readers have. The lock is held.
void SnapshotFeed::drop_read() {
  uint64_t slowest = first_ + pieces_.size();
  for (const Reader* reader : readers_)
    slowest = std::min(slowest, reader->at_);
  for (; first_ < slowest; ++first_) {
    bytes_ -= pieces_.front()->size();
    pieces_.pop_front();
  }
  room_.fetch_add(1, std::memory_order_seq_cst);
}

SnapshotFeed::Reader::Reader(std::shared_ptr<SnapshotFeed> feed) : feed_(std::move(feed)) {
  const std::lock_guard guard(feed_->lock_);
  ensure(feed_->first_ == 0);
  feed_->readers_.push_back(this);
}

SnapshotFeed::Reader::~Reader() {
  {
    const std::lock_guard guard(feed_->lock_);
    std::erase(feed_->readers_, this);
    feed_->drop_read();
  }
  feed_->parking_->wake(feed_->room_);
}

SnapshotFeed::Piece SnapshotFeed::Reader::next() {
  Piece piece;
  {
    const std::lock_guard guard(feed_->lock_);
    const auto index = static_cast<size_t>(at_ - feed_->first_);
    if (index == feed_->pieces_.size()) return nullptr;
    piece = feed_->pieces_[index];
    ++at_;
    feed_->drop_read();
  }
  feed_->parking_->wake(feed_->room_);
  return piece;
}

SnapshotFeed::Reader::State SnapshotFeed::Reader::state() const {
  const std::lock_guard guard(feed_->lock_);
  if (feed_->end_ == End::kFailed) return State::kFailed;
  if (at_ - feed_->first_ < feed_->pieces_.size()) return State::kHas;
  return feed_->end_ == End::kEnded ? State::kEnded : State::kWaits;
}

std::string SnapshotFeed::Reader::failure() const {
  const std::lock_guard guard(feed_->lock_);
  return feed_->failure_;
}

}  // namespace kvstash::replication
