#include "engine/command/redaction.h"

#include "base/text.h"

#include <algorithm>

namespace kvstash::engine {
namespace {

constexpr std::string_view kRedacted = "(redacted)";
constexpr std::string_view kSecretDirectives[] = {"requirepass", "masterauth", "masteruser",
                                                  "tls-key-file-pass", "tls-client-key-file-pass"};

bool is_secret(std::string_view directive) {
  return std::ranges::any_of(kSecretDirectives, [directive](std::string_view secret) {
    return equals_ignore_case(directive, secret);
  });
}

// AUTH [user] password
void redact_auth(std::vector<std::string_view>& argv) {
  if (argv.size() <= 3) std::fill(argv.begin() + 1, argv.end(), kRedacted);
}

// HELLO version [AUTH user password] [SETNAME name]
void redact_hello(std::vector<std::string_view>& argv) {
  for (size_t i = 2; i + 2 < argv.size(); ++i) {
    if (equals_ignore_case(argv[i], "setname")) {
      ++i;
    } else if (equals_ignore_case(argv[i], "auth")) {
      argv[i + 1] = argv[i + 2] = kRedacted;
      i += 2;
    }
  }
}

// CONFIG SET directive value ...
void redact_config_set(std::vector<std::string_view>& argv) {
  for (size_t i = 2; i + 1 < argv.size(); i += 2) {
    if (is_secret(argv[i])) argv[i + 1] = kRedacted;
  }
}

// MIGRATE host port key db timeout [COPY] [REPLACE] [AUTH password] [AUTH2 user password] [KEYS
// ...]
void redact_migrate(std::vector<std::string_view>& argv) {
  for (size_t i = 6; i + 1 < argv.size() && !equals_ignore_case(argv[i], "keys"); ++i) {
    const bool has_user = equals_ignore_case(argv[i], "auth2");
    if (!has_user && !equals_ignore_case(argv[i], "auth")) continue;
    argv[++i] = kRedacted;
    if (has_user && i + 1 < argv.size()) argv[++i] = kRedacted;
  }
}

}  // namespace

std::vector<std::string_view> redacted(const Command& command,
                                       std::span<const std::string_view> argv) {
  std::vector<std::string_view> shown(argv.begin(), argv.end());
  if (command.name == "auth") redact_auth(shown);
  if (command.name == "hello") redact_hello(shown);
  if (command.name == "acl|setuser") std::fill(shown.begin() + 2, shown.end(), kRedacted);
  if (command.name == "config|set") redact_config_set(shown);
  if (command.name == "migrate") redact_migrate(shown);
  return shown;
}

}  // namespace kvstash::engine
