// ClientTracking: how one client wants to be told of changes to keys it may have cached, as it
// chose with CLIENT TRACKING and CLIENT CACHING.
//
// Part of the client's session; used where the session is.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace kvstash::engine {

struct ClientTracking {
  // BCAST: the client is told of all keys with its prefixes, whether or not it read them.
  bool is_bcast = false;
  // OPTIN: only keys read right after CLIENT CACHING YES are remembered.
  bool is_optin = false;
  // OPTOUT: all keys read are remembered, except right after CLIENT CACHING NO.
  bool is_optout = false;
  // NOLOOP: the client is not told of its own changes.
  bool is_noloop = false;
  // CLIENT CACHING was given for the next command or transaction.
  bool is_caching = false;
  // The client to which invalidations are redirected was found to be gone.
  bool is_broken = false;
  // The client to which invalidations are redirected; 0: none.
  uint64_t redirect = 0;
  uint32_t redirect_home = 0;                     // The shard of `redirect`.
  std::set<std::string, std::less<>> prefixes{};  // Used with is_bcast.
  size_t prefix_bytes = 0;                        // Bytes that the prefixes take.

  // Whether keys that the next command reads are remembered.
  bool remembers_reads() const {
    return !is_bcast && (!is_optin || is_caching) && !(is_optout && is_caching);
  }
};

}  // namespace kvstash::engine
