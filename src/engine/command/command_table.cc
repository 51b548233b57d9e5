#include "engine/command/command_table.h"

#include "base/text.h"
#include "engine/command/errors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace kvstash::engine {

namespace {

constexpr size_t kSlotsMin = 64;
// So many slots per name that most names stand in the first slot they hash to.
constexpr size_t kSlotsPerName = 4;
// The most bytes of a client's own words in an error.
constexpr size_t kShownBytesMax = 128;

// ---- Names: read as two words, which together hold every name of up to 16 bytes.

struct NameWords {
  uint64_t head = 0;
  uint64_t tail = 0;
  bool operator==(const NameWords&) const = default;
};
constexpr size_t kBytesToldByWords = 16;

uint64_t load_word(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
uint64_t load_half(const char* from) {
  uint32_t half;
  std::memcpy(&half, from, sizeof half);
  return half;
}

// Makes eight letters lower-case at once: 0x20 is added to each byte from 'A' to 'Z'. The sums stay
// within their bytes, because their highest bits have been cleared.
uint64_t lower_word(uint64_t word) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t low_bits = word & (0x7f * kEach);
  const uint64_t at_least_a = low_bits + (0x80 - 'A') * kEach;
  const uint64_t above_z = low_bits + (0x7f - 'Z') * kEach;
  const uint64_t is_upper = (at_least_a ^ above_z) & ~word & (0x80 * kEach);
  return word | (is_upper >> 2);
}

NameWords words_of(std::string_view name) {
  const char* at = name.data();
  const size_t size = name.size();
  if (size >= 8) return {lower_word(load_word(at)), lower_word(load_word(at + size - 8))};
  if (size >= 4) return {lower_word(load_half(at) << 32 | load_half(at + size - 4)), 0};
  if (size == 0) return {};
  const auto byte = [at](size_t i) { return uint64_t{static_cast<unsigned char>(at[i])}; };
  return {lower_word(byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1)), 0};
}

size_t hash_of(const NameWords& words, size_t size) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio.
  const uint64_t mixed = (words.head ^ std::rotl(words.tail, 23) ^ size) * kOdd;
  return static_cast<size_t>(mixed >> 32);
}

// ---- Values that follow from a row.

uint32_t category_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::kString:
      return kAclString;
    case CommandGroup::kList:
      return kAclList;
    case CommandGroup::kSet:
      return kAclSet;
    case CommandGroup::kSortedSet:
      return kAclSortedSet;
    case CommandGroup::kHash:
      return kAclHash;
    case CommandGroup::kTransactions:
      return kAclTransaction;
    case CommandGroup::kConnection:
      return kAclConnection;
    case CommandGroup::kScripting:
      return kAclScripting;
    case CommandGroup::kHyperLogLog:
      return kAclHyperLogLog;
    case CommandGroup::kGeo:
      return kAclGeo;
    case CommandGroup::kStream:
      return kAclStream;
    case CommandGroup::kBitmap:
      return kAclBitmap;
    case CommandGroup::kPubSub:  // The category follows from kPubSub: HELP is not in it.
    case CommandGroup::kGeneric:
    case CommandGroup::kServer:
    case CommandGroup::kCluster:
    case CommandGroup::kSentinel:
      return 0;
  }
  return 0;
}

uint32_t categories_of(const CommandSpec& spec) {
  const bool only_contains = spec.run == nullptr;
  uint32_t acl = spec.acl | (only_contains ? 0 : category_of(spec.group));
  if (spec.has(kWrite)) acl |= kAclWrite;
  // A read-only script command is not in the category read: the commands that it runs are checked.
  if (spec.has(kReadOnly) && (acl & kAclScripting) == 0) acl |= kAclRead;
  if (spec.has(kAdmin)) acl |= kAclAdmin | kAclDangerous;
  if (spec.has(kPubSub)) acl |= kAclPubSub;
  if (spec.has(kBlocking)) acl |= kAclBlocking;
  return acl | (spec.has(kFast) ? kAclFast : kAclSlow);
}

bool is_range_at_index(const KeySpec& keys) {
  return keys.begin == KeySpec::Begin::kIndex && keys.find == KeySpec::Find::kRange;
}
// Index of the last key from the beginning of the command; negative: from its end.
int32_t absolute_last(const KeySpec& keys) {
  return keys.last >= 0 ? keys.index + keys.last : keys.last;
}

// Derives the triple from the key specifications. It can include a second range only if that
// follows the first without a gap.
void derive_triple(Command& command) {
  const std::span<const KeySpec> specs = command.spec->keys;
  bool is_complete = !specs.empty();
  for (const KeySpec& keys : specs) {
    const bool follows = command.first_key == 0 || (keys.step == 1 && command.key_step == 1 &&
                                                    command.last_key == keys.index - 1);
    if (!is_range_at_index(keys) || !follows) {
      is_complete = false;
      continue;
    }
    if (command.first_key == 0) {
      command.first_key = keys.index;
      command.key_step = keys.step;
    }
    command.last_key = absolute_last(keys);
    if (keys.limit != 0 || (keys.flags & (kKeyIncomplete | kKeyNotKey)) != 0) is_complete = false;
  }
  command.has_plain_keys = is_complete;
}

// ---- Finding keys.

using Args = std::span<const std::string_view>;

bool is_key(const KeySpec& spec) {
  return (spec.flags & kKeyNotKey) == 0;
}

// Appends the keys of a range at an index. A range up to the end of the arguments may be empty.
void append_range(const KeySpec& spec, size_t argc, std::vector<KeyAt>& keys) {
  const int32_t last = absolute_last(spec);
  const int64_t end = last >= 0 ? last : static_cast<int64_t>(argc) + last;
  for (int64_t at = spec.index; at <= end; at += spec.step)
    keys.push_back({static_cast<uint32_t>(at), spec.flags});
}

// Whether the server can find the command's keys: by ranges that end within the smallest number of
// arguments, or by a function of the row.
bool can_find_keys(const CommandSpec& spec) {
  if (spec.find_keys != nullptr) return true;
  const int32_t argc_min = spec.arity >= 0 ? spec.arity : -spec.arity;
  return std::ranges::all_of(spec.keys, [argc_min](const KeySpec& keys) {
    const bool is_range = is_range_at_index(keys) && keys.limit == 0;
    return !is_key(keys) || (is_range && absolute_last(keys) < argc_min);
  });
}

// ---- Errors about commands that do not exist.

// The word as a C string would show it: at most `bytes_max` bytes, and none beyond a NUL.
std::string_view shown(std::string_view word, size_t bytes_max = kShownBytesMax) {
  return word.substr(0, std::min(word.find('\0'), bytes_max));
}

Error unknown_command(Args argv) {
  std::string words;
  for (size_t i = 1; i < argv.size() && words.size() < kShownBytesMax; ++i) {
    words += "'";
    words += shown(argv[i], kShownBytesMax - words.size() + 1);
    words += "' ";
  }
  return Error::text("ERR unknown command '" + std::string(shown(argv[0])) +
                     "', with args beginning with: " + words);
}

Error unknown_subcommand(Args argv) {
  return Error::text("ERR unknown subcommand '" + std::string(shown(argv[1])) + "'. Try " +
                     to_upper(argv[0]) + " HELP.");
}

}  // namespace

struct CommandTable::Slot {
  NameWords words;
  std::string name;  // Lower case.
  const Command* command = nullptr;

  bool is_free() const { return name.empty(); }
  bool is_of(const NameWords& other, std::string_view text) const {
    if (words != other || name.size() != text.size()) return false;
    return text.size() <= kBytesToldByWords || equals_ignore_case(name, text);
  }
};

CommandTable::CommandTable(std::span<const std::span<const CommandSpec>> rows) {
  slots_.resize(kSlotsMin);
  own_slots_.resize(kSlotsMin);
  for (const std::span<const CommandSpec> family : rows) {
    for (const CommandSpec& spec : family) {
      ensure(!spec.name.empty() && find(spec.name) == nullptr);
      const Command* command = add(spec, nullptr);
      insert(slots_, top_level_.size(), std::string(spec.name), command);
      insert(own_slots_, top_level_.size(), std::string(spec.name), command);
      top_level_.push_back(command);
    }
  }
  std::sort(top_level_.begin(), top_level_.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
}

CommandTable::~CommandTable() = default;

Command* CommandTable::add(const CommandSpec& spec, const Command* container) {
  Command* command = commands_.emplace_back(std::make_unique<Command>()).get();
  command->spec = &spec;
  command->container = container;
  command->name = container == nullptr ? std::string(spec.name)
                                       : container->name + "|" + std::string(spec.name);
  command->id = static_cast<uint32_t>(commands_.size() - 1);
  command->acl = categories_of(spec);
  derive_triple(*command);
  ensure(can_find_keys(spec));
  for (const CommandSpec& sub : spec.subcommands) {
    command->subcommands.push_back(add(sub, command));
  }
  return command;
}

// Finds the slot of that name, or the free one where it belongs.
CommandTable::Slot& CommandTable::slot_for(Slots& slots, std::string_view name) {
  const NameWords words = words_of(name);
  size_t at = hash_of(words, name.size()) & (slots.size() - 1);
  while (!slots[at].is_free() && !slots[at].is_of(words, name)) {
    at = (at + 1) & (slots.size() - 1);
  }
  return slots[at];
}

// Inserts a name. `names`: the number of names in the table.
void CommandTable::insert(Slots& slots, size_t names, std::string name, const Command* command) {
  if ((names + 1) * kSlotsPerName > slots.size()) {
    Slots old(slots.size() * 2);
    old.swap(slots);
    for (Slot& slot : old) {
      if (!slot.is_free()) slot_for(slots, slot.name) = std::move(slot);
    }
  }
  Slot& slot = slot_for(slots, name);
  slot.words = words_of(name);
  slot.name = std::move(name);
  slot.command = command;
}

Status CommandTable::rename(const Rename& line) {
  const Command* command = find(line.from);
  if (command == nullptr) return Error::literal("No such command in rename-command");
  const std::string to = to_lower(line.to);
  const Command* taken_by = find(to);
  if (taken_by != nullptr && taken_by != command) {
    return Error::literal("Target command name already exists");
  }
  // A slot in the middle of a chain cannot just be emptied: the slots are filled anew.
  Slots old(slots_.size());
  old.swap(slots_);
  for (Slot& slot : old) {
    if (!slot.is_free() && slot.command != command) slot_for(slots_, slot.name) = std::move(slot);
  }
  if (to.empty()) {
    std::erase(top_level_, command);
  } else {
    insert(slots_, top_level_.size(), to, command);
  }
  return {};
}

const Command* CommandTable::find_in(const Slots& slots, std::string_view name) {
  if (name.empty()) return nullptr;
  const NameWords words = words_of(name);
  const size_t mask = slots.size() - 1;
  for (size_t at = hash_of(words, name.size()) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots[at];
    if (slot.is_free()) return nullptr;
    if (slot.is_of(words, name)) return slot.command;
  }
}

const Command* CommandTable::find(std::string_view name) const {
  return find_in(slots_, name);
}

const Command* CommandTable::lookup_in(const Slots& slots, Args argv) {
  const Command* command = find_in(slots, argv[0]);
  if (command == nullptr || argv.size() == 1 || command->subcommands.empty()) return command;
  return find_subcommand(*command, argv[1]);
}

const Command* CommandTable::lookup(Args argv) const {
  return lookup_in(slots_, argv);
}

const Command* CommandTable::lookup_own(Args argv) const {
  return lookup_in(own_slots_, argv);
}

Result<const Command*> CommandTable::resolve(Args argv) const {
  ensure(!argv.empty());
  const Command* command = find(argv[0]);
  if (command == nullptr) return unknown_command(argv);
  if (argv.size() > 1 && !command->subcommands.empty()) {
    command = find_subcommand(*command, argv[1]);
    if (command == nullptr) return unknown_subcommand(argv);
  }
  if (!arity_fits(*command, argv.size())) return errors::wrong_arity(command->name);
  return command;
}

const Command* CommandTable::find_full(std::string_view name) const {
  const size_t bar = name.find('|');
  const Command* command = find(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return find_subcommand(*command, name.substr(bar + 1));
}

const Command* CommandTable::find_subcommand(const Command& container, std::string_view name) {
  for (const Command* each : container.subcommands) {
    if (equals_ignore_case(each->spec->name, name)) return each;
  }
  return nullptr;
}

bool CommandTable::arity_fits(const Command& command, size_t argc) {
  const auto count = static_cast<int64_t>(argc);
  const int64_t arity = command.spec->arity;
  return arity >= 0 ? count == arity : count >= -arity;
}

KeysFound CommandTable::keys_of(const Command& command, Args argv, std::vector<KeyAt>& keys) {
  if (!arity_fits(command, argv.size())) return KeysFound::kRefused;
  if (command.spec->find_keys != nullptr) return command.spec->find_keys(argv, keys);
  for (const KeySpec& spec : command.spec->keys) {
    if (is_key(spec)) append_range(spec, argv.size(), keys);
  }
  return KeysFound::kAll;
}

}  // namespace kvstash::engine
