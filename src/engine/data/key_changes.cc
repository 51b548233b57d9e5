#include "engine/data/key_changes.h"

#include "engine/shard.h"

namespace kvstash::engine {

void note_change(const Hold& hold, const HeldKey& key, const Author& author) {
  ShardData& shard = key.shard;
  ensure(hold.covers(shard.id()));
  if (!shard.watches().empty()) shard.watches().touch(key.db, key.name);
  if (!shard.blocked_keys().empty()) shard.blocked_keys().note_change(key.db, key.name);
  if (shard.is_tracked())
    hold.set().at(shard.id()).tracking().note_change(key.name, author, hold.pushes());
}

void note_removal(const Hold& hold, const HeldKey& key, std::span<const std::string_view> record) {
  ensure(hold.mode() == HoldMode::kLive);
  note_change(hold, key, {});
  if (hold.journal() == nullptr) return;
  // On a replica this is a change by a client of its own.
  const RecordTarget target =
      hold.set().role().is_replica() ? RecordTarget::kAof : RecordTarget::kBoth;
  hold.journal()->write({.db = key.db, .argv = record, .raw = {}, .target = target});
}

void note_lazy_free(const Hold& hold, const store::Entry& entry) {
  // A value of fewer pieces is freed at once.
  constexpr size_t kPieces = 64;
  if (entry.is_object() && store::object_pieces(entry.type(), entry.object()) > kPieces)
    ++hold.stats().lazily_freed;
}

}  // namespace kvstash::engine
