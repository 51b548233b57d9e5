#include "base/alloc.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "server/info_sections.h"
#include "server/memory_use.h"
#include "server/sentinel_node.h"
#include "server/server.h"
#include "server/server_commands.h"
#include "server/snapshot.h"

namespace kvstash::server {

// INFO has every shard copy its counters; the connection's own shard writes the text.
Status info(Call& call) {
  auto& server = static_cast<Server&>(call.server());
  const InfoChoice choice = InfoChoice::of(call.args_from(1), server.sentinel() != nullptr);
  // Read now, before the answers of the shards take memory of their own.
  const size_t allocated = allocator_stats().allocated;
  call.gather<admin::ShardCounters>(
      [detail =
           SnapshotDetail{
               .clients = true, .latencies = choice.wants_latencies(), .keys = choice.wants_keys()},
       now_ms = call.now_ms()](engine::Shard& shard) { return read_shard(shard, detail, now_ms); },
      [&server, choice, allocated, now_ms = call.now_ms()](std::vector<admin::ShardCounters>& parts,
                                                           resp::ReplyWriter& to) {
        admin::Snapshot snapshot = describe_server(server);
        snapshot.process.now_ms = now_ms;
        snapshot.process.used_memory = used_memory_at(allocated, snapshot.process);
        snapshot.shards = std::move(parts);
        const admin::ShardCounters sum = admin::total(snapshot.shards);
        const std::string sentinel_lines =
            server.sentinel() == nullptr ? std::string() : server.sentinel()->info_lines();
        to.verbatim("txt", info_text({.options = server.options(),
                                      .run = server.run_info(),
                                      .snapshot = snapshot,
                                      .sum = sum,
                                      .sentinel_lines = sentinel_lines},
                                     choice));
      });
  return {};
}

}  // namespace kvstash::server
