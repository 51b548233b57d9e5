#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;
using engine::EngineOptions;

constexpr ValueWord kAllowedWords[] = {
    {"no", static_cast<int64_t>(engine::Allowed::kNo)},
    {"yes", static_cast<int64_t>(engine::Allowed::kYes)},
    {"local", static_cast<int64_t>(engine::Allowed::kLocal)},
};

constexpr ValueWord kPubsubDefaultWords[] = {
    {"allchannels", static_cast<int64_t>(engine::AclPubsubDefault::kAllChannels)},
    {"resetchannels", static_cast<int64_t>(engine::AclPubsubDefault::kResetChannels)},
};

constexpr ValueWord kSanitizeWords[] = {
    {"no", static_cast<int64_t>(engine::SanitizePayload::kNo)},
    {"yes", static_cast<int64_t>(engine::SanitizePayload::kYes)},
    {"clients", static_cast<int64_t>(engine::SanitizePayload::kClients)},
};

constexpr Directive kRows[] = {
    {.name = "requirepass",
     .kind = kString,
     .slot = field<&EngineOptions::requirepass>,
     .about = "The password of the default user. Empty: none is asked. Guessing is fast over a "
              "network, so make it long; ACL users (lines such as: user ann on >secret ~* +@all) "
              "give more control.",
     .flags = kSensitive},
    {.name = "aclfile",
     .kind = kString,
     .slot = field<&EngineOptions::aclfile>,
     .about = "Keep ACL users in this file, for ACL LOAD and ACL SAVE, instead of in user lines "
              "here. One of the two, not both.",
     .flags = kImmutable},
    {.name = "acllog-max-len",
     .kind = kInteger,
     .slot = field<&EngineOptions::acllog_max_len>,
     .about = "Refused attempts that ACL LOG remembers.",
     .max = kInt64Max},
    {.name = "acl-pubsub-default",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::acl_pubsub_default>,
     .about = "Channels that a new ACL user may use: resetchannels for none, allchannels for "
              "all.",
     .words = kPubsubDefaultWords},
    {.name = "enable-protected-configs",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::enable_protected_configs>,
     .about = "Who may change dir and dbfilename with CONFIG SET, which could write files "
              "anywhere: no one, yes (everyone) or local (clients of this machine).",
     .flags = kImmutable,
     .words = kAllowedWords},
    {.name = "enable-debug-command",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::enable_debug_command>,
     .about = "Who may use DEBUG, which can stop or crash the server: no, yes or local.",
     .flags = kImmutable,
     .words = kAllowedWords},
    {.name = "sanitize-dump-payload",
     .kind = kEnum,
     .slot = enum_field<&EngineOptions::sanitize_dump_payload>,
     .about = "Look through every value of RESTORE and of snapshots for damage: no, yes, or "
              "clients for what comes from clients but not from a primary or disk.",
     .words = kSanitizeWords},
};

}  // namespace

DirectiveGroup security_directives() {
  return {"Security",
          "Who may do what. Beside these, lines of the form `user name rules...` make "
          "ACL users, and `rename-command old new` renames a command, or disables it "
          "if new is \"\".",
          kRows};
}

}  // namespace kvstash::server
