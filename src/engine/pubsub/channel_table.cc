#include "engine/pubsub/channel_table.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

bool counts_as_key_channel(ChannelKind kind, std::string_view name) {
  return kind == ChannelKind::kChannel && is_key_channel(name);
}

}  // namespace

ChannelTable::ChannelTable(const HashSeed& seed)
    : names_{Names(0, NameHash{seed}), Names(0, NameHash{seed}), Names(0, NameHash{seed})} {}

void ChannelTable::add(ChannelKind kind, std::string_view name, size_t shard) {
  Names& names = names_[static_cast<size_t>(kind)];
  auto at = names.find(name);
  if (at == names.end()) {
    at = names.emplace(name, Audience()).first;
    if (counts_as_key_channel(kind, name)) ++key_channels_;
  }
  Audience& audience = at->second;
  ++audience.total;
  const auto count = std::ranges::find(audience.by_shard, shard, &Count::shard);
  if (count != audience.by_shard.end()) {
    ++count->subscribers;
  } else {
    audience.by_shard.push_back({.shard = static_cast<uint32_t>(shard), .subscribers = 1});
  }
}

void ChannelTable::remove(ChannelKind kind, std::string_view name, size_t shard) {
  Names& names = names_[static_cast<size_t>(kind)];
  const auto at = names.find(name);
  ensure(at != names.end());
  Audience& audience = at->second;
  const auto count = std::ranges::find(audience.by_shard, shard, &Count::shard);
  ensure(count != audience.by_shard.end());
  --audience.total;
  if (--count->subscribers == 0) audience.by_shard.erase(count);
  if (audience.total != 0) return;
  names.erase(at);
  if (counts_as_key_channel(kind, name)) --key_channels_;
}

const ChannelTable::Audience* ChannelTable::find(ChannelKind kind, std::string_view name) const {
  const Names& names_of_kind = names(kind);
  const auto at = names_of_kind.find(name);
  return at == names_of_kind.end() ? nullptr : &at->second;
}

}  // namespace kvstash::engine
