// The options of SET, MSETEX and GETEX, parsed once into typed structs. Views are valid as long as
// the command's arguments. Pure; any thread.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::commands {

// An expiry as the client wrote it. The number is parsed later, because Redis reports a wrong
// option before a wrong number.
struct Expiry {
  enum class Unit : uint8_t { kSeconds, kMilliseconds, kUnixSeconds, kUnixMilliseconds };

  Unit unit;
  std::string_view amount;

  bool is_absolute() const { return unit >= Unit::kUnixSeconds; }
  bool is_in_seconds() const { return unit == Unit::kSeconds || unit == Unit::kUnixSeconds; }
};

enum class SetCondition : uint8_t { kAlways, kIfAbsent, kIfPresent, kIfEqual, kIfNotEqual };

struct SetOptions {
  SetCondition condition = SetCondition::kAlways;
  std::string_view expected{};  // The value of IFEQ or IFNE.
  bool return_old = false;      // GET.
  bool keep_deadline = false;   // KEEPTTL.
  std::optional<Expiry> expiry;

  bool compares() const { return condition >= SetCondition::kIfEqual; }
};

struct GetexOptions {
  bool persist = false;
  std::optional<Expiry> expiry;
};

// `args` has the words that follow the value, or for GETEX the key. After an error `options` has
// what was parsed before it.
Status parse_set_options(engine::ArgReader args, SetOptions& options);
Result<GetexOptions> parse_getex_options(engine::ArgReader args);
// Parses the words that follow the last pair of MSETEX: the options of SET without GET and
// comparisons.
Result<SetOptions> parse_msetex_options(engine::ArgReader args);

// The deadline in milliseconds since 1970. Errors: the number is not an integer; it is not
// positive, or the deadline exceeds 64 bits. The last error names `command`.
Result<int64_t> deadline_from(const Expiry& expiry, int64_t now_ms, std::string_view command);

}  // namespace kvstash::commands
