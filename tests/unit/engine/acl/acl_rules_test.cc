#include "engine/acl/acl_rules.h"

#include "base/random.h"
#include "base/sha256.h"
#include "base/text.h"
#include "support/command_rooms.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace kvstash::engine {
namespace {

struct Fixture {
  CommandTable table{test::engine_commands()};
  AclContext context{.commands = &table};
  AclUser ann = new_acl_user("ann", context);

  std::string apply(std::initializer_list<std::string_view> rules) {
    for (const std::string_view rule : rules) {
      if (const Status done = apply_acl_rule(ann, rule, context); !done.ok())
        return std::string(done.error().message());
    }
    return acl_user_text(ann);
  }
};

TEST_CASE_FIXTURE(Fixture, "a user is told by its rules, in one order") {
  CHECK(apply({"+get", "&c", "%W~w", "~a", "on", ">p"}) ==
        "ann on sanitize-payload #" + sha256_hex("p") + " %W~w ~a resetchannels &c -@all +get");
  CHECK(apply({"reset"}) == "ann off sanitize-payload resetchannels -@all");
}

TEST_CASE_FIXTURE(Fixture, "a later rule about a command takes the place of earlier ones") {
  CHECK(apply({"+client", "-client|kill", "-client"}) ==
        "ann off sanitize-payload resetchannels -@all -client");
  CHECK(apply({"+get", "-get", "+GET"}) ==
        "ann off sanitize-payload resetchannels -@all -client +get");
  CHECK(apply({"+@all", "-@dangerous"}) ==
        "ann off sanitize-payload resetchannels +@all -@dangerous");
}

TEST_CASE_FIXTURE(Fixture, "a rule that fails leaves the user as it was") {
  const std::string before = apply({"on", "~a", "+get"});
  CHECK(apply({"%X~b"}) == "Syntax error");
  CHECK(apply({"+nosuch"}) == "Unknown command or category name in ACL");
  CHECK(apply({"(~a +nosuch)"}) == "Unknown command or category name in ACL");
  CHECK(apply({""}) == before);
  CHECK(apply({}) == before);
}

TEST_CASE_FIXTURE(Fixture, "what describes a user makes the same user again") {
  const std::string text =
      apply({"on", ">p", "~a*", "%R~b*", "&c", "+@read", "-get", "+select|0", "(%W~x +set)"});
  const std::vector<std::string_view> words = split(text, ' ');
  AclUser again = new_acl_user("ann", context);
  const auto rules = join_acl_selectors(std::span(words).subspan(1));
  REQUIRE(rules.ok());
  for (const std::string& rule : *rules)
    REQUIRE(apply_acl_rule(again, rule, context).ok());
  CHECK(acl_user_text(again) == text);
}

TEST_CASE("a selector may be spread over several words, and must be closed") {
  const std::string_view words[] = {"on", "(~a", "+get)", "(+set)"};
  CHECK(*join_acl_selectors(words) == std::vector<std::string>{"on", "(~a +get)", "(+set)"});
  const std::string_view open[] = {"on", "(~a", "+get"};
  CHECK(join_acl_selectors(open).error().message() ==
        "ERR Unmatched parenthesis in acl selector starting at '(~a'.");
}

TEST_CASE("categories are found by name in any case, without the at sign") {
  CHECK(acl_category("keyspace") == kAclKeyspace);
  CHECK(acl_category("SortedSet") == kAclSortedSet);
  CHECK(acl_category("scripting") == kAclScripting);
  CHECK(acl_category("@read") == 0);
  CHECK(acl_category("") == 0);
}

TEST_CASE_FIXTURE(Fixture, "random rules never break a user") {
  constexpr std::string_view kPieces[] = {
      "~", "%R", "%W~", "&", "+", "-", "@", "get", "client", "|", "kill", "(",  ")",
      " ", "*",  "all", ">", "#", "!", "<", "on",  "reset",  "[", "\\",   "\"", "'"};
  Random random(random_uint64());
  for (int i = 0; i < 20'000; ++i) {
    std::string rule;
    for (uint64_t n = random.below(6); n > 0; --n)
      rule += kPieces[random.below(std::size(kPieces))];
    const std::string before = acl_user_text(ann);
    if (!apply_acl_rule(ann, rule, context).ok()) CHECK(acl_user_text(ann) == before);
    if (ann.selectors.size() > 50) ann.selectors.clear();
  }
}

}  // namespace
}  // namespace kvstash::engine
