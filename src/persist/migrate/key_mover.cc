#include "persist/migrate/key_mover.h"

#include "engine/execution/command_runner.h"
#include "engine/shard.h"
#include "persist/commands/dump.h"
#include "persist/rdb/payload.h"
#include "resp/request_text.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Hold;
using engine::Shard;
using engine::ShardData;

// Bounds of what is dumped under one hold: so many keys, and no further one after so many bytes.
constexpr size_t kKeysPerHold = 64;
constexpr size_t kPayloadBytesPerHold = size_t{1} << 20;
// A key that goes on changing, past the gate, is given up after so many times.
constexpr int kRoundsMax = 16;

Error server_ends() {
  return Error::literal("ERR the server ends");
}

}  // namespace

void KeyMover::add(Job job) {
  const std::lock_guard guard(lock_);
  jobs_.push_back(std::move(job));
  if (!std::exchange(has_begun_, true))
    shell_.start("kv-migrate", set_->ports(), [this] { return run_next(); });
  shell_.wake();
}

void KeyMover::stop() {
  ends_ = true;
  shell_.stop();
}

// Moves the keys of the oldest job, if there is one. Returns when to look for the next one.
std::optional<int64_t> KeyMover::run_next() {
  std::unique_lock guard(lock_);
  if (ends_ || jobs_.empty()) return std::nullopt;
  const Job job = std::move(jobs_.front());
  jobs_.pop_front();
  guard.unlock();
  move(job);
  return set_->clock().monotonic_ns();
}

void KeyMover::move(const Job& job) {
  if (!job.request.is_copy) set_->moving_keys().begin(job.request.keys);
  Progress progress;
  Status stopped = move_keys(job, progress);
  if (!job.request.is_copy) {
    set_->moving_keys().end();
    for (size_t id = 0; id < set_->size(); ++id)
      set_->submit(id, [](Shard&) {});  // Clients that waited at the gate go on.
  }
  if (ends_) return;
  const Status& failed = progress.refused.ok() ? stopped : progress.refused;
  const std::string error = failed.ok() ? "" : std::string(failed.error().message());
  job.answer([error, has_found = progress.has_found](resp::ReplyWriter& to) {
    if (!error.empty()) {
      to.error(error);
    } else if (has_found) {
      to.ok();
    } else {
      to.simple("NOKEY");
    }
  });
}

// As in Redis, an error that the target replies to one key keeps no other from being moved, and the
// first one is the reply. Error: something that ends the move.
Status KeyMover::move_keys(const Job& job, Progress& progress) {
  MoveLink link(job.request, ends_);
  std::span<const std::string> keys(job.request.keys);
  while (!keys.empty()) {
    if (Status moved = move_some(job, link, keys, progress); !moved.ok()) return moved;
  }
  return {};
}

// Moves the next keys, and takes them from `keys`.
Status KeyMover::move_some(const Job& job, MoveLink& link, std::span<const std::string>& keys,
                           Progress& progress) {
  Result<Items> items = dump(job, keys, false);
  if (!items.ok()) return items.error();
  progress.has_found |= !items->empty();
  bool replaces = job.request.replaces;
  for (int round = 0; !items->empty(); ++round) {
    Status lost = send(link, *items, replaces, progress);
    if (job.request.is_copy) return lost;
    std::vector<std::string> changed;
    if (!settle(job, *items, changed)) return server_ends();
    if (!lost.ok()) return lost;
    if (changed.empty()) break;
    if (round == kRoundsMax) return take_back(link, changed);
    std::span<const std::string> again(changed);
    items = dump(job, again, true);
    if (!items.ok()) return items.error();
    replaces = true;  // What is there was sent from here.
  }
  return {};
}

// Has the target delete keys that go on changing here, and says so.
Status KeyMover::take_back(MoveLink& link, const std::vector<std::string>& keys) {
  Items items;
  for (const std::string& key : keys)
    items.push_back({.key = key, .is_gone = true});
  Progress ignored;
  if (Status lost = send(link, items, false, ignored); !lost.ok()) return lost;
  return Error::text("ERR The key '" + keys.front() +
                     "' was changed all the time while it was sent, and stays here");
}

std::vector<size_t> KeyMover::shards_of(const Job& job, std::span<const std::string> keys) const {
  std::vector<size_t> shards = {job.home};
  for (const std::string& key : keys)
    shards.push_back(set_->shard_of(key));
  std::ranges::sort(shards);
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  return shards;
}

// Dumps keys from the front of `keys` and takes them from there. Keys that do not exist are left
// out; or, if they were sent before (`is_again`), marked as gone.
Result<KeyMover::Items> KeyMover::dump(const Job& job, std::span<const std::string>& keys,
                                       bool is_again) {
  Items items;
  Status failed;
  const size_t most = is_again ? keys.size() : std::min(keys.size(), kKeysPerHold);
  size_t taken = 0;
  const auto dump_held = [&](const Hold& hold) {
    size_t bytes = 0;
    for (; taken < most && (is_again || bytes < kPayloadBytesPerHold) && failed.ok(); ++taken) {
      const std::string& key = keys[taken];
      ShardData& shard = hold.shard_of(key);
      const store::Entry* entry = shard.keyspace(job.db).find(shard.ref(key));
      const bool exists = entry != nullptr && !entry->is_expired(hold.horizon_ms());
      ++(exists ? hold.stats().keyspace_hits : hold.stats().keyspace_misses);
      if (!exists) {
        if (is_again) items.push_back({.key = key, .is_gone = true});
        continue;
      }
      Result<std::string> payload = payload_of(hold.options(), *entry);
      if (!payload.ok()) {
        failed = payload.error();
        continue;
      }
      Item item{.key = key, .payload = *std::move(payload)};
      if (entry->has_deadline())
        item.ttl_ms = std::max<int64_t>(entry->deadline_ms() - hold.now_ms(), 1);
      if (!job.request.is_copy) {
        item.watched = engine::WatchedKey{
            .db = job.db, .key = key, .version = shard.watches().watch(job.db, key)};
      }
      bytes += item.payload.size();
      items.push_back(std::move(item));
    }
  };
  if (!waits_->hold_some(shards_of(job, keys.subspan(0, most)), dump_held)) return server_ends();
  if (!failed.ok()) {
    std::vector<std::string> ignored;
    settle(job, items, ignored);
    return failed.error();
  }
  keys = keys.subspan(taken);
  return items;
}

// Sends the items, and notes what the target has taken. Error: the connection's.
Status KeyMover::send(MoveLink& link, Items& items, bool replaces, Progress& progress) {
  std::string commands;
  for (const Item& item : items) {
    const std::string ttl = std::to_string(item.ttl_ms);
    std::vector<std::string_view> argv = {"RESTORE", item.key, ttl, item.payload};
    if (replaces) argv.emplace_back("REPLACE");
    if (item.is_gone) argv = {"DEL", item.key};
    resp::append_request(commands, argv);
  }
  return link.exchange(commands, items.size(), [&](size_t index, const resp::Reply& reply) {
    items[index].is_moved = !reply.is_error();
    if (reply.is_error() && progress.refused.ok())
      progress.refused = Error::text("ERR Target instance replied with error: " + reply.text);
  });
}

// Deletes what the target has and what has not changed here since; `changed` gets what has. False:
// the server ends.
bool KeyMover::settle(const Job& job, Items& items, std::vector<std::string>& changed) {
  std::vector<std::string> keys;
  for (const Item& item : items)
    keys.push_back(item.key);
  return waits_->hold_some(shards_of(job, keys), [&](const Hold& hold) {
    std::vector<std::string_view> argv = {"DEL"};
    for (const Item& item : items) {
      if (!item.watched) continue;
      engine::WatchTable& watches = hold.shard_of(item.key).watches();
      const bool is_unchanged = watches.is_unchanged(*item.watched);
      watches.unwatch(job.db, item.key);
      if (!item.is_moved) continue;
      if (is_unchanged) {
        argv.emplace_back(item.key);
      } else {
        changed.push_back(item.key);
      }
    }
    if (argv.size() == 1) return;
    engine::CommandRunner runner(hold,
                                 {.records = engine::RecordTarget::kBoth, .tells_events = true});
    const Status deleted = runner.run(job.db, argv);
    ensure(deleted.ok());
  });
}

}  // namespace kvstash::persist
