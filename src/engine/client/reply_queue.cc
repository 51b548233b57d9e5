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

// What stands in corked_ from `offset` on takes its place after all others.
void ReplyQueue::append_corked(size_t offset) {
  if (corked_.size() == offset) return;
  Place& last = places_.back();
  if (last.is_filled && last.offset + last.size == offset) {
    last.size = corked_.size() - last.offset;  // Neighbours share a place.
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

uint64_t ReplyQueue::open(bool is_muted) {
  places_.push_back({0, 0, false, is_muted});
  ++waiting_;
  return front_number_ + (places_.size() - front_ - 1);
}

void ReplyQueue::fill(uint64_t number, std::string_view reply) {
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

// A client that never stops sending may always have a place open: what has left goes nevertheless.
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
