// The deadlines of a shard's keys, and of the fields of their hashes: what is due goes in turns, or
// when a command comes upon it first.
#include "engine/execution/keyspace_events.h"
#include "engine/shard.h"

#include <algorithm>
#include <array>

namespace kvstash::engine {
namespace {

// Bounds on the work of one turn: steps of the wheels, and what is removed.
constexpr size_t kKeyStepsPerTurn = 512;
constexpr size_t kFieldStepsPerTurn = 512;
// A command that comes upon a hash with due fields removes so many first.
constexpr size_t kFieldsPerLookup = 512;

uint64_t lag_ns(int64_t now_ms, int64_t deadline_ms) {
  return static_cast<uint64_t>(std::max<int64_t>(now_ms - deadline_ms, 0)) * 1'000'000;
}

}  // namespace

// Watchers must be dirty before anyone is told.
void Shard::tell_removal(DbIndex db, std::string_view key, std::span<const std::string_view> record,
                         EffectSink* journal) {
  if (!watches_.empty()) watches_.touch(db, key);
  if (tracking_.has_listeners()) tracking_.note_change(key, 0, false, *this);
  if (!blocked_keys_.empty()) blocked_keys_.note_change(db, key);
  if (journal != nullptr)
    journal->write({.db = db, .argv = record, .raw = {}, .target = RecordTarget::kBoth});
}

void Shard::expire_key(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                       EffectSink* journal) {
  const std::string name(key.name);  // The caller's view may be the entry's own.
  if (options().lazyfree_lazy_expire) note_lazy_free(*entry);
  keyspace(db).erase({name, key.hash}, entry);
  ++stats_.expired;
  tell_removal(db, name, std::array<std::string_view, 2>{"DEL", name}, journal);
  tell_event(*this, *this, db, notify::kExpired, "expired", name);
}

store::Entry* Shard::expire_due(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                                int64_t now_ms, EffectSink* journal) {
  if (entry->is_expired(now_ms)) {
    expire_key(db, key, entry, journal);
    return nullptr;
  }
  const auto remove = [&](store::Hash& hash, const store::Hash::Visitor& note) {
    hash.erase_due(now_ms, kFieldsPerLookup, note);
  };
  return remove_fields(db, key, entry, remove, journal);
}

store::Entry* Shard::expire_field(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                                  std::string_view field, int64_t now_ms, EffectSink* journal) {
  const auto remove = [&](store::Hash& hash, const store::Hash::Visitor& note) {
    const std::optional<int64_t> deadline_ms = hash.deadline_ms(field);
    if (hash.erase_if_due(field, now_ms))
      note({.name = field, .value = std::string_view(), .deadline_ms = deadline_ms});
  };
  return remove_fields(db, key, entry, remove, journal);
}

// `remove` takes fields out of the hash, and notes each.
store::Entry* Shard::remove_fields(DbIndex db, const store::KeyRef& key, store::Entry* entry,
                                   const RemoveFields& remove, EffectSink* journal) {
  const std::string name(key.name);  // The caller's view may be the entry's own.
  const store::KeyRef ref{name, key.hash};
  std::vector<std::string> fields;
  size_t removed = 0;
  store::Hash hash = store::Hash::adopt(keyspace(db).open_object(ref, *entry));
  const size_t bytes_before = hash.bytes();
  remove(hash, [&](const store::HashField& field) {
    ++removed;
    stats_.expire_lag.add(lag_ns(now_ms_, *field.deadline_ms));
    if (journal != nullptr) fields.emplace_back(field.name.text());  // Of a large hash: a text.
  });
  const bool is_empty = hash.empty();
  entry = keyspace(db).update_object(ref, entry, hash.release(), bytes_before);
  if (is_empty) {
    keyspace(db).erase(ref, entry);
    entry = nullptr;
  }
  if (removed == 0) return entry;
  stats_.expired_fields += removed;
  std::vector<std::string_view> record{"HDEL", name};
  record.insert(record.end(), fields.begin(), fields.end());
  tell_removal(db, name, record, journal);
  tell_event(*this, *this, db, notify::kHash, "hexpired", name);
  if (is_empty) tell_event(*this, *this, db, notify::kGeneric, "del", name);
  return entry;
}

// ---- The turn.

bool Shard::expire_turn() {
  if (!active_expire || pause_.is_on()) return false;
  const bool more_keys = expire_keys_turn();
  const bool more_fields = expire_fields_turn();
  return more_keys || more_fields;
}

bool Shard::expire_keys_turn() {
  size_t budget = kKeyStepsPerTurn;
  for (size_t db = 0; db < databases_.size(); ++db) {
    if (databases_[db] == nullptr) continue;
    store::TimingWheel& wheel = databases_[db]->deadlines();
    while (store::Entry* due = wheel.next_due(now_ms_, budget)) {
      stats_.expire_lag.add(lag_ns(now_ms_, due->deadline_ms()));
      expire_key(static_cast<DbIndex>(db), {due->key(), keyed_hash(due->key(), set_->seed())}, due,
                 sink());
    }
    if (budget == 0) return true;
  }
  return false;
}

bool Shard::expire_fields_turn() {
  size_t budget = kFieldStepsPerTurn;
  for (size_t db = 0; db < databases_.size(); ++db) {
    store::TimingWheel* wheel =
        databases_[db] == nullptr ? nullptr : databases_[db]->field_deadlines();
    if (wheel == nullptr) continue;
    while (store::Entry* due = wheel->next_due(now_ms_, budget)) {
      const auto remove = [&](store::Hash& hash, const store::Hash::Visitor& note) {
        budget -= hash.erase_due(now_ms_, budget, note);
      };
      remove_fields(static_cast<DbIndex>(db), {due->key(), keyed_hash(due->key(), set_->seed())},
                    due, remove, sink());
    }
    if (budget == 0) return true;
  }
  return false;
}

std::optional<int64_t> Shard::next_deadline_ms() const {
  std::optional<int64_t> next;
  const auto note = [&next](std::optional<int64_t> event_ms) {
    if (event_ms) next = std::min(next.value_or(*event_ms), *event_ms);
  };
  for (const auto& space : databases_) {
    if (space == nullptr) continue;
    note(space->deadlines().next_event_ms());
    if (space->field_deadlines() != nullptr) note(space->field_deadlines()->next_event_ms());
  }
  return next;
}

}  // namespace kvstash::engine
