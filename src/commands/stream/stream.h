// The commands of streams: entries (stream.cc), reading (stream_range.cc, stream_read.cc), consumer
// groups (stream_group.cc, stream_pending.cc, stream_claim.cc) and XINFO (stream_info.cc). Each
// command is described by its row in stream_table.cc. The shared parts are in stream_arguments.h,
// stream_reply.h and stream_effects.h.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

// ---- Entries.
Status xadd(engine::Call& call);
Status xdel(engine::Call& call);
Status xlen(engine::Call& call);
Status xsetid(engine::Call& call);
Status xtrim(engine::Call& call);

// ---- Reading.
Status xrange(engine::Call& call);
Status xread(engine::Call& call);
Status xreadgroup(engine::Call& call);
Status xrevrange(engine::Call& call);

// ---- Consumer groups.
Status xack(engine::Call& call);
Status xautoclaim(engine::Call& call);
Status xclaim(engine::Call& call);
Status xgroup_create(engine::Call& call);
Status xgroup_createconsumer(engine::Call& call);
Status xgroup_delconsumer(engine::Call& call);
Status xgroup_destroy(engine::Call& call);
Status xgroup_help(engine::Call& call);
Status xgroup_setid(engine::Call& call);
Status xpending(engine::Call& call);

// ---- Introspection.
Status xinfo_consumers(engine::Call& call);
Status xinfo_groups(engine::Call& call);
Status xinfo_help(engine::Call& call);
Status xinfo_stream(engine::Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound xread_keys(std::span<const std::string_view> argv,
                             std::vector<engine::KeyAt>& keys);
engine::KeysFound xreadgroup_keys(std::span<const std::string_view> argv,
                                  std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
