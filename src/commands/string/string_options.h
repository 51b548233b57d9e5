// The options of SET, MSETEX and GETEX, parsed once into typed structs. Views live as long as the
// command's arguments. Pure; any thread.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvstash::commands {

// An expiry as the client wrote it; the number is read later, as Redis does: an option that is
// wrong is reported before a number that is.
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
  std::string_view expected{};  // What IFEQ and IFNE compare the old value with.
  bool return_old = false;      // GET.
  bool keep_deadline = false;   // KEEPTTL.
  std::optional<Expiry> expiry;

  bool compares() const { return condition >= SetCondition::kIfEqual; }
};

struct GetexOptions {
  bool persist = false;
  std::optional<Expiry> expiry;
};

// `args`: what follows the value, or the key. An error leaves in `options` what stood before it.
Status parse_set_options(engine::ArgReader args, SetOptions& options);
Result<GetexOptions> parse_getex_options(engine::ArgReader args);
// What follows the last pair of MSETEX: the options of SET without GET and comparisons.
Result<SetOptions> parse_msetex_options(engine::ArgReader args);

// The deadline in milliseconds since 1970. Errors: not an integer; not positive or out of the range
// of 64 bits, which names `command`.
Result<int64_t> deadline_from(const Expiry& expiry, int64_t now_ms, std::string_view command);

}  // namespace kvstash::commands
