// Digests of the data as DEBUG DIGEST and DIGEST-VALUE define them, so that tests can compare two
// servers: the same keys and values have the same digest in Redis, and whatever the number of
// shards.
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
  // Order matters: what follows depends on what came before.
  void mix(std::string_view bytes);
  // Order does not matter.
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

// Of a value and whether it has a deadline, without its key.
Digest value_digest(const store::Entry& entry);

// The keyspaces of one database on all shards (null: nothing there). Adds nothing if all are empty.
// A resize under way is ended first, so that every entry is met once.
void add_database(Digest& digest, uint32_t db, std::span<store::Keyspace* const> shards);

}  // namespace kvstash::server
