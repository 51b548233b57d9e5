#include "engine/execution/blocked_keys.h"

#include "engine/execution/waiter.h"

#include <cstring>

namespace kvstash::engine {
namespace {

constexpr size_t kDbBytes = sizeof(uint32_t);

DbIndex db_of(const std::string& id) {
  uint32_t number;
  std::memcpy(&number, id.data(), kDbBytes);
  return static_cast<DbIndex>(number);
}

}  // namespace

std::string BlockedKeys::id_of(DbIndex db, std::string_view key) {
  const auto number = static_cast<uint32_t>(db);
  std::string id(kDbBytes, '\0');
  std::memcpy(id.data(), &number, kDbBytes);
  return id.append(key);
}

void BlockedKeys::add(DbIndex db, std::string_view key, const std::shared_ptr<Waiter>& waiter) {
  Queue& queue = queues_[id_of(db, key)];
  ensure(waiter->state.load(std::memory_order_relaxed) != WaitState::kDone);
  const bool is_new = queue.waiters.try_emplace(waiter->number, waiter).second;
  if (is_new && waiter->wakes_without_key && queue.wake_without_key++ == 0) ++without_key_;
}

void BlockedKeys::remove(DbIndex db, std::string_view key, const Waiter& waiter) {
  const auto at = queues_.find(id_of(db, key));
  if (at == queues_.end() || at->second.waiters.erase(waiter.number) == 0) return;
  if (waiter.wakes_without_key) {
    ensure(at->second.wake_without_key != 0);
    if (--at->second.wake_without_key == 0) {
      ensure(without_key_ != 0);
      --without_key_;
    }
  }
  ensure(at->second.wake_without_key <= at->second.waiters.size());
  // A queue that is listed as changed stays until take_ready() comes to it.
  if (at->second.waiters.empty() && !at->second.is_ready) queues_.erase(at);
}

BlockedKeys::Queue* BlockedKeys::find(DbIndex db, std::string_view key) {
  const auto at = queues_.find(id_of(db, key));
  return at == queues_.end() || at->second.waiters.empty() ? nullptr : &at->second;
}

void BlockedKeys::make_ready(const std::string& id, Queue& queue) {
  if (queue.is_ready) return;
  queue.is_ready = true;
  ready_.push_back(id);
  ensure(ready_.size() <= queues_.size());
}

void BlockedKeys::note_change(DbIndex db, std::string_view key) {
  const auto at = queues_.find(id_of(db, key));
  if (at != queues_.end()) make_ready(at->first, at->second);
}

void BlockedKeys::note_changes(DbIndex db) {
  for (auto& [id, queue] : queues_) {
    if (db_of(id) == db) make_ready(id, queue);
  }
}

std::optional<BlockedKeys::ReadyKey> BlockedKeys::take_ready() {
  while (!ready_.empty()) {
    const std::string id = std::move(ready_.front());
    ready_.pop_front();
    const auto at = queues_.find(id);
    ensure(at != queues_.end());
    ensure(at->second.is_ready);
    at->second.is_ready = false;
    if (!at->second.waiters.empty()) return ReadyKey{db_of(id), id.substr(kDbBytes)};
    queues_.erase(at);
  }
  return std::nullopt;
}

}  // namespace kvstash::engine
