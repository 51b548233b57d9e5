#include "commands/tables.h"

#include <vector>

namespace kvstash::commands {

std::span<const CommandRows> all_commands() {
  static const std::vector<CommandRows> kAll = {
      acl_commands(),
      bitmap_commands(),
      client_commands(),
      cluster_commands(),
      command_commands(),
      connection_commands(),
      geo_commands(),
      hash_commands(),
      hash_fields_commands(),
      hot_keys_commands(),
      hyperloglog_commands(),
      keys_commands(),
      list_commands(),
      pubsub_commands(),
      replication_commands(),
      server_commands(),
      set_commands(),
      slowlog_commands(),
      sort_commands(),
      sorted_set_commands(),
      stream_commands(),
      string_commands(),
      string_conditional_commands(),
      transaction_commands(),
  };
  return kAll;
}

}  // namespace kvstash::commands
