#include "commands/stream/stream_effects.h"

#include "commands/shared/digits.h"

namespace kvstash::commands {

void record_pending(engine::Call& call, GroupName name, const store::ConsumerGroup& group,
                    store::StreamId id, const store::PendingEntry& entry) {
  if (!call.wants_effects()) return;
  const Digits delivered(entry.delivered_ms);
  const Digits deliveries(static_cast<int64_t>(entry.deliveries));
  const StreamIdText id_text(id);
  const StreamIdText last(group.last_id());
  call.record({"XCLAIM", name.key, name.group, entry.consumer->name(), "0", id_text.view(), "TIME",
               delivered.view(), "RETRYCOUNT", deliveries.view(), "FORCE", "JUSTID", "LASTID",
               last.view()});
}

void record_group(engine::Call& call, GroupName name, const store::ConsumerGroup& group) {
  if (!call.wants_effects()) return;
  const Digits read(group.entries_read());
  const StreamIdText last(group.last_id());
  call.record({"XGROUP", "SETID", name.key, name.group, last.view(), "ENTRIESREAD", read.view()});
}

void record_consumer(engine::Call& call, GroupName name, std::string_view consumer) {
  call.record({"XGROUP", "CREATECONSUMER", name.key, name.group, consumer});
}

}  // namespace kvstash::commands
