#include "engine/execution/call.h"

#include "base/clock.h"
#include "base/hash.h"
#include "engine/acl/acl_user.h"
#include "engine/client/session.h"
#include "engine/execution/keyspace_events.h"
#include "engine/execution/waiter.h"
#include "engine/shard.h"

#include <algorithm>

namespace kvstash::engine {

bool Hold::covers(size_t shard) const {
  return single != nullptr ? single->id() == shard : includes(shard);
}

Shard& Hold::shard_of(std::string_view key) const {
  const size_t owner = set->shard_of(key);
  ensure(covers(owner));
  return set->at(owner);
}

Session& Call::session() {
  ensure(caller_->session != nullptr);
  return *caller_->session;
}

void Call::take_moment() {
  if (caller_->in_transaction || caller_->in_script) return;
  worker_->look_at_clock();
  hold_ = worker_->now(hold_);
}

const EngineOptions& Call::options() const {
  return hold_.set->options();
}

ServerPort& Call::server() {
  return hold_.set->server();
}

uint64_t Call::string_bytes_max() const {
  // What an operator allowed elsewhere cannot be known here.
  constexpr uint64_t kAnyBytes = uint64_t{1} << 48;
  return is_replay() ? kAnyBytes : options().proto_max_bulk_len;
}

bool Call::holds_all() const {
  if (hold_.set->size() == 1) return true;
  return hold_.single == nullptr &&
         (hold_.members == nullptr ||
          std::ranges::all_of(*hold_.members, [](bool is_member) { return is_member; }));
}

Shard& Call::owner_of(std::string_view channel) {
  return hold_.shard_of(channel);
}

Shard& Call::home() {
  return hold_.set->at(caller_->home);
}

void Call::each_held(const std::function<void(Shard&)>& visit) {
  if (hold_.single != nullptr) {
    visit(*hold_.single);
    return;
  }
  for (size_t i = 0; i < hold_.set->size(); ++i) {
    if (hold_.includes(i)) visit(hold_.set->at(i));
  }
}

// The place is known for the keys among the arguments; other names are looked up.
KeyPlace Call::place_of(std::string_view name) {
  const auto first = static_cast<size_t>(command_->first_key);
  const auto step = static_cast<size_t>(command_->key_step);
  for (size_t tried = 0; tried < 2 && next_place_ < places_.size(); ++tried) {
    const size_t at = next_place_++;
    if (args_[first + at * step].data() == name.data()) return places_[at];
    next_place_ = 0;  // A second pass over the keys.
  }
  return {.hash = keyed_hash(name, hold_.set->seed()),
          .shard = static_cast<uint32_t>(hold_.set->shard_of(name))};
}

Key Call::find(std::string_view name, DbIndex db) {
  ensure_slow([&] { return audit_.allows(*command_, args_, name); });
  const KeyPlace place = place_of(name);
  const uint64_t hash = place.hash;
  ensure(hold_.covers(place.shard));
  ensure_slow([&] { return hold_.set->shard_of(name) == place.shard; });
  Shard& shard = hold_.single != nullptr ? *hold_.single : hold_.set->at(place.shard);
  shard.hot_keys().note(static_cast<uint32_t>(db), name, hash);
  Key key(*this, shard, shard.keyspace(db), {name, hash}, db);
  key.entry_ = key.space_->find(key.ref_);
  if (key.entry_ != nullptr && key.entry_->is_due(hold_.horizon_ms())) [[unlikely]] {
    // While writes are paused it stays, and readers do not see it.
    const bool stays =
        key.entry_->is_expired(hold_.now_ms) && shard.pause().is_on() && !command_->has(kWrite);
    key.entry_ =
        stays ? nullptr : shard.expire_due(db, key.ref_, key.entry_, hold_.now_ms, worker_->sink());
  }
  return key;
}

Key Call::read(std::string_view name) {
  Key key = find(name, caller_->db);
  if (!key.exists()) {
    note_miss(key);
    return key;
  }
  ++worker_->stats().keyspace_hits;
  if (!caller_->no_touch) {
    const uint32_t before = key.entry_->access();
    const uint32_t clock = worker_->access_clock(before, false, hold_.now_ms);
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
    key.entry_->set_access(worker_->access_clock(key.entry_->access(), false, hold_.now_ms));
  return key;
}

Key Call::peek(std::string_view name) {
  Key key = find(name, caller_->db);
  if (key.exists()) {
    ++worker_->stats().keyspace_hits;
  } else {
    note_miss(key);
  }
  return key;
}

Key Call::inspect(size_t arg_index) {
  Key key = find(args_[arg_index], caller_->db);
  ++(key.exists() ? worker_->stats().keyspace_hits : worker_->stats().keyspace_misses);
  return key;
}

void Call::note_miss(const Key& key) {
  ++worker_->stats().keyspace_misses;
  if (caller_->is_silent) return;
  tell_event(*key.shard_, *worker_, key.db_, notify::kKeyMiss, "keymiss", key.name());
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
  Executor& executor = worker_->executor();
  progress_ = Progress::kWaits;
  if (executor.runs_again()) return;
  auto waiter = std::make_shared<Waiter>();
  waiter->number = hold_.set->next_waiter_number();
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
    waiter->deadline_ns = after_ms(hold_.set->clock().monotonic_ns(), *wait.timeout_ms);
  waiter->timeout_reply = wait.timeout_reply;
  std::vector<KeyAt> keys;
  ensure(CommandTable::keys_of(*command_, args_, keys) == KeysFound::kAll);
  for (const KeyAt& key : keys)
    waiter->shards.push_back(hold_.set->shard_of(args_[key.index]));
  std::ranges::sort(waiter->shards);
  waiter->shards.erase(std::unique(waiter->shards.begin(), waiter->shards.end()),
                       waiter->shards.end());
  for (const std::string& key : waiter->keys)
    hold_.shard_of(key).blocked_keys().add(db(), key, waiter);
  executor.wait_with(std::move(waiter));
}

void Call::gather_any(AnyPart part, AnyFinish finish) {
  std::vector<size_t> asked(hold_.set->size());
  for (size_t i = 0; i < asked.size(); ++i)
    asked[i] = i;
  if (!holds_all()) {
    start_gather(std::move(asked), std::move(part), std::move(finish));
    return;
  }
  std::vector<std::any> answers;
  for (const size_t shard : asked)
    answers.push_back(part(hold_.set->at(shard), *worker_));
  finish(answers, writer_);
  progress_ = Progress::kGathered;
}

void Call::start_gather(std::vector<size_t> asked, AnyPart part, AnyFinish finish) {
  worker_->start_gather(session(), *command_, args_,
                        {std::move(asked), std::move(part), std::move(finish)});
  progress_ = Progress::kAsks;
}

void Call::ask(size_t shard, AnyPart part,
               std::function<void(std::any&, resp::ReplyWriter&)> finish) {
  AnyFinish finish_one = [finish = std::move(finish)](std::vector<std::any>& answers,
                                                      resp::ReplyWriter& to) {
    finish(answers.front(), to);
  };
  const bool is_held = hold_.single == nullptr || hold_.single->id() == shard;
  if (!is_held) {
    start_gather({shard}, std::move(part), std::move(finish_one));
    return;
  }
  std::vector<std::any> answers;
  answers.push_back(part(hold_.set->at(shard), *worker_));
  finish_one(answers, writer_);
  progress_ = Progress::kGathered;
}

void Call::tell(const std::vector<size_t>& shards, std::function<void(Shard&)> part,
                std::function<void(resp::ReplyWriter&)> finish) {
  if (holds_all()) {
    for (const size_t shard : shards)
      part(hold_.set->at(shard));
    finish(writer_);
    return;
  }
  start_gather(
      shards,
      [part = std::move(part)](Shard& shard, Shard&) {
        part(shard);
        return std::any();
      },
      [finish = std::move(finish)](std::vector<std::any>&, resp::ReplyWriter& to) { finish(to); });
}

}  // namespace kvstash::engine
