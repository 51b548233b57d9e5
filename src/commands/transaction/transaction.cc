#include "commands/transaction/transaction.h"

#include "engine/client/session.h"
#include "engine/data/due_keys.h"
#include "engine/data/expiry.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::DbIndex;
using engine::Hold;
using engine::Session;
using engine::Shard;
using engine::ShardData;
using engine::WatchedKey;

using Keys = std::vector<std::string>;
using Watched = std::vector<WatchedKey>;

// The keys to watch from now on. A key that is watched already keeps the version seen first.
Keys new_keys(Call& call) {
  std::unordered_set<std::string_view> known;
  for (const WatchedKey& watched : call.session().multi.watched) {
    if (watched.db == call.db()) known.insert(watched.key);
  }
  Keys keys;
  for (const std::string_view key : call.args_from(1)) {
    if (known.insert(key).second) keys.emplace_back(key);
  }
  return keys;
}

// Removes the key if its deadline has passed, so that its removal later does not count as a change.
void remove_due(const Hold& hold, ShardData& shard, DbIndex db, const std::string& key) {
  const store::Keyspace* space = shard.keyspace_if_any(db);
  if (space == nullptr) return;
  store::Entry* entry = space->find(shard.ref(key));
  if (entry != nullptr && entry->is_due(hold.horizon_ms()) && !engine::keeps_due_keys(hold, shard))
    engine::expire_due(hold, {shard, db, key}, entry);
}

// The keys among `keys` that live on `shard`, with their present versions.
Watched watch_on(const Hold& hold, ShardData& shard, DbIndex db, const Keys& keys) {
  Watched watched;
  for (const std::string& key : keys) {
    if (hold.set().shard_of(key) != shard.id()) continue;
    remove_due(hold, shard, db, key);
    watched.push_back({.db = db, .key = key, .version = shard.watches().watch(db, key)});
  }
  return watched;
}

// Runs on the shard of the session. If the client has left meanwhile, nothing is watched.
void remember(Shard& home, Session& session, Watched& watched) {
  session.multi.watch(std::move(watched));
  if (session.is_closed) home.clients().unwatch_all(session);
}

}  // namespace

Status multi(Call& call) {
  if (call.session().multi.is_active) return Error::literal("ERR MULTI calls can not be nested");
  call.session().multi.is_active = true;
  call.reply().ok();
  return {};
}

// The dispatcher runs an EXEC inside a transaction; this runs only for an EXEC without MULTI.
Status exec(Call&) {
  return Error::literal("ERR EXEC without MULTI");
}

Status discard(Call& call) {
  Session& session = call.session();
  if (!session.multi.is_active) return Error::literal("ERR DISCARD without MULTI");
  call.worker().clients().unwatch_all(session);
  session.multi = {};
  call.reply().ok();
  return {};
}

Status watch(Call& call) {
  Session& session = call.session();
  if (session.multi.is_active) return Error::literal("ERR WATCH inside MULTI is not allowed");
  const auto keys = std::make_shared<const Keys>(new_keys(call));
  if (keys->empty()) {
    call.reply().ok();
    return {};
  }
  const auto part = [db = call.db(), keys](const Hold& hold, ShardData& shard) {
    return watch_on(hold, shard, db, *keys);
  };
  const auto finish = [home = &call.worker(), &session](Watched& watched) {
    remember(*home, session, watched);
  };
  const size_t first = call.shards().shard_of(keys->front());
  const bool is_one_shard = std::ranges::all_of(
      *keys, [&](const std::string& key) { return call.shards().shard_of(key) == first; });
  if (is_one_shard) {
    call.ask<Watched>(first, part, [finish](Watched& watched, resp::ReplyWriter& to) {
      finish(watched);
      to.ok();
    });
    return {};
  }
  call.gather<Watched>(part, [finish](std::vector<Watched>& parts, resp::ReplyWriter& to) {
    for (Watched& watched : parts)
      finish(watched);
    to.ok();
  });
  return {};
}

Status unwatch(Call& call) {
  call.worker().clients().unwatch_all(call.session());
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
