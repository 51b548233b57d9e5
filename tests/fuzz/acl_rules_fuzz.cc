// Property: a rule that fails leaves the user as it was, and the text of a user makes the same user
// again.
//
// Input: rules of ACL SETUSER, each ended by a line feed.
#include "base/ensure.h"
#include "base/text.h"
#include "commands/tables.h"
#include "engine/acl/acl_rules.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash::engine;

constexpr size_t kBytesMax = 4096;

void apply_all(AclUser& user, std::span<const std::string_view> words, const AclContext& context) {
  const kvstash::Result<std::vector<std::string>> rules = join_acl_selectors(words);
  if (!rules.ok()) return;
  for (const std::string& rule : *rules) {
    const std::string before = acl_user_text(user);
    if (!apply_acl_rule(user, rule, context).ok()) ensure(acl_user_text(user) == before);
  }
}

// Words with blanks, or with parentheses that do not stand at their ends, read as others in a text.
bool is_plain_word(std::string_view word) {
  if (word.starts_with('(')) word.remove_prefix(1);
  if (word.ends_with(')')) word.remove_suffix(1);
  return word.find_first_of(" \t\n\v\f\r()") == std::string_view::npos &&
         word.find('\0') == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kBytesMax) return 0;
  static const CommandTable table(kvstash::commands::all_commands());
  const AclContext context{.commands = &table};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string_view> words = kvstash::split(bytes, '\n');

  AclUser user = new_acl_user("u", context);
  apply_all(user, words, context);
  const std::string text = acl_user_text(user);
  ensure(!acl_flags(user).empty());
  for (const std::string_view word : words)
    if (!is_plain_word(word)) return 0;

  AclUser again = new_acl_user("u", context);
  std::vector<std::string_view> rules = kvstash::split(text, ' ');
  rules.erase(rules.begin());  // The name.
  const kvstash::Result<std::vector<std::string>> joined = join_acl_selectors(rules);
  ensure(joined.ok());
  for (const std::string& rule : *joined)
    ensure(apply_acl_rule(again, rule, context).ok());
  ensure(acl_user_text(again) == text);
  return 0;
}
