// Stream effects: the records that stand in the journal for commands on streams whose outcome
// depends on the clock or on what was read. All are commands that Redis writes too.
//
// Each costs nothing when there is no journal.
#pragma once

#include "engine/execution/call.h"
#include "store/stream.h"

#include <string_view>

namespace kvstash::commands {

// An id, or a number, as text.
class StreamIdText {
 public:
  explicit StreamIdText(store::StreamId id) : size_(store::format_stream_id(text_, id)) {}
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[store::kStreamIdCharsMax];
  size_t size_;
};

// The group of a stream, by the names that the command used.
struct GroupName {
  std::string_view key;
  std::string_view group;
};

// The state of a pending entry, as an XCLAIM that gives it just that state; for a consumer that is
// not known there, it makes it.
void record_pending(engine::Call& call, GroupName name, const store::ConsumerGroup& group,
                    store::StreamId id, const store::PendingEntry& entry);
// What the group has read, as XGROUP SETID.
void record_group(engine::Call& call, GroupName name, const store::ConsumerGroup& group);
// A consumer that nothing else tells of, as XGROUP CREATECONSUMER.
void record_consumer(engine::Call& call, GroupName name, std::string_view consumer);

}  // namespace kvstash::commands
