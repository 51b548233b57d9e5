// TrackingTable: the keys of one shard that clients may have cached, and which clients have read
// them.
//
// Keys are known by name alone, whatever their database, as in Redis. A key is forgotten as soon as
// its readers are told of a change. Clients that have ended are removed by sweeps, step by step.
// Lives on a shard.
#pragma once

#include "base/random.h"
#include "engine/pubsub/channel.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace kvstash::engine {

class TrackingTable {
 public:
  struct Reader {
    uint64_t client;
    uint32_t home;  // The client's shard.
  };

  explicit TrackingTable(const HashSeed& seed);

  bool empty() const { return keys_.empty(); }
  size_t key_count() const { return keys_.size(); }
  size_t item_count() const { return items_; }  // Pairs of a key and a client.

  void remember(std::string_view key, const Reader& reader);
  // Forgets the key. Returns its readers in the order of their ids; none if the key was not known.
  std::vector<Reader> take(std::string_view key);
  // The name of a random key; the table must not be empty. Valid until the next change.
  std::string_view random_key(Random& random) const;

  // Called when a client has ended: the next sweep forgets it.
  void forget(uint64_t client);
  // Sweeps at most `keys` keys. True: there is more to sweep.
  bool sweep(size_t keys);

 private:
  struct Key {
    std::vector<Reader> readers;  // By client, each once.
    size_t position = 0;          // In order_.
  };
  using Keys = NameMap<Key>;

  void erase(Keys::iterator at);
  void drop_gone_readers(Keys::iterator at);

  Keys keys_;
  std::vector<Keys::value_type*> order_;  // All keys: for random choice and for the sweep.
  size_t items_ = 0;
  std::unordered_set<uint64_t> gone_;  // Clients that the present sweep removes.
  std::vector<uint64_t> gone_next_;    // Clients that the next sweep will remove.
  size_t sweep_at_ = 0;                // Positions below this one are still to be swept.
};

}  // namespace kvstash::engine
