// Tables: the rows of all commands of this room, one span for each family.
//
// The server concatenates them with its own rows into the engine's CommandTable. The rows are
// constant and valid for ever; any thread.
#pragma once

#include "engine/command/command_spec.h"

#include <span>

namespace kvstash::commands {

using CommandRows = std::span<const engine::CommandSpec>;

CommandRows acl_commands();
CommandRows bitmap_commands();
CommandRows client_commands();
CommandRows cluster_commands();
CommandRows command_commands();
CommandRows connection_commands();
CommandRows geo_commands();
CommandRows hash_commands();
CommandRows hash_fields_commands();
CommandRows hot_keys_commands();
CommandRows hyperloglog_commands();
CommandRows keys_commands();
CommandRows list_commands();
CommandRows pubsub_commands();
CommandRows replication_commands();
CommandRows server_commands();
CommandRows set_commands();
CommandRows slowlog_commands();
CommandRows sort_commands();
CommandRows sorted_set_commands();
CommandRows stream_commands();
CommandRows string_commands();
CommandRows string_conditional_commands();
CommandRows transaction_commands();

std::span<const CommandRows> all_commands();  // All of the tables above.

}  // namespace kvstash::commands
