#include "engine/client/reply_queue.h"

#include <algorithm>

namespace kvstash::engine {

void ReplyQueue::end(bool is_muted) {
  resp::ReplyBuffer& to = corks_ ? corked_ : out_;
  has_begun_ = false;
  if (is_muted) to.truncate(begun_at_);
  if (!pushes_.empty()) [[unlikely]] {
    to.append(pushes_.view());
    pushes_.clear();
  }
  if (corks_) append_corked(begun_at_);
}

// Adds a filled place for the bytes of corked_ from `offset` on, behind all other places.
void ReplyQueue::append_corked(size_t offset) {
  if (corked_.size() == offset) return;
  Place& last = places_.back();
  if (last.is_filled && last.offset + last.size == offset) {
    last.size = corked_.size() - last.offset;  // Adjacent filled places are merged.
  } else {
    places_.push_back({offset, corked_.size() - offset, true, false});
  }
}

void ReplyQueue::push(std::string_view message) {
  if (has_begun_) {
    pushes_.append(message);
  } else if (places_.empty()) {
    out_.append(message);
  } else {
    const size_t offset = corked_.size();
    corked_.append(message);
    append_corked(offset);
  }
}

void ReplyQueue::feed(std::string_view more) {
  ensure(bytes() == 0 && waiting_ == 0 && !has_begun_);
  out_.append(more);
  sendable_ = out_.size();
}

uint64_t ReplyQueue::open(bool is_muted) {
  places_.push_back({0, 0, false, is_muted});
  ++waiting_;
  return front_number_ + (places_.size() - front_ - 1);
}

void ReplyQueue::fill(uint64_t number, std::string_view reply, Lsn lsn) {
  follow(lsn);
  const size_t at = front_ + static_cast<size_t>(number - front_number_);
  ensure(at < places_.size() && !places_[at].is_filled);
  Place& place = places_[at];
  place.is_filled = true;
  --waiting_;
  if (place.is_muted) reply = {};
  if (at == front_) {
    out_.append(reply);
    place.size = 0;
    release_front();
    return;
  }
  place.offset = corked_.size();
  place.size = reply.size();
  corked_.append(reply);
  if (corked_.size() >= compact_at_) compact();
}

void ReplyQueue::seal(Lsn lsn, Lsn released) {
  follow(lsn);
  const size_t end = finished_bytes();
  const size_t sealed_to = sealed_.empty() ? sendable_ : sealed_.back().end;
  ensure(sealed_to <= end);
  if (follows_ <= released) [[likely]] {
    sealed_.clear();  // Earlier parts follow from no higher LSN.
    sendable_ = end;
    return;
  }
  if (end == sealed_to) return;
  if (sealed_.empty() || sealed_.back().lsn != follows_) {
    ensure(sealed_.empty() || sealed_.back().lsn < follows_);
    sealed_.push_back({.end = end, .lsn = follows_});
  } else {
    sealed_.back().end = end;
  }
}

void ReplyQueue::let_out(Lsn released) {
  const auto still =
      std::ranges::find_if(sealed_, [&](const Sealed& part) { return part.lsn > released; });
  if (still == sealed_.begin()) return;
  sendable_ = (still - 1)->end;
  sealed_.erase(sealed_.begin(), still);
}

void ReplyQueue::drop_sent(size_t bytes) {
  ensure(bytes <= sendable_);
  out_.drop_front(bytes);
  sendable_ -= bytes;
  for (Sealed& part : sealed_)
    part.end -= bytes;
  if (corks_ || !has_begun_) return;
  ensure(bytes <= begun_at_);
  begun_at_ -= bytes;
}

// Removes replies that have left from corked_ and places_, because a client that never stops
// sending may always have a place open.
void ReplyQueue::compact() {
  places_.erase(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(front_));
  front_ = 0;
  resp::ReplyBuffer kept;
  for (Place& place : places_) {
    if (!place.is_filled) continue;
    const std::string_view reply = corked_.view().substr(place.offset, place.size);
    place.offset = kept.size();
    kept.append(reply);
  }
  corked_.swap(kept);
  compact_at_ = std::max(kCompactBytesMin, 2 * corked_.size());
}

void ReplyQueue::release_front() {
  while (front_ < places_.size() && places_[front_].is_filled) {
    const Place& place = places_[front_];
    if (place.size != 0) out_.append(corked_.view().substr(place.offset, place.size));
    ++front_;
    ++front_number_;
  }
  if (front_ >= kCompactPlacesMin && front_ * 2 >= places_.size() && front_ < places_.size())
    compact();
  if (front_ < places_.size()) return;
  places_.clear();
  front_ = 0;
  corked_.clear();
}

}  // namespace kvstash::engine
