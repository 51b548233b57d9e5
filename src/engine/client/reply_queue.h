// ReplyQueue: the replies of one connection, in the order of its commands.
//
// A reply that has to come from elsewhere gets a place in the queue. While places are open, replies
// made on the spot wait behind them (the output is corked), and everything leaves in order, usually
// in one write.
//
// The bytes in `out()` leave in two steps. At the end of a turn they are sealed with the LSN of the
// journal that they follow from; they may be sent once the journal has come that far (gate.h).
// Bytes that wait for that are not the client's fault, and do not count as unread.
//
// Lives on the connection's shard.
#pragma once

#include "engine/release/lsn.h"
#include "resp/reply_buffer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class ReplyQueue {
 public:
  // ---- A reply made on the spot: write into begin()'s buffer, then call end().
  resp::ReplyBuffer& begin() {
    corks_ = !places_.empty();
    resp::ReplyBuffer& to = corks_ ? corked_ : out_;
    begun_at_ = to.size();
    has_begun_ = true;
    return to;
  }
  // `is_muted`: the client asked for no reply (CLIENT REPLY), so the reply is removed.
  void end(bool is_muted);
  bool has_begun() const { return has_begun_; }

  // ---- A reply that comes later.
  // Opens the next place and returns its number for fill().
  uint64_t open(bool is_muted);
  // Fills a place. `lsn`: the LSN that the reply follows from.
  void fill(uint64_t number, std::string_view reply, Lsn lsn);

  // Adds a push message: after the replies to all commands taken so far, and never inside another.
  void push(std::string_view message);
  // Adds bytes that are no reply and follow from nothing, so that they may be sent at once. The
  // queue is empty.
  void feed(std::string_view more);

  // ---- What may be sent.
  // All that is put into the queue from now on follows from `lsn`, too.
  void follow(Lsn lsn) { follows_ = std::max(follows_, lsn); }
  Lsn followed() const { return follows_; }
  // Seals the bytes of out() that have no seal, without a reply that is being made: they follow
  // from `lsn` and from the LSNs given to follow() and fill(). The journal has come to `released`.
  void seal(Lsn lsn, Lsn released);
  // Called when the journal has come to `released`: bytes sealed with no higher LSN may be sent.
  void let_out(Lsn released);
  // The LSN that the first waiting part follows from; none: no part waits.
  std::optional<Lsn> awaited() const {
    return sealed_.empty() ? std::nullopt : std::optional(sealed_.front().lsn);
  }
  // The part of out() that may be sent, from its begin on.
  std::string_view sendable() const { return out_.view().substr(0, sendable_); }
  size_t gated_bytes() const { return sealed_.empty() ? 0 : sealed_.back().end - sendable_; }
  // Drops the first bytes of sendable(), which were sent.
  void drop_sent(size_t bytes);

  size_t waiting() const { return waiting_; }  // Places not filled yet.
  resp::ReplyBuffer& out() { return out_; }
  const resp::ReplyBuffer& out() const { return out_; }
  size_t bytes() const { return out_.size() + corked_.size() + pushes_.size(); }
  size_t memory_bytes() const {
    return out_.capacity() + corked_.capacity() + pushes_.capacity() +
           places_.capacity() * sizeof(Place) + sealed_.capacity() * sizeof(Sealed);
  }

 private:
  static constexpr size_t kCompactBytesMin = size_t{64} << 10;
  static constexpr size_t kCompactPlacesMin = 1024;

  struct Place {
    size_t offset;  // Offset in corked_.
    size_t size;
    bool is_filled;
    bool is_muted;
  };

  // A part of out() that waits for the journal; `end` is its end in out().
  struct Sealed {
    size_t end;
    Lsn lsn;
  };

  // How many bytes of out() do not belong to a reply that is being made.
  size_t finished_bytes() const { return has_begun_ && !corks_ ? begun_at_ : out_.size(); }
  void append_corked(size_t offset);
  void release_front();
  void compact();

  resp::ReplyBuffer out_;
  size_t sendable_ = 0;         // Bytes of out_ that may be sent.
  std::vector<Sealed> sealed_;  // Parts of out_ behind sendable_, with growing ends and LSNs.
  Lsn follows_ = kLsnNone;
  resp::ReplyBuffer corked_;   // Replies that wait for an earlier one.
  resp::ReplyBuffer pushes_;   // Pushes that came while a reply was being made.
  std::vector<Place> places_;  // Places from front_ on are in use, in the order of the commands.
  size_t front_ = 0;
  uint64_t front_number_ = 0;
  size_t waiting_ = 0;
  size_t begun_at_ = 0;
  bool has_begun_ = false;
  bool corks_ = false;
  // Size of corked_ at which it is compacted; grows with the bytes that have to stay.
  size_t compact_at_ = kCompactBytesMin;
};

}  // namespace kvstash::engine
