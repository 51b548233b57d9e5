// OutputSource: the port by which a room above the engine feeds a connection with bytes that are no
// replies. A replica's connection has one: for the snapshot, and for the stream behind it.
//
// Nothing is queued for such a connection. Whenever little of its output is unsent, its shell asks
// the source for more. Owned by the session, and destroyed when the connection closes. Used on the
// thread of the session's shard, or by a thread that holds that shard.
#pragma once

#include <cstddef>
#include <string_view>

namespace kvstash::engine {

class OutputSource {
 public:
  virtual ~OutputSource() = default;

  // Whether the connection is a replica's by now. Before that it is a client as any other, which
  // has said something of itself.
  virtual bool is_replica() const = 0;

  // Whether next() has something to give.
  virtual bool has_more() const = 0;

  // Returns the next bytes to be sent, about `bytes_max` at most, in a view that is valid until the
  // next call. Empty: there is nothing now. Then the source calls Clients::note_ready() when there
  // is more.
  virtual std::string_view next(size_t bytes_max) = 0;
};

}  // namespace kvstash::engine
