// SORT and SORT_RO: reply the elements of a list, a set or a sorted set, in an order that other
// keys may decide, or the values of other keys instead of the elements.
//
// Each is a function of one Call. Without patterns it runs on the shards of its keys. Patterns name
// keys that depend on the elements, so then every shard is held (sort_scope). Rows: sort_table.cc.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::commands {

using engine::Call;

Status sort(Call& call);
Status sort_ro(Call& call);

// Used in the rows. The keys that patterns name are not found by these functions.
engine::Scope sort_scope(std::span<const std::string_view> argv, engine::Shard& home);
engine::Scope sort_ro_scope(std::span<const std::string_view> argv, engine::Shard& home);
engine::KeysFound sort_keys(std::span<const std::string_view> argv,
                            std::vector<engine::KeyAt>& keys);
engine::KeysFound sort_ro_keys(std::span<const std::string_view> argv,
                               std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
