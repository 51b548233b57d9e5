#include "engine/data/expiry.h"

#include "engine/execution/keyspace_events.h"
#include "engine/options.h"
#include "store/hash.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

namespace kvstash::engine {
namespace {

// Bounds on the work of one turn: steps of the wheels and removals together.
constexpr size_t kKeyStepsPerTurn = 512;
constexpr size_t kFieldStepsPerTurn = 512;
// A command that looks up a hash with due fields removes up to so many of them first.
constexpr size_t kFieldsPerLookup = 512;

uint64_t lag_ns(int64_t now_ms, int64_t deadline_ms) {
  return static_cast<uint64_t>(std::max<int64_t>(now_ms - deadline_ms, 0)) * 1'000'000;
}

void expire_key(const Hold& hold, const HeldKey& key, store::Entry* entry) {
  ensure(hold.is_past(entry->deadline_ms()));
  const std::string name(key.name);  // The caller's view may be the entry's own.
  const HeldKey gone{key.shard, key.db, name};
  if (hold.options().lazyfree_lazy_expire) note_lazy_free(hold, *entry);
  key.shard.keyspace(key.db).erase(key.shard.ref(name), entry);
  ++hold.stats().expired;
  note_removal(hold, gone, std::array<std::string_view, 2>{"DEL", name});
  tell_event(hold, gone, notify::kExpired, "expired");
}

// A function that removes fields from the hash and calls the visitor for each.
using RemoveFields = std::function<void(store::Hash&, const store::Hash::Visitor&)>;

store::Entry* remove_fields(const Hold& hold, const HeldKey& key, store::Entry* entry,
                            const RemoveFields& remove) {
  ensure(hold.mode() == HoldMode::kLive);
  const std::string name(key.name);  // The caller's view may be the entry's own.
  const HeldKey changed{key.shard, key.db, name};
  const store::KeyRef ref = key.shard.ref(name);
  store::Keyspace& space = key.shard.keyspace(key.db);
  std::vector<std::string> fields;
  size_t removed = 0;
  store::Hash hash = store::Hash::adopt(space.open_object(ref, *entry));
  const size_t bytes_before = hash.bytes();
  remove(hash, [&](const store::HashField& field) {
    ++removed;
    hold.stats().expire_lag.add(lag_ns(hold.now_ms(), *field.deadline_ms));
    // A hash whose fields have deadlines is in its large form, where names are texts.
    if (hold.journal() != nullptr) fields.emplace_back(field.name.text());
  });
  const bool is_empty = hash.empty();
  entry = space.update_object(ref, entry, hash.release(), bytes_before);
  if (is_empty) {
    space.erase(ref, entry);
    entry = nullptr;
  }
  if (removed == 0) return entry;
  hold.stats().expired_fields += removed;
  std::vector<std::string_view> record{"HDEL", name};
  record.insert(record.end(), fields.begin(), fields.end());
  note_removal(hold, changed, record);
  tell_event(hold, changed, notify::kHash, "hexpired");
  if (is_empty) tell_event(hold, changed, notify::kGeneric, "del");
  return entry;
}

// Removes due keys of the shard and subtracts the work from `budget`.
void expire_keys(const Hold& hold, ShardData& shard, size_t& budget) {
  shard.each_keyspace([&](DbIndex db, store::Keyspace& space) {
    while (budget != 0) {
      store::Entry* due = space.deadlines().next_due(hold.horizon_ms(), budget);
      if (due == nullptr) break;
      hold.stats().expire_lag.add(lag_ns(hold.now_ms(), due->deadline_ms()));
      expire_key(hold, {shard, db, due->key()}, due);
    }
  });
}

void expire_fields(const Hold& hold, ShardData& shard, size_t& budget) {
  shard.each_keyspace([&](DbIndex db, store::Keyspace& space) {
    store::TimingWheel* wheel = space.field_deadlines();
    while (wheel != nullptr && budget != 0) {
      store::Entry* due = wheel->next_due(hold.horizon_ms(), budget);
      if (due == nullptr) break;
      remove_fields(hold, {shard, db, due->key()}, due,
                    [&](store::Hash& hash, const store::Hash::Visitor& note) {
                      budget -= hash.erase_due(hold.horizon_ms(), budget, note);
                    });
    }
  });
}

}  // namespace

store::Entry* expire_due(const Hold& hold, const HeldKey& key, store::Entry* entry) {
  const int64_t horizon_ms = hold.horizon_ms();
  if (entry->is_expired(horizon_ms)) {
    expire_key(hold, key, entry);
    return nullptr;
  }
  return remove_fields(hold, key, entry,
                       [horizon_ms](store::Hash& hash, const store::Hash::Visitor& note) {
                         hash.erase_due(horizon_ms, kFieldsPerLookup, note);
                       });
}

store::Entry* expire_field(const Hold& hold, const HeldKey& key, store::Entry* entry,
                           std::string_view field) {
  return remove_fields(hold, key, entry, [&](store::Hash& hash, const store::Hash::Visitor& note) {
    const std::optional<int64_t> deadline_ms = hash.deadline_ms(field);
    if (hash.erase_if_due(field, hold.horizon_ms()))
      note({.name = field, .value = std::string_view(), .deadline_ms = deadline_ms});
  });
}

bool expire_turn(const Hold& hold) {
  ensure(hold.mode() == HoldMode::kLive);
  bool has_more = false;
  hold.each([&](ShardData& shard) {
    size_t key_budget = kKeyStepsPerTurn;
    size_t field_budget = kFieldStepsPerTurn;
    expire_keys(hold, shard, key_budget);
    expire_fields(hold, shard, field_budget);
    has_more = has_more || key_budget == 0 || field_budget == 0;
  });
  return has_more;
}

std::optional<int64_t> next_deadline_ms(const ShardData& shard) {
  std::optional<int64_t> next;
  const auto note = [&next](std::optional<int64_t> event_ms) {
    if (event_ms) next = std::min(next.value_or(*event_ms), *event_ms);
  };
  shard.each_keyspace([&](DbIndex, const store::Keyspace& space) {
    note(space.deadlines().next_event_ms());
    if (space.field_deadlines() != nullptr) note(space.field_deadlines()->next_event_ms());
  });
  return next;
}

}  // namespace kvstash::engine
