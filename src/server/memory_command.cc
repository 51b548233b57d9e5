#include "base/alloc.h"
#include "commands/shared/help.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "server/allocator_report.h"
#include "server/memory_use.h"
#include "server/server.h"
#include "server/server_commands.h"
#include "server/snapshot.h"

namespace kvstash::server {
namespace {

using Parts = std::vector<admin::ShardCounters>;

// Asks every shard for the counters of its memory, and calls `write` with the sum.
void gather_memory(Call& call, std::function<void(const MemoryUse&, const admin::ProcessCounters&,
                                                  const admin::ShardCounters&, resp::ReplyWriter&)>
                                   write) {
  auto& server = static_cast<Server&>(call.server());
  const size_t allocated = allocator_stats().allocated;  // Before the shards answer.
  call.gather<admin::ShardCounters>(
      [now_ms = call.now_ms()](engine::Shard& shard) {
        return read_shard(shard, {.clients = true}, now_ms);
      },
      [&server, allocated, write = std::move(write)](Parts& parts, resp::ReplyWriter& to) {
        const admin::ShardCounters sum = admin::total(parts);
        admin::ProcessCounters process = read_process(server);
        process.used_memory = used_memory_at(allocated, process);
        write(memory_use(process, sum), process, sum, to);
      });
}

// Writes the pairs of one map, and counts them for its header.
class PairWriter {
 public:
  explicit PairWriter(resp::ReplyWriter& to) : to_(&to), at_(to.begin()) {}
  void number(std::string_view name, uint64_t value) {
    key(name);
    to_->integer(static_cast<int64_t>(value));
  }
  void real(std::string_view name, double value) {
    key(name);
    to_->dbl(value);
  }
  void fragmentation(std::string_view ratio, std::string_view bytes, const Fragmentation& value) {
    real(ratio, value.ratio);
    number(bytes, static_cast<uint64_t>(value.bytes));
  }
  void key(std::string_view name) {
    to_->bulk(name);
    ++pairs_;
  }
  void end() { to_->end_map(at_, pairs_); }

 private:
  resp::ReplyWriter* to_;
  resp::ReplyWriter::Mark at_;
  size_t pairs_ = 0;
};

// Entries contain their deadlines, and slots have no list of their keys, so those overheads are
// zero.
void write_db(const admin::DbCounters& db, resp::ReplyWriter& to) {
  PairWriter pairs(to);
  pairs.number("overhead.hashtable.main", db.table_bytes);
  pairs.number("overhead.hashtable.expires", 0);
  pairs.number("overhead.hashtable.slot-to-keys", 0);
  pairs.end();
}

void write_stats(const MemoryUse& use, const admin::ProcessCounters& process,
                 const admin::ShardCounters& sum, resp::ReplyWriter& to) {
  PairWriter pairs(to);
  pairs.number("peak.allocated", use.peak);
  pairs.number("total.allocated", use.used);
  pairs.number("startup.allocated", use.start);
  pairs.number("replication.backlog", 0);
  pairs.number("clients.slaves", 0);
  pairs.number("clients.normal", sum.clients.bytes);
  pairs.number("cluster.links", 0);
  pairs.number("aof.buffer", 0);
  pairs.number("lua.caches", process.cached_scripts_bytes);
  pairs.number("functions.caches", process.libraries_bytes);
  for (const admin::DbCounters& db : sum.dbs) {
    pairs.key("db." + std::to_string(db.db));
    write_db(db, to);
  }
  pairs.number("overhead.total", use.overhead);
  pairs.number("keys.count", use.keys);
  pairs.number("keys.bytes-per-key", use.bytes_per_key);
  pairs.number("dataset.bytes", use.dataset);
  pairs.real("dataset.percentage", use.dataset_percent);
  pairs.real("peak.percentage", use.peak_percent);
  pairs.number("allocator.allocated", process.allocator.allocated);
  pairs.number("allocator.active", process.allocator.active);
  pairs.number("allocator.resident", process.allocator.resident);
  pairs.fragmentation("allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
                      use.allocator);
  pairs.fragmentation("allocator-rss.ratio", "allocator-rss.bytes", use.allocator_rss);
  pairs.fragmentation("rss-overhead.ratio", "rss-overhead.bytes", use.process_rss);
  pairs.fragmentation("fragmentation", "fragmentation.bytes", use.whole);
  pairs.end();
}

}  // namespace

Status memory_doctor(Call& call) {
  gather_memory(
      call, [](const MemoryUse& use, const admin::ProcessCounters&, const admin::ShardCounters& sum,
               resp::ReplyWriter& to) { to.verbatim("txt", memory_advice(use, sum)); });
  return {};
}

Status memory_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    Return memory problems reports.",
      "MALLOC-STATS",
      "    Return internal statistics report from the memory allocator.",
      "PURGE",
      "    Attempt to purge dirty pages for reclamation by the allocator.",
      "STATS",
      "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]",
      "    Return memory in bytes used by <key> and its value. Nested values are",
      "    sampled up to <count> times (default: 5, 0 means sample all).",
  };
  return commands::reply_help(call, kLines);
}

Status memory_malloc_stats(Call& call) {
  call.reply().verbatim("txt", allocator_report());
  return {};
}

Status memory_purge(Call& call) {
  allocator_purge();
  call.reply().ok();
  return {};
}

Status memory_stats(Call& call) {
  gather_memory(call, write_stats);
  return {};
}

}  // namespace kvstash::server
