#include "engine/client/input.h"

#include <doctest/doctest.h>

#include <vector>

namespace kvstash::engine {
namespace {

TEST_CASE("the shared chunk is the same as long as nobody needs it longer") {
  ChunkPool pool;
  InputChunk* shared = pool.shared();
  CHECK(shared->capacity == ChunkPool::kChunkBytes);
  pool.settle_shared();
  CHECK(pool.shared() == shared);
}

TEST_CASE("a pinned shared chunk makes way for another, and comes back when unpinned") {
  ChunkPool pool;
  InputChunk* first = pool.shared();
  pool.pin(first);
  pool.pin(first);
  pool.settle_shared();
  InputChunk* second = pool.shared();
  CHECK(second != first);
  const size_t bytes = pool.bytes();
  pool.unpin(first);
  pool.unpin(first);
  CHECK(pool.take(ChunkPool::kChunkBytes) == first);
  CHECK(pool.bytes() == bytes);
  CHECK_FALSE(first->is_dropped);
  pool.drop(first);
}

TEST_CASE("a dropped chunk lives until its last pin is gone") {
  ChunkPool pool;
  InputChunk* chunk = pool.take(1000);
  CHECK(pool.bytes() == 1000);
  pool.pin(chunk);
  pool.drop(chunk);
  CHECK(pool.bytes() == 1000);
  chunk->data[999] = 'x';
  pool.unpin(chunk);
  CHECK(pool.bytes() == 0);
}

TEST_CASE("a pin that ends before its owner drops the chunk frees nothing") {
  ChunkPool pool;
  InputChunk* chunk = pool.take(1000);
  pool.pin(chunk);
  pool.unpin(chunk);
  CHECK(pool.bytes() == 1000);
  pool.drop(chunk);
  CHECK(pool.bytes() == 0);
}

TEST_CASE("only so many spare chunks are kept") {
  ChunkPool pool;
  std::vector<InputChunk*> chunks;
  for (size_t i = 0; i < ChunkPool::kSpareMax + 10; ++i)
    chunks.push_back(pool.take(ChunkPool::kChunkBytes));
  for (InputChunk* chunk : chunks)
    pool.drop(chunk);
  CHECK(pool.bytes() == ChunkPool::kSpareMax * ChunkPool::kChunkBytes);
}

TEST_CASE("spare chunks that nobody takes are given back") {
  ChunkPool pool;
  std::vector<InputChunk*> chunks;
  for (size_t i = 0; i < 40; ++i)
    chunks.push_back(pool.take(ChunkPool::kChunkBytes));
  for (InputChunk* chunk : chunks)
    pool.drop(chunk);
  for (size_t i = 0; i < 7; ++i)
    pool.trim();
  CHECK(pool.bytes() == 0);
}

}  // namespace
}  // namespace kvstash::engine
