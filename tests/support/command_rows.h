// Command rows: checks that hold for every row of a command table, whichever room it comes from.
//
// These are doctest checks, for the unit tests of the tables.
#pragma once

#include "engine/command/command_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::test {

using engine::ArgSpec;
using engine::ArgType;
using engine::Command;
using engine::CommandSpec;
using engine::CommandTable;
using engine::KeySpec;

inline bool is_lower_case(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

inline int32_t arguments_at_least(const CommandSpec& spec) {
  return spec.arity < 0 ? -spec.arity : spec.arity;
}

// Commands of which Redis documents the arguments only loosely.
inline bool is_loosely_documented(std::string_view name) {
  return name == "quit" || name == "debug" || name == "client|kill" || name == "geohash" ||
         name == "geopos" || name == "pfmerge" || name == "sunsubscribe" ||
         name.starts_with("command|getkeys");
}

inline void check_keys(const CommandSpec& spec) {
  for (const KeySpec& keys : spec.keys) {
    CHECK(keys.step >= 1);
    CHECK(keys.flags != 0);
    if (keys.begin != KeySpec::Begin::kIndex) continue;
    CHECK(keys.index >= 1);
    if (!is_loosely_documented(spec.name)) CHECK(keys.index < arguments_at_least(spec));
    if (keys.find == KeySpec::Find::kRange) {
      CHECK(keys.index + keys.last < arguments_at_least(spec));
      if (keys.limit != 0) CHECK(keys.last == -1);
    }
  }
}

inline void check_arguments(const CommandSpec& spec, std::span<const ArgSpec> arguments) {
  std::set<std::string_view> names;
  for (const ArgSpec& argument : arguments) {
    CHECK_FALSE(argument.name.empty());
    const bool has_parts = argument.type == ArgType::kOneOf || argument.type == ArgType::kBlock;
    CHECK(has_parts == !argument.arguments.empty());
    if (argument.type == ArgType::kPureToken) CHECK_FALSE(argument.token.empty());
    CHECK(argument.key_spec < static_cast<int>(spec.keys.size()));
    // SORT has patterns of keys.
    if (argument.key_spec >= 0 && argument.type != ArgType::kPattern)
      CHECK(argument.type == ArgType::kKey);
    check_arguments(spec, argument.arguments);
  }
}

inline void check_documentation(const CommandSpec& spec) {
  CHECK_FALSE(spec.summary.empty());
  CHECK_FALSE(spec.since.empty());
  // Only these two commands have no documented complexity.
  CHECK(spec.complexity.empty() == (spec.name == "lolwut" || spec.name == "monitor"));
  CHECK(spec.deprecated_since.empty() == spec.replaced_by.empty());
  for (const engine::HistoryNote& note : spec.history) {
    CHECK_FALSE(note.since.empty());
    CHECK_FALSE(note.change.empty());
  }
  for (const std::string_view tip : spec.tips)
    CHECK_FALSE(tip.empty());
}

// The fewest arguments that the documentation requires, without the name.
inline int32_t documented_arguments(std::span<const ArgSpec> arguments) {
  int32_t count = 0;
  for (const ArgSpec& argument : arguments) {
    if ((argument.flags & engine::kArgOptional) != 0) continue;
    if (!argument.token.empty() && argument.type != ArgType::kPureToken) ++count;
    if (argument.type == ArgType::kBlock) {
      count += documented_arguments(argument.arguments);
    } else if (argument.type == ArgType::kOneOf) {
      int32_t fewest = INT32_MAX;
      for (const ArgSpec& choice : argument.arguments) {
        fewest = std::min(fewest, documented_arguments({&choice, 1}));
      }
      count += fewest;
    } else {
      ++count;
    }
  }
  return count;
}

// Whether the documentation allows for more arguments than the fewest.
inline bool allows_more(std::span<const ArgSpec> arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const ArgSpec& argument) {
    const auto is_as_long_as_first = [&](const ArgSpec& choice) {
      return documented_arguments({&choice, 1}) ==
             documented_arguments(argument.arguments.first(1));
    };
    return (argument.flags & (engine::kArgOptional | engine::kArgMultiple)) != 0 ||
           allows_more(argument.arguments) ||
           (argument.type == ArgType::kOneOf &&
            !std::ranges::all_of(argument.arguments, is_as_long_as_first));
  });
}

// Checks that names are lower case and unique, that the documentation is complete, and that keys
// are within the arguments.
inline void check_row(const Command& command) {
  const CommandSpec& spec = *command.spec;
  CHECK(is_lower_case(spec.name));
  CHECK(spec.arity != 0);
  CHECK((spec.run != nullptr || !spec.subcommands.empty()));
  check_keys(spec);
  check_arguments(spec, spec.arguments);
  check_documentation(spec);
}

// Checks that the arity agrees with the documented arguments.
inline void check_arity(const Command& command) {
  const CommandSpec& spec = *command.spec;
  if (!spec.subcommands.empty() || is_loosely_documented(command.name)) return;
  const int32_t names = command.container == nullptr ? 1 : 2;
  CHECK(names + documented_arguments(spec.arguments) == arguments_at_least(spec));
  CHECK((spec.arity < 0) == allows_more(spec.arguments));
}

// Checks that exactly the commands which hold the shards of their keys have keys, and WATCH and
// MIGRATE, which ask about their keys. An argument that cluster clients route like a key, such as a
// shard channel, is not a key.
inline void check_scope(const Command& command) {
  const bool by_key = command.spec->scope == engine::Scope::kKeys || command.name == "watch" ||
                      command.name == "migrate";
  const bool has_keys = std::ranges::any_of(command.spec->keys, [](const KeySpec& keys) {
    return (keys.flags & engine::kKeyNotKey) == 0;
  });
  CHECK(by_key == has_keys);
  CHECK_FALSE((command.has(engine::kWrite) && command.has(engine::kReadOnly)));
}

inline void check_rows(std::span<const std::span<const CommandSpec>> rows) {
  const CommandTable table(rows);
  REQUIRE(table.size() > 0);
  std::set<std::string> names;
  for (uint32_t id = 0; id < table.size(); ++id) {
    const Command& command = table.by_id(id);
    CAPTURE(command.name);
    CHECK(names.insert(command.name).second);
    check_row(command);
    check_arity(command);
    check_scope(command);
  }
}

}  // namespace kvstash::test
