// EVAL, EVALSHA, FCALL and their read-only twins: scripts and functions being run.
//
// They may touch any key, and hold every shard, unless they promise to keep to their keys
// (declared_keys.h): then they hold the shards of those alone.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::scripting {

using engine::Call;

Status eval(Call& call);
Status eval_ro(Call& call);
Status evalsha(Call& call);
Status evalsha_ro(Call& call);
Status fcall(Call& call);
Status fcall_ro(Call& call);

engine::Scope eval_scope(std::span<const std::string_view> argv, engine::Shard& home);
engine::Scope evalsha_scope(std::span<const std::string_view> argv, engine::Shard& home);
engine::Scope fcall_scope(std::span<const std::string_view> argv, engine::Shard& home);

uint32_t eval_flags(uint32_t row_flags, std::span<const std::string_view> argv,
                    engine::Shard& home);
uint32_t evalsha_flags(uint32_t row_flags, std::span<const std::string_view> argv,
                       engine::Shard& home);
uint32_t fcall_flags(uint32_t row_flags, std::span<const std::string_view> argv,
                     engine::Shard& home);

// Where the keys are (FindKeys) of those that may change them, and of the read-only ones.
engine::KeysFound eval_keys(std::span<const std::string_view> argv,
                            std::vector<engine::KeyAt>& keys);
engine::KeysFound eval_ro_keys(std::span<const std::string_view> argv,
                               std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::scripting
