// EVAL, EVALSHA, FCALL and their read-only variants: the commands that run scripts and functions.
//
// A run may touch any key and holds every shard, unless the script promises to touch only its
// declared keys (declared_keys.h): then it holds only the shards of those.
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

// Find the keys (FindKeys) of the commands that may change them, and of the read-only ones.
engine::KeysFound eval_keys(std::span<const std::string_view> argv,
                            std::vector<engine::KeyAt>& keys);
engine::KeysFound eval_ro_keys(std::span<const std::string_view> argv,
                               std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::scripting
