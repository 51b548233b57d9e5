#include "engine/execution/call.h"

#include "base/clock.h"
#include "base/hash.h"
#include "engine/acl/acl_user.h"
#include "engine/client/session.h"
#include "engine/data/due_keys.h"
#include "engine/data/eviction.h"
#include "engine/data/expiry.h"
#include "engine/execution/keyspace_events.h"
#include "engine/execution/waiter.h"
#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {

Session& Call::session() {
  ensure(caller_->session != nullptr);
  return *caller_->session;
}

void Call::take_moment() {
  if (caller_->in_transaction || caller_->in_script) return;
  worker().clock().look();
  hold_ = worker().clock().now(hold_);
}

const EngineOptions& Call::options() const {
  return hold_.options();
}

ServerPort& Call::server() {
  return hold_.set().server();
}

uint64_t Call::string_bytes_max() const {
  // The limit that the writing server's operator had set is not known here.
  constexpr uint64_t kAnyBytes = uint64_t{1} << 48;
  return is_replay() ? kAnyBytes : options().proto_max_bulk_len;
}

Shard& Call::owner_of(std::string_view channel) {
  return shards().at(hold_.shard_of(channel).id());
}

Shard& Call::worker() {
  return shards().at(hold_.worker().shard);
}

Shard& Call::home() {
  return shards().at(caller_->home);
}

void Call::each_held(const std::function<void(Shard&)>& visit) {
  hold_.each([&](const ShardData& shard) { visit(shards().at(shard.id())); });
}

// The places of keys among the arguments were found ahead; for other names they are worked out
// here.
KeyPlace Call::place_of(std::string_view name) {
  const auto first = static_cast<size_t>(command_->first_key);
  const auto step = static_cast<size_t>(command_->key_step);
  for (size_t tried = 0; tried < 2 && next_place_ < places_.size(); ++tried) {
    const size_t at = next_place_++;
    if (args_[first + at * step].data() == name.data()) return places_[at];
    next_place_ = 0;  // The command may go over its keys a second time.
  }
  return {.hash = keyed_hash(name, hold_.set().seed()),
          .shard = static_cast<uint32_t>(hold_.set().shard_of(name))};
}

Key Call::find(std::string_view name, DbIndex db) {
  ensure_slow([&] { return audit_.allows(*command_, args_, name); });
  const KeyPlace place = place_of(name);
  const uint64_t hash = place.hash;
  ensure_slow([&] { return hold_.set().shard_of(name) == place.shard; });
  ShardData& shard = hold_.shard(place.shard);
  shard.hot_keys().note(static_cast<uint32_t>(db), name, hash);
  Key key(*this, shard, shard.keyspace(db), {name, hash}, db);
  key.entry_ = key.space_->find(key.ref_);
  if (key.entry_ != nullptr && key.entry_->is_due(hold_.horizon_ms())) [[unlikely]] {
    if (command_->has(kWrite) || !keeps_due_keys(hold_, shard)) {
      key.entry_ = expire_due(hold_, {shard, db, name}, key.entry_);
    } else if (key.entry_->is_expired(hold_.horizon_ms())) {
      key.entry_ = nullptr;
    }
  }
  return key;
}

Key Call::read(std::string_view name) {
  Key key = find(name, caller_->db);
  if (!key.exists()) {
    note_miss(key);
    return key;
  }
  ++hold_.stats().keyspace_hits;
  if (!caller_->no_touch) {
    const uint32_t before = key.entry_->access();
    const uint32_t clock = access_clock(hold_, before);
    if (clock != before) key.entry_->set_access(clock);
  }
  return key;
}

Key Call::read_unnamed(std::string_view name) {
  ensure(holds_all());
  ensure_slow([&] {
    const AclUser* user = caller_->user;
    return user == nullptr || user->may_use_every_key(*command_, args_, kAclReadsKey);
  });
  const bool is_unnamed = audit_.excuse(*command_, args_, name);
  Key key = read(name);
  if (is_unnamed) audit_.forget(name);
  return key;
}

Key Call::write(std::string_view name, DbIndex db) {
  Key key = find(name, db);
  if (key.exists() && !caller_->no_touch)
    key.entry_->set_access(access_clock(hold_, key.entry_->access()));
  return key;
}

Key Call::peek(std::string_view name) {
  Key key = find(name, caller_->db);
  if (key.exists()) {
    ++hold_.stats().keyspace_hits;
  } else {
    note_miss(key);
  }
  return key;
}

Key Call::inspect(size_t arg_index) {
  Key key = find(args_[arg_index], caller_->db);
  ++(key.exists() ? hold_.stats().keyspace_hits : hold_.stats().keyspace_misses);
  return key;
}

void Call::note_miss(const Key& key) {
  ++hold_.stats().keyspace_misses;
  if (caller_->is_silent) return;
  tell_event(hold_, key.place(), notify::kKeyMiss, "keymiss");
}

bool Call::wants_effects() const {
  return effects_->is_journaled();
}

RecordWords& Call::records() {
  ensure(wants_effects());
  return effects_->records();
}

void Call::record(std::span<const std::string_view> argv) {
  if (!wants_effects()) return;
  records().begin(caller_->db);
  records().add(argv);
}

void Call::record(std::initializer_list<std::string_view> head,
                  std::span<const std::string_view> tail) {
  if (!wants_effects()) return;
  records().begin(caller_->db);
  records().add(std::span(head.begin(), head.size()));
  records().add(tail);
}

void Call::record_as_sent(RecordTarget target) {
  if (wants_effects()) effects_->record_as_sent(target);
}

void Call::block(Wait wait) {
  ensure(may_block());
  Executor& executor = worker().executor();
  progress_ = Progress::kWaits;
  if (executor.runs_again()) return;
  auto waiter = std::make_shared<Waiter>();
  waiter->number = hold_.set().next_waiter_number();
  waiter->home = caller_->home;
  waiter->command = command_;
  waiter->argv = std::move(wait.argv);
  if (waiter->argv.empty()) waiter->argv.assign(args_.begin(), args_.end());
  waiter->caller = *caller_;
  waiter->caller.session = nullptr;
  waiter->keys.assign(wait.keys.begin(), wait.keys.end());
  waiter->type = wait.type;
  waiter->wakes_without_key = wait.wakes_without_key;
  if (wait.timeout_ms)
    waiter->deadline_ns = after_ms(hold_.set().clock().monotonic_ns(), *wait.timeout_ms);
  waiter->timeout_reply = wait.timeout_reply;
  waiter->acks = wait.acks;
  std::vector<KeyAt> keys;
  ensure(CommandTable::keys_of(*command_, args_, keys) == KeysFound::kAll);
  for (const KeyAt& key : keys)
    waiter->shards.push_back(hold_.set().shard_of(args_[key.index]));
  std::ranges::sort(waiter->shards);
  waiter->shards.erase(std::unique(waiter->shards.begin(), waiter->shards.end()),
                       waiter->shards.end());
  for (const std::string& key : waiter->keys)
    hold_.shard_of(key).blocked_keys().add(db(), key, waiter);
  executor.wait_with(std::move(waiter));
}

ShardData& Call::data_of(const Hold& hold, const Shard& shard) {
  return hold.shard(shard.id());
}

std::vector<size_t> Call::all_shards() const {
  std::vector<size_t> all(hold_.set().size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  return all;
}

void Call::run_gather(GatherPlan plan) {
  if (!std::ranges::all_of(plan.asked, [&](size_t shard) { return hold_.covers(shard); })) {
    start_gather(std::move(plan));
    return;
  }
  for (size_t i = 0; i < plan.asked.size(); ++i)
    plan.part(i, hold_, shards().at(plan.asked[i]));
  plan.finish(writer_);
  progress_ = Progress::kGathered;
}

void Call::start_gather(GatherPlan plan) {
  worker().traffic().start_gather(session(), *command_, args_, std::move(plan));
  progress_ = Progress::kAsks;
}

LaterAnswer Call::answer_later() {
  ensure(hold_.worker().shard == caller_->home && !caller_->in_transaction && !caller_->in_script);
  progress_ = Progress::kAsks;
  return worker().traffic().answer_later(session(), *command_, args_);
}

void Call::tell(const std::vector<size_t>& shards, std::function<void(Shard&)> part,
                std::function<void(resp::ReplyWriter&)> finish) {
  if (holds_all()) {
    for (const size_t shard : shards)
      part(this->shards().at(shard));
    finish(writer_);
    return;
  }
  start_gather(
      {.asked = shards,
       .part = [part = std::move(part)](size_t, const Hold&, Shard& shard) { part(shard); },
       .finish = std::move(finish)});
}

}  // namespace kvstash::engine
