// HistoryPort: who names the history that the journal tells. Files carry the name beside an offset,
// so that replicas can go on from what is on the disk (docs/formats/psync.md).
//
// Implemented by replication::NodeHistory. replid() may be called by any thread; the others while
// every shard is held, or before any command runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::persist {

class HistoryPort {
 public:
  virtual ~HistoryPort() = default;

  // The name of what is recorded now: 40 hexadecimal digits.
  virtual std::string replid() const = 0;
  // Data has changed without being recorded: what comes now is a history of its own.
  virtual void begin() = 0;
  // The data of this process is what the history `replid` was at `offset`. It goes on from there
  // under a name of its own, because that history may have gone on elsewhere. A name that is none
  // is passed over.
  virtual void go_on_from(std::string_view replid, uint64_t offset) = 0;
};

}  // namespace kvstash::persist
