// Server commands: commands that read or change the server itself. They need this room, so they
// cannot live in commands/.
//
// Their rows are in server_commands_table.cc. The scope of each row says on which shards it runs.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvstash::server {

using engine::Call;
enum class RewriteScope : uint8_t;

// The rows. They are constant and valid for ever.
std::span<const engine::CommandSpec> server_commands();

Status info(Call& call);
Status debug(Call& call);
// Finds the scope of DEBUG commands (FindScope).
engine::Scope debug_scope(std::span<const std::string_view> argv, engine::Shard& home);
// Finds the keys of DEBUG commands (FindKeys).
engine::KeysFound debug_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys);
Status shutdown(Call& call);

Status config_get(Call& call);
Status config_help(Call& call);
Status config_resetstat(Call& call);
Status config_rewrite(Call& call);
Status config_set(Call& call);
// Rewrites the file that the server was started with, and writes the reply.
Status rewrite_own_config(Call& call, RewriteScope scope);

Status latency_doctor(Call& call);
Status latency_graph(Call& call);
Status latency_help(Call& call);
Status latency_histogram(Call& call);
Status latency_history(Call& call);
Status latency_latest(Call& call);
Status latency_reset(Call& call);

// MEMORY USAGE is not here: see commands::memory_usage.
Status memory_doctor(Call& call);
Status memory_help(Call& call);
Status memory_malloc_stats(Call& call);
Status memory_purge(Call& call);
Status memory_stats(Call& call);

}  // namespace kvstash::server
