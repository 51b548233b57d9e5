#include "commands/server/command_description.h"

#include "support/command_server.h"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgSpec;
using engine::ArgType;
using engine::CommandSpec;
using engine::CommandTable;
using engine::KeySpec;
using resp::RespVersion;

Status nothing(engine::Call&) {
  return {};
}

// Specifications that are no ranges are only shown.
engine::KeysFound find_none(std::span<const std::string_view>, std::vector<engine::KeyAt>&) {
  return engine::KeysFound::kUnknown;
}

using Write = void (*)(const engine::Command&, resp::ReplyWriter&);

std::string written(Write write, const CommandSpec& row, RespVersion resp) {
  const std::span<const CommandSpec> rows[] = {{&row, 1}};
  const CommandTable table(rows);
  resp::ReplyBuffer out;
  resp::ReplyWriter reply(out, resp);
  write(*table.find(row.name), reply);
  return test::words_of(std::string(out.view()));
}

}  // namespace

TEST_CASE("key specifications of every kind are described") {
  static constexpr KeySpec kKeys[] = {
      {.flags = engine::kKeyRO,
       .begin = KeySpec::Begin::kKeyword,
       .keyword = "STREAMS",
       .start_from = 1,
       .last = -1,
       .limit = 2},
      {.flags = engine::kKeyRM | engine::kKeyDelete,
       .index = 2,
       .find = KeySpec::Find::kKeynum,
       .first_key = 1},
      {.flags = engine::kKeyOW | engine::kKeyIncomplete,
       .begin = KeySpec::Begin::kUnknown,
       .find = KeySpec::Find::kUnknown,
       .notes = "anywhere"},
  };
  static constexpr CommandSpec kRow = {
      .name = "x", .arity = -2, .keys = kKeys, .find_keys = find_none, .run = nothing};
  CHECK(written(write_info, kRow, RespVersion::k3) ==
        "*10 x :-2 ~0 :0 :0 :0 ~1 +@slow ~0 ~3 "
        "%3 flags ~1 +RO begin_search %2 type keyword spec %2 keyword STREAMS startfrom :1 "
        "find_keys %2 type range spec %3 lastkey :-1 keystep :1 limit :2 "
        "%3 flags ~2 +RM +delete begin_search %2 type index spec %1 index :2 "
        "find_keys %2 type keynum spec %3 keynumidx :0 firstkey :1 keystep :1 "
        "%4 notes anywhere flags ~2 +OW +incomplete begin_search %2 type unknown spec %0 "
        "find_keys %2 type unknown spec %0 ~0");
}

TEST_CASE("arguments are described with whatever is known of them, one inside the other") {
  static constexpr ArgSpec kChoices[] = {
      {.name = "a", .type = ArgType::kPureToken, .token = "A", .since = "2.0.0"},
      {.name = "b", .type = ArgType::kDouble, .token = "B", .deprecated_since = "3.0.0"},
  };
  static constexpr ArgSpec kArguments[] = {
      {.name = "choice",
       .type = ArgType::kOneOf,
       .summary = "one of two",
       .flags = engine::kArgOptional | engine::kArgMultiple | engine::kArgMultipleToken,
       .arguments = kChoices},
  };
  static constexpr CommandSpec kRow = {
      .name = "x", .arity = -1, .since = "1.0.0", .arguments = kArguments, .run = nothing};
  CHECK(written(write_docs, kRow, RespVersion::k3) ==
        "%3 since 1.0.0 group generic arguments *1 %5 name choice type oneof summary one of two "
        "flags ~3 +optional +multiple +multiple_token arguments *2 "
        "%4 name a type pure-token token A since 2.0.0 "
        "%4 name b type double token B deprecated_since 3.0.0");
}

TEST_CASE("a command that is deprecated, and not for users, is described as both") {
  static constexpr CommandSpec kRow = {.name = "x",
                                       .arity = 1,
                                       .group = engine::CommandGroup::kSortedSet,
                                       .deprecated_since = "4.0.0",
                                       .replaced_by = "`Y`",
                                       .is_syscmd = true,
                                       .run = nothing};
  CHECK(written(write_docs, kRow, RespVersion::k2) ==
        "*8 group sorted-set doc_flags *2 +deprecated +syscmd deprecated_since 4.0.0 "
        "replaced_by `Y`");
}

TEST_CASE("flags that are the server's own business are not shown") {
  static constexpr CommandSpec kRow = {
      .name = "x",
      .arity = 1,
      .flags = engine::kAllowBusy | engine::kProtected | engine::kSentinelOnly,
      .run = nothing};
  CHECK(written(write_info, kRow, RespVersion::k2) ==
        "*10 x :1 *1 +allow_busy :0 :0 :0 *1 +@slow *0 *0 *0");
}

}  // namespace kvstash::commands
