// Digests of the data as DEBUG DIGEST and DIGEST-VALUE define them, so that tests can compare two
// servers: the same keys and values have the same digest in Redis and in kvstash, with any number
// of shards.
//
// SHA-1 is used as a checksum here, not for security. Digests of keys are combined by exclusive or,
// because keys have no order; the parts of a value are chained.
#pragma once

#include "store/keyspace.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::server {

class Digest {
 public:
  // Adds bytes in an order that matters: the same bytes mixed in another order give another digest.
  void mix(std::string_view bytes);
  // Adds bytes in an order that does not matter.
  void merge(std::string_view bytes);
  void merge(const Digest& other);

  std::string hex() const;
  bool operator==(const Digest&) const = default;

 private:
  using Bytes = std::array<unsigned char, 20>;
  static Bytes hash(std::string_view bytes);
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  Bytes bytes_{};
};

// The digest of a value and of whether it has a deadline, without its key.
Digest value_digest(const store::Entry& entry);

// Adds the keys of one database. `shards` has its keyspace on each shard, or null if that shard has
// none. Adds nothing if all are empty. Finishes a resize that is under way, so that each entry is
// visited once.
void add_database(Digest& digest, uint32_t db, std::span<store::Keyspace* const> shards);

}  // namespace kvstash::server
