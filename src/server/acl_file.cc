#include "server/acl_file.h"

#include "base/text.h"
#include "net/file.h"

#include <set>

namespace kvstash::server {
namespace {

using engine::Acl;
using engine::AclUser;

constexpr size_t kFileBytesMax = size_t{64} << 20;
constexpr std::string_view kHint =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

// Reads the words of one line after "user". The error says what is wrong, but not in which line.
Result<AclUser> parse_user(std::span<const std::string_view> words, const Acl& acl) {
  AclUser user = engine::new_acl_user(std::string(words[0]), acl.context());
  Status applied = apply_acl_rules(user, words.subspan(1), acl.context());
  if (!applied.ok()) return std::move(applied).error();
  return user;
}

// Whether `user` is the default user as the server makes it, with at most a password added.
bool is_plain_default(const AclUser& user) {
  return user.name == engine::kDefaultUser && user.is_on && user.is_unlimited() &&
         user.own.command_rules().empty() && user.selectors.empty() && user.sanitizes_payload &&
         (user.needs_no_password || user.passwords.size() == 1);
}

}  // namespace

Status load_users(const ServerOptions& options, Acl& acl) {
  if (!options.engine.aclfile.empty()) {
    Status loaded = load_acl_file(options.engine.aclfile, acl);
    if (loaded.ok()) return loaded;
    return Error::text("Aborting start because of ACL errors: " +
                       std::string(loaded.error().message()));
  }
  for (const std::vector<std::string>& line : options.users) {
    const std::vector<std::string_view> words(line.begin(), line.end());
    Status applied = acl.set_user(words[0], std::span(words).subspan(1));
    if (!applied.ok()) {
      return Error::text("Error in user declaration '" + line[0] +
                         "': " + std::string(applied.error().message()));
    }
  }
  return {};
}

Status load_acl_file(const std::string& path, Acl& acl) {
  const Result<std::string> text = net::read_file(path, kFileBytesMax);
  if (!text.ok())
    return Error::text("Error loading ACLs, opening file '" + path +
                       "': " + std::string(text.error().message()));
  std::vector<AclUser> users;
  std::set<std::string, std::less<>> names;
  std::string errors;
  size_t number = 0;
  for (const std::string_view raw : split(*text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    const std::string place = path + ":" + std::to_string(number) + ": ";
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    if (words[0] != "user" || words.size() < 2) {
      errors += place + "line should start with user keyword followed by the user name. ";
      continue;
    }
    if (!names.emplace(words[1]).second) {
      errors += place + "Duplicate user '" + std::string(words[1]) + "' found. ";
      continue;
    }
    Result<AclUser> user = parse_user(std::span(words).subspan(1), acl);
    if (user.ok()) {
      users.push_back(*std::move(user));
    } else {
      errors += place + std::string(user.error().message()) + ". ";
    }
  }
  if (!errors.empty()) return Error::text(errors + std::string(kHint));
  acl.replace(std::move(users));
  return {};
}

Status save_acl_file(const std::string& path, const Acl& acl) {
  std::string text;
  for (const auto& [name, user] : acl.users())
    text += "user " + acl_user_text(*user) + "\n";
  return net::write_file_atomically(path, text, 0600);
}

std::vector<std::vector<std::string>> user_lines(const Acl& acl) {
  std::vector<std::vector<std::string>> lines;
  for (const auto& [name, user] : acl.users()) {
    if (is_plain_default(*user)) continue;
    const std::string text = acl_user_text(*user);
    const std::vector<std::string_view> words = split(text, ' ');
    lines.emplace_back(words.begin(), words.end());
  }
  return lines;
}

}  // namespace kvstash::server
