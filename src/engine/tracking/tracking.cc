#include "engine/tracking/tracking.h"

#include "base/ensure.h"
#include "engine/shard.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace kvstash::engine {
namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";
// When so many changes are collected they are sent, even in the middle of a command.
constexpr size_t kPendingChangesMax = 16384;
constexpr size_t kTrimsPerTurn = 256;
constexpr size_t kSweptKeysPerStep = 4096;
// A table of more keys than this is freed by the reaper.
constexpr size_t kFreedHereMax = 4096;
constexpr size_t kSpareMessageBytesMax = size_t{64} << 10;

size_t footprint(std::string_view prefix) {
  // Three copies: in the session, its home, and the shard of the keys.
  return 3 * (prefix.size() + 64);
}

// The keys as an array of RESP, without those that `author` changed; empty if none is left.
std::string keys_value(const ChangedKeys& keys, uint64_t without_author) {
  size_t count = 0;
  for (const auto& [key, author] : keys) {
    if (without_author == 0 || author != without_author) ++count;
  }
  if (count == 0) return {};
  resp::ReplyBuffer value;
  resp::ReplyWriter writer(value, resp::RespVersion::k2);
  writer.array(count);
  for (const auto& [key, author] : keys) {
    if (without_author == 0 || author != without_author) writer.bulk(key);
  }
  return std::string(value.view());
}

std::string key_value(std::string_view key) {
  resp::ReplyBuffer value;
  resp::ReplyWriter writer(value, resp::RespVersion::k2);
  writer.array(1);
  writer.bulk(key);
  return std::string(value.view());
}

std::string null_value(resp::RespVersion version) {
  resp::ReplyBuffer value;
  resp::ReplyWriter(value, version).null();
  return std::string(value.view());
}

}  // namespace

Tracking::Tracking(Shard& shard)
    : shard_(&shard), keys_(shard.data().readers()), prefixes_(shard.data().prefixes()) {}

Tracking::~Tracking() = default;

// ---- As the shard of keys.

void remember_reader(const Hold& hold, std::string_view key, const TrackingTable::Reader& reader) {
  hold.set().at(hold.shard_of(key).id()).tracking().remember(key, reader);
}

void Tracking::remember(std::string_view key, const TrackingTable::Reader& reader) {
  keys_.remember(key, reader);
  update_count();
  trim();
}

// Adds this shard's keys to the count of all shards, because the limit is one for all of them.
void Tracking::update_count() {
  const size_t now = keys_.key_count();
  if (now == counted_keys_) return;
  shard_->set().tracked_keys.fetch_add(now - counted_keys_, std::memory_order_relaxed);
  counted_keys_ = now;
}

void Tracking::note_change(std::string_view key, const Author& author, Pushes& pushes) {
  if (!prefixes_.empty()) {
    prefixes_.note_change(key, author.is_by_script ? 0 : author.client_id);
    if (prefixes_.pending() >= kPendingChangesMax) tell_prefixes();
  }
  if (!keys_.empty()) tell_readers(key, author.client_id, pushes);
}

void Tracking::tell_readers(std::string_view key, uint64_t author, Pushes& pushes) {
  const std::vector<TrackingTable::Reader> readers = keys_.take(key);
  if (readers.empty()) return;
  update_count();
  std::map<uint32_t, std::vector<uint64_t>> by_home;
  for (const TrackingTable::Reader& reader : readers)
    by_home[reader.home].push_back(reader.client);
  const bool is_alone = shard_->set().size() == 1;
  for (auto& [home, clients] : by_home) {
    KeyInvalidation news{.key = std::string(key), .author = author, .clients = std::move(clients)};
    if (is_alone) {
      deliver(news);
    } else {
      pushes.add(home, std::move(news));
    }
  }
}

void Tracking::tell_prefixes() {
  if (prefixes_.pending() == 0) return;
  const bool is_alone = shard_->set().size() == 1;
  prefixes_.take_pending([&](const BroadcastTable::Homes& homes, PrefixInvalidation news) {
    if (is_alone) {
      deliver(news);
      return;
    }
    const auto shared = std::make_shared<const PrefixInvalidation>(std::move(news));
    for (const auto& [home, followers] : homes)
      shard_->pushes().add(home, shared);
  });
}

void Tracking::forget_keys() {
  if (keys_.key_count() > kFreedHereMax) {
    auto dropped =
        std::make_shared<TrackingTable>(std::exchange(keys_, TrackingTable(shard_->set().seed())));
    shard_->data().memory().garbage.add(
        [dropped = std::move(dropped)]() mutable { dropped.reset(); });
  } else {
    keys_ = TrackingTable(shard_->set().seed());
  }
  update_count();
}

void Tracking::flush(Pushes& pushes) {
  forget_keys();
  if (sessions_ == 0) return;
  if (shard_->set().size() == 1) {
    deliver(FlushInvalidation{});
  } else {
    pushes.add(shard_->id(), FlushInvalidation{});
  }
}

bool Tracking::trim() {
  const auto limit = static_cast<size_t>(shard_->options().tracking_table_max_keys);
  const std::atomic<size_t>& total = shard_->set().tracked_keys;
  for (size_t trims = 0; limit != 0 && !keys_.empty(); ++trims) {
    if (total.load(std::memory_order_relaxed) <= limit) return false;
    if (trims == kTrimsPerTurn) return true;
    const std::string key(keys_.random_key(shard_->random()));
    tell_readers(key, 0, shard_->pushes());
  }
  return false;
}

void Tracking::sweep() {
  keys_.sweep(kSweptKeysPerStep);
  update_count();
}

// ---- As the home of sessions.

void Tracking::turn_on(Session& session, const ClientTracking& choices) {
  if (session.tracking == nullptr) {
    session.tracking = std::make_unique<ClientTracking>();
    ++sessions_;
  }
  ClientTracking& tracking = *session.tracking;
  std::set<std::string, std::less<>> prefixes = std::move(tracking.prefixes);
  const bool is_caching = tracking.is_caching;
  tracking = choices;
  tracking.is_caching = is_caching;
  for (const std::string& prefix : choices.prefixes) {
    if (!prefixes.contains(prefix)) followers_[prefix].push_back(&session);
  }
  tracking.prefixes.merge(prefixes);
  for (const std::string& prefix : tracking.prefixes)
    tracking.prefix_bytes += footprint(prefix);
  session.has_read_for_cache = session.has_read_for_cache || !choices.is_bcast;
  session.update_tracking();
}

void Tracking::unfollow(Session& session, const std::string& prefix) {
  const auto at = followers_.find(prefix);
  ensure(at != followers_.end());
  std::erase(at->second, &session);
  if (at->second.empty()) followers_.erase(at);
  drop_prefix(prefix);
}

// The shards are told by message, because some may have added the prefix only a moment ago.
void Tracking::drop_prefix(const std::string& prefix) {
  ShardSet& set = shard_->set();
  const auto home = static_cast<uint32_t>(shard_->id());
  if (set.size() == 1) {
    prefixes_.remove(prefix, home);
    return;
  }
  for (size_t id = 0; id < set.size(); ++id)
    set.submit(id, [home, prefix](Shard& shard) { shard.tracking().remove_prefix(prefix, home); });
}

void Tracking::turn_off(Session& session) {
  const std::unique_ptr<ClientTracking> tracking = std::move(session.tracking);
  session.update_tracking();
  if (tracking == nullptr) return;
  --sessions_;
  for (const std::string& prefix : tracking->prefixes)
    unfollow(session, prefix);
}

void Tracking::end(const Session& session) {
  if (!session.has_read_for_cache) return;
  ShardSet& set = shard_->set();
  if (set.size() == 1) {
    forget(session.info.id);
    return;
  }
  for (size_t id = 0; id < set.size(); ++id)
    set.submit(id, [client = session.info.id](Shard& shard) { shard.tracking().forget(client); });
}

// ---- Messages.

void Tracking::deliver(const KeyInvalidation& news) {
  const std::string value = key_value(news.key);
  for (const uint64_t client : news.clients) {
    Session* session = shard_->clients().find(client);
    if (session == nullptr || session->tracking == nullptr || session->tracking->is_bcast) continue;
    if (session->tracking->is_noloop && client == news.author) continue;
    send(*session, value);
  }
}

void Tracking::deliver(const PrefixInvalidation& news) {
  const auto at = followers_.find(news.prefix);
  if (at == followers_.end()) return;
  const std::string value = keys_value(news.keys, 0);
  // A client that leaves too much unread is closed only at the end of the turn, so the list does
  // not change here.
  for (Session* session : at->second) {
    if (!session->tracking->is_noloop) {
      send(*session, value);
      continue;
    }
    const std::string of_others = keys_value(news.keys, session->info.id);
    if (!of_others.empty()) send(*session, of_others);
  }
}

void Tracking::deliver(const FlushInvalidation&) {
  for (const auto& [id, session] : shard_->clients().all()) {
    if (session->tracking != nullptr) send(*session, null_value(session->caller.resp));
  }
}

void Tracking::deliver(const RedirectedInvalidation& news) {
  Session* target = shard_->clients().find(news.target);
  if (target != nullptr && !target->is_gone()) {
    write(*target, news.value, true);
  } else {
    shard_->pushes().add(news.home, BrokenRedirection{news.client, news.target});
  }
}

void Tracking::deliver(const BrokenRedirection& news) {
  Session* session = shard_->clients().find(news.client);
  if (session != nullptr && session->tracking != nullptr &&
      session->tracking->redirect == news.target)
    send_broken(*session);
}

// Sends an invalidation. `value` is RESP: an array of keys, or null for all keys.
void Tracking::send(Session& session, std::string_view value) {
  if (session.is_gone()) return;
  const ClientTracking& tracking = *session.tracking;
  if (tracking.redirect == 0) {
    write(session, value, false);
    return;
  }
  if (tracking.redirect_home != shard_->id()) {
    shard_->pushes().add(tracking.redirect_home,
                         RedirectedInvalidation{.target = tracking.redirect,
                                                .client = session.info.id,
                                                .home = static_cast<uint32_t>(shard_->id()),
                                                .value = std::string(value)});
    return;
  }
  Session* target = shard_->clients().find(tracking.redirect);
  if (target != nullptr && !target->is_gone()) {
    write(*target, value, true);
  } else {
    send_broken(session);
  }
}

void Tracking::send_broken(Session& session) {
  session.tracking->is_broken = true;
  if (session.caller.resp != resp::RespVersion::k3) return;
  resp::ReplyWriter writer(message_, resp::RespVersion::k3);
  writer.push(2);
  writer.bulk("tracking-redir-broken");
  writer.integer(static_cast<int64_t>(session.tracking->redirect));
  push(session);
}

// Writes an invalidation to a client. With RESP2 only a subscriber gets it, and only for another
// client that redirects to it.
void Tracking::write(Session& to, std::string_view value, bool is_redirected) {
  const resp::RespVersion version = to.caller.resp;
  resp::ReplyWriter writer(message_, version);
  if (version == resp::RespVersion::k3) {
    writer.push(2);
    writer.bulk("invalidate");
  } else if (is_redirected && to.is_subscriber()) {
    writer.push(3);
    writer.bulk("message");
    writer.bulk(kChannel);
  } else {
    return;
  }
  writer.raw(value);
  push(to);
}

void Tracking::push(Session& to) {
  shard_->clients().push(to, message_.view());
  message_.clear();
  if (message_.capacity() > kSpareMessageBytesMax) message_.release();
}

}  // namespace kvstash::engine
