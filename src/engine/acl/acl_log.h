// AclLog: recent denials, the newest first, for ACL LOG. Equal denials within a minute share an
// entry.
//
// One per process; any thread may use it: denials are rare, so a lock is cheap enough. Bounded by
// acllog-max-len.
#pragma once

#include "engine/acl/acl_user.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace kvstash::engine {

enum class AclContextKind : uint8_t { kTopLevel, kMulti, kScript };

struct AclLogEntry {
  uint64_t id = 0;
  uint64_t count = 1;
  AclReason reason{};
  AclContextKind context{};
  std::string object;
  std::string user;
  std::string client;  // The connection as CLIENT LIST shows it; empty if it is not at hand.
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
};

class AclLog {
 public:
  void add(AclLogEntry entry, size_t max);
  // At most `count` entries, the newest first.
  std::vector<AclLogEntry> newest(size_t count) const;
  void clear();

  // Number of denials for a reason since the start: commands, keys, channels, failed logins.
  uint64_t denied(AclReason reason) const;

 private:
  mutable std::mutex lock_;
  std::deque<AclLogEntry> entries_;
  uint64_t next_id_ = 0;
  uint64_t denied_[4] = {};
};

}  // namespace kvstash::engine
