// Directives: the table of everything that can be configured, one row each.
//
// A row knows a directive's name, how its text is read and checked, how CONFIG GET writes it, its
// default, and the text that conf/kvstash.conf has about it. The configuration file, the command
// line, the environment, CONFIG GET, SET and REWRITE, and the documentation all read these rows.
// The rows live in directives_<topic>.cc, the field each of them sets in the room's options.h.
//
// Pure except for `dir`, which checks that the directory exists. Any thread.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kvstash::server {

// Where the text that is set comes from. Some rules hold only for a file or only for CONFIG SET.
enum class SetFrom : uint8_t { kFile, kCommand };

// How the text of a value is read; the field's type follows from it.
enum class ValueKind : uint8_t {
  kBool,             // bool: yes or no.
  kInteger,          // int64_t.
  kOctal,            // int64_t, written in octal.
  kMemory,           // uint64_t: bytes with a unit.
  kPercentOrMemory,  // int64_t: bytes, or minus a percentage.
  kString,           // std::string.
  kEnum,             // One of the row's words.
  kFlags,            // uint32_t: several of the row's words.
  kSpecial,          // The row reads and writes itself.
};

enum DirectiveFlag : uint32_t {
  kImmutable = 1u << 0,    // CONFIG SET may not change it.
  kHidden = 1u << 1,       // CONFIG GET shows it only by its exact name.
  kSensitive = 1u << 2,    // Its value stays out of logs and MONITOR.
  kProtected = 1u << 3,    // CONFIG SET only if enable-protected-configs allows.
  kDenyLoading = 1u << 4,  // CONFIG SET refuses it while the data set is loading.
  kMultiArg = 1u << 5,     // Takes any number of words.
  kAccumulates = 1u << 6,  // Several lines of a file add up; without it the last wins.
  // Immutable, and unknown to Redis. CONFIG SET accepts the value that the directive has already,
  // because tools set all that CONFIG GET shows, except names that they know to be immutable.
  kOursImmutable = 1u << 7 | kImmutable,
};

// A word of an enum or flags directive, and its value in the field.
struct ValueWord {
  std::string_view word;
  int64_t value;
};

struct Directive;
using Words = std::span<const std::string_view>;

// How a row reaches its field: one alternative for each type a field can have.
struct EnumSlot {
  int64_t (*read)(const ServerOptions&);
  void (*write)(ServerOptions&, int64_t);
};
struct SpecialSlot {
  std::string (*read)(const ServerOptions&);
  Status (*write)(ServerOptions&, Words, SetFrom);
};
using Slot = std::variant<bool& (*)(ServerOptions&), int64_t& (*)(ServerOptions&),
                          uint64_t& (*)(ServerOptions&), std::string& (*)(ServerOptions&), EnumSlot,
                          SpecialSlot>;

struct Directive {
  std::string_view name;
  ValueKind kind;
  Slot slot;
  std::string_view about;       // Text for conf/kvstash.conf: its effect, why to change it.
  std::string_view alias = {};  // A second name that works like the first.
  uint32_t flags = 0;           // DirectiveFlag bits.
  int64_t min = 0;              // Smallest number allowed.
  uint64_t max = 0;
  std::span<const ValueWord> words = {};
  std::string_view inert = {};  // Why the directive has no effect; empty if it has one.
  Status (*check)(Words words, SetFrom from) = nullptr;  // Rules beyond kind and range.

  bool is(DirectiveFlag flag) const { return (flags & flag) == flag; }
};

// A topic of the configuration, whose rows stand together in kvstash.conf.
struct DirectiveGroup {
  std::string_view title;
  std::string_view about;
  std::span<const Directive> rows;
};

// All rows, in the order of kvstash.conf. They are constant and valid for ever.
std::span<const DirectiveGroup> directive_groups();

// The row with this name or alias, whatever its case; null if there is none.
const Directive* find_directive(std::string_view name);

// The value as CONFIG GET writes it. From default options this is the default.
std::string get(const ServerOptions& options, const Directive& directive);

// Sets one directive from its words. The error is the reason alone, as Redis words it; in that case
// `options` is unchanged.
Status set(ServerOptions& options, const Directive& directive, Words words, SetFrom from);

// The answer of CONFIG GET: every name that one of the patterns matches, with its value. A row with
// an alias appears under each name that matches; hidden rows only if a pattern is their exact name.
// No name comes twice.
struct NamedValue {
  std::string name;  // The table's spelling, or the pattern's if that is the exact name.
  std::string value;
};
std::vector<NamedValue> match(const ServerOptions& options, Words patterns);

// What the client that sends CONFIG SET may do.
struct SetRights {
  bool protected_allowed = false;  // See `is_allowed`.
  bool loading = false;            // The data set is being loaded.
};

// Applies CONFIG SET with `pairs` = name value name value ..., either all of them or none. Returns
// the options with the changes. The error is the whole message for the client, "ERR ..." included.
Result<ServerOptions> apply(const ServerOptions& options, Words pairs, SetRights rights);

// The message of a CONFIG SET that failed because of the argument `name`.
Error config_set_error(std::string_view name, std::string_view reason);

// Whether a setting of no, yes or local permits this client to use the command.
constexpr bool is_allowed(engine::Allowed allowed, bool client_is_local) {
  return allowed == engine::Allowed::kYes ||
         (allowed == engine::Allowed::kLocal && client_is_local);
}

}  // namespace kvstash::server
