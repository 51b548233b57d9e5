// Stream effects: the journal's records of commands on streams whose result depends on the clock or
// on entries that were read. Redis, too, propagates all of these commands.
//
// Each function does nothing if there is no journal.
#pragma once

#include "engine/execution/call.h"
#include "store/stream.h"

#include <string_view>

namespace kvstash::commands {

// The text of an id.
class StreamIdText {
 public:
  explicit StreamIdText(store::StreamId id) : size_(store::format_stream_id(text_, id)) {}
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[store::kStreamIdCharsMax];
  size_t size_;
};

// A consumer group, by the names of its key and group in the command.
struct GroupName {
  std::string_view key;
  std::string_view group;
};

// Records the state of a pending entry, as an XCLAIM that sets exactly this state. XCLAIM also
// creates the consumer if it does not exist.
void record_pending(engine::Call& call, GroupName name, const store::ConsumerGroup& group,
                    store::StreamId id, const store::PendingEntry& entry);
// Records how far the group has read, as XGROUP SETID.
void record_group(engine::Call& call, GroupName name, const store::ConsumerGroup& group);
// Records a consumer that no other record mentions, as XGROUP CREATECONSUMER.
void record_consumer(engine::Call& call, GroupName name, std::string_view consumer);

}  // namespace kvstash::commands
