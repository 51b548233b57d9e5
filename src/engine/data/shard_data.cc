#include "engine/data/shard_data.h"

#include "base/random.h"

namespace kvstash::engine {
namespace {

size_t bytes_beside_entries(const store::Keyspace& space) {
  const size_t wheel = space.field_deadlines() != nullptr ? sizeof(store::TimingWheel) : 0;
  return space.table().bytes() + sizeof(store::Keyspace) + wheel;
}

// Long bucket arrays come from the kernel in pages, see store/hash_table.h.
size_t mapped_bytes_of(const store::Keyspace& space) {
  constexpr size_t kBucketBytes = 64;
  constexpr size_t kMappedBytesMin = size_t{64} << 10;
  const size_t array = space.table().bucket_count() * kBucketBytes;
  return array >= kMappedBytesMin ? array : 0;
}

}  // namespace

ShardData::ShardData(const Setup& setup)
    : id_(setup.id),
      seed_(setup.seed),
      born_ms_(setup.now_ms),
      databases_(setup.databases),
      readers_(setup.seed),
      hot_keys_(setup.sample_seed, setup.now_ms) {
  ensure(setup.databases > 0);
}

ShardData::~ShardData() = default;

void ShardData::make(std::unique_ptr<store::Keyspace>& space) {
  space = std::make_unique<store::Keyspace>(seed_, memory_, born_ms_);
}

void ShardData::exchange(DbIndex a, DbIndex b) {
  std::swap(slot(a), slot(b));
  victims_.clear();
  ensure(victims_.size() == 0);
}

size_t ShardData::bytes() const {
  size_t bytes = memory_.bytes;
  each_keyspace(
      [&bytes](DbIndex, const store::Keyspace& space) { bytes += bytes_beside_entries(space); });
  return bytes;
}

size_t ShardData::mapped_bytes() const {
  size_t bytes = 0;
  each_keyspace(
      [&bytes](DbIndex, const store::Keyspace& space) { bytes += mapped_bytes_of(space); });
  return bytes;
}

}  // namespace kvstash::engine
