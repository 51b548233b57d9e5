// Multi: what a client has queued between MULTI and EXEC, and the keys it WATCHes.
//
// Queued arguments are copied once, because the input they stood in is gone by EXEC. A Multi
// belongs to a session; EXEC moves its parts into a Transaction, which may run on another thread.
#pragma once

#include "engine/command/command_table.h"
#include "engine/execution/watch.h"
#include "engine/telemetry/stats.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::engine {

struct QueuedCommand {
  const Command* command;
  uint32_t first_arg;
  uint32_t argc;

  // Filled in when the command runs, for the slow log and the monitors.
  bool has_run = false;
  DbIndex db{};
  CallEnd end{};
};

class CommandQueue {
 public:
  // `flags` are the CommandFlags of this request.
  void add(const Command& command, std::span<const std::string_view> argv, uint32_t flags) {
    commands_.push_back({.command = &command,
                         .first_arg = static_cast<uint32_t>(args_.size()),
                         .argc = static_cast<uint32_t>(argv.size())});
    flags_ |= flags;
    for (const std::string_view arg : argv) {
      args_.emplace_back(arg);
      bytes_ += arg.size();
    }
    views_.clear();
  }

  std::span<const QueuedCommand> commands() const { return commands_; }
  std::span<QueuedCommand> commands() { return commands_; }
  // The views are valid until the next add().
  std::span<const std::string_view> argv(const QueuedCommand& queued) {
    if (views_.size() != args_.size()) views_.assign(args_.begin(), args_.end());
    return std::span<const std::string_view>(views_).subspan(queued.first_arg, queued.argc);
  }
  size_t size() const { return commands_.size(); }
  uint32_t flags() const { return flags_; }  // CommandFlags that any queued command has.
  size_t bytes() const {
    return bytes_ + args_.size() * sizeof(std::string) + commands_.size() * sizeof(QueuedCommand);
  }

 private:
  std::vector<QueuedCommand> commands_;
  std::vector<std::string> args_;
  std::vector<std::string_view> views_;
  uint32_t flags_ = 0;
  size_t bytes_ = 0;
};

struct Multi {
  bool is_active = false;
  bool is_aborted = false;  // A command could not be queued: EXEC refuses.
  CommandQueue queue;
  std::vector<WatchedKey> watched;
  // Bytes of the watched keys' names; undefined while no key is watched.
  size_t watched_key_bytes = 0;

  void watch(std::vector<WatchedKey> keys) {
    if (watched.empty()) watched_key_bytes = 0;
    for (WatchedKey& key : keys) {
      watched_key_bytes += key.key.size();
      watched.push_back(std::move(key));
    }
  }
  size_t memory_bytes() const {
    const size_t of_watched =
        watched.empty() ? 0 : watched.capacity() * sizeof(WatchedKey) + watched_key_bytes;
    return queue.bytes() + of_watched;
  }
};

}  // namespace kvstash::engine
