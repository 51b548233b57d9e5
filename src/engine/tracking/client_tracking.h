// ClientTracking: how one client wants to hear of changes to keys it may have cached, as it said
// with CLIENT TRACKING and CLIENT CACHING.
//
// Part of its session; touched where that is.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace kvstash::engine {

struct ClientTracking {
  bool is_bcast = false;       // Hears of all keys with its prefixes, whether or not it read them.
  bool is_optin = false;       // Only reads right after CLIENT CACHING YES are remembered ...
  bool is_optout = false;      // ... or all but those after CLIENT CACHING NO.
  bool is_noloop = false;      // Does not hear of its own changes.
  bool is_caching = false;     // CLIENT CACHING was given for the command, or transaction, to come.
  bool is_broken = false;      // Found out that the client it is redirected to is gone.
  uint64_t redirect = 0;       // The client that hears in its place; 0: itself.
  uint32_t redirect_home = 0;  // That client's shard.
  std::set<std::string, std::less<>> prefixes{};  // With is_bcast.
  size_t prefix_bytes = 0;                        // That they take.

  // Whether keys that the next command reads are remembered.
  bool remembers_reads() const {
    return !is_bcast && (!is_optin || is_caching) && !(is_optout && is_caching);
  }
};

}  // namespace kvstash::engine
