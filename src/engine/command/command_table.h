// CommandTable: every command the server knows, found by name, with the values that follow from its
// row.
//
// Built once at start from the rooms' rows and the operator's rename-command lines; read-only
// afterwards, so any thread may read it. Owns the Commands; the rows are constants.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

// A row with what the table derives from it.
struct Command {
  const CommandSpec* spec = nullptr;
  const Command* container = nullptr;  // Of a subcommand: the command above it.
  std::string name;  // "get", "client|setname": the row's name, also after a rename.
  uint32_t id = 0;   // 0 .. table.size() - 1: index of statistics arrays.
  uint32_t acl = 0;  // All categories: the row's, the flags' and the group's.
  std::vector<const Command*> subcommands;

  // The keys as the old triple of COMMAND INFO; all 0 if there are none.
  int32_t first_key = 0;
  int32_t last_key = 0;
  int32_t key_step = 0;
  // The triple describes all keys (one range at a fixed index, without limit): routing needs no
  // walk over the key specifications.
  bool has_plain_keys = false;

  bool has(CommandFlag flag) const { return spec->has(flag); }
};

class CommandTable {
 public:
  struct Rename {
    std::string from;
    std::string to;  // Empty: the command is removed.
  };

  explicit CommandTable(std::span<const std::span<const CommandSpec>> rows);
  ~CommandTable();
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  // Applies one rename-command line, before the server starts: from then on clients find the
  // command by the new name only, but it still names itself by the row's name. Error: no such
  // command, or the new name is taken.
  Status rename(const Rename& line);

  // The top-level command of that name in any case, or null. On the hot path: a few ns.
  const Command* find(std::string_view name) const;

  // The command or subcommand that `argv` (not empty) names, without a check of the other
  // arguments; or null.
  const Command* lookup(std::span<const std::string_view> argv) const;

  // As lookup(), by the names of the rows, which no rename changes and by which renamed or removed
  // commands are found as well: for records of a log.
  const Command* lookup_own(std::span<const std::string_view> argv) const;

  // The command or subcommand that `argv` (not empty) names, with its arity checked. The errors are
  // Redis's: unknown command (with the beginning of its arguments), unknown subcommand, wrong
  // number of arguments.
  Result<const Command*> resolve(std::span<const std::string_view> argv) const;

  // The command or subcommand of a full name such as "get" or "client|setname", in any case, or
  // null.
  const Command* find_full(std::string_view name) const;

  // The container's subcommand of that name in any case, or null.
  static const Command* find_subcommand(const Command& container, std::string_view name);

  static bool arity_fits(const Command& command, size_t argc);

  // The one extraction of keys, used by access control, routing, EXEC, scripts, COMMAND GETKEYS,
  // client tracking and waiting. Appends the keys among the arguments to `keys`, by the row's
  // find_keys or else its ranges, and returns whether these are all. argv[0] is the command's name,
  // even for a subcommand. If the number of arguments does not fit, the result is kRefused.
  static KeysFound keys_of(const Command& command, std::span<const std::string_view> argv,
                           std::vector<KeyAt>& keys);

  // Top-level commands in alphabetical order.
  std::span<const Command* const> all() const { return top_level_; }
  // Commands and subcommands by id.
  const Command& by_id(uint32_t id) const { return *commands_[id]; }
  size_t size() const { return commands_.size(); }

 private:
  struct Slot;
  using Slots = std::vector<Slot>;  // Open addressing over lower-case names.

  Command* add(const CommandSpec& spec, const Command* container);
  static Slot& slot_for(Slots& slots, std::string_view name);
  static void insert(Slots& slots, size_t names, std::string name, const Command* command);
  static const Command* find_in(const Slots& slots, std::string_view name);
  static const Command* lookup_in(const Slots& slots, std::span<const std::string_view> argv);

  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<const Command*> top_level_;
  Slots slots_;      // By the names that operators gave.
  Slots own_slots_;  // By the rows' names.
};

}  // namespace kvstash::engine
