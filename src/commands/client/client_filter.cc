#include "commands/client/client_filter.h"

#include "base/text.h"
#include "engine/acl/acl.h"
#include "engine/client/session.h"
#include "engine/command/arg_reader.h"

namespace kvstash::commands {
namespace {

using engine::ArgReader;
namespace errors = engine::errors;

Status parse_id(std::string_view text, ClientFilter& filter) {
  const std::optional<int64_t> id = parse_int64(text);
  if (!id || *id < 1) return Error::literal("ERR client-id should be greater than 0");
  filter.id = static_cast<uint64_t>(*id);
  return {};
}

Status parse_age(std::string_view text, ClientFilter& filter) {
  const std::optional<int64_t> age_s = parse_int64(text);
  if (!age_s) return Error::literal("ERR maxage is not an integer or out of range");
  if (*age_s < 1) return Error::literal("ERR maxage should be greater than 0");
  filter.age_s_min = *age_s;
  return {};
}

Status parse_skipme(std::string_view text, ClientFilter& filter) {
  filter.skips_caller = equals_ignore_case(text, "yes");
  if (!filter.skips_caller && !equals_ignore_case(text, "no")) return errors::syntax();
  return {};
}

Status parse_type(std::string_view text, ClientFilter& filter) {
  const Result<ClientType> type = parse_client_type(text);
  if (!type.ok()) return type.error();
  filter.type = *type;
  return {};
}

Status parse_user(std::string_view name, const engine::Acl& acl, ClientFilter& filter) {
  if (acl.find(name) == nullptr) return Error::text("ERR No such user '" + std::string(name) + "'");
  filter.user = std::string(name);
  return {};
}

Status parse_option(ArgReader& args, const engine::Acl& acl, ClientFilter& filter) {
  if (args.take_with("ID")) return parse_id(args.next(), filter);
  if (args.take_with("TYPE")) return parse_type(args.next(), filter);
  if (args.take_with("USER")) return parse_user(args.next(), acl, filter);
  if (args.take_with("SKIPME")) return parse_skipme(args.next(), filter);
  if (args.take_with("MAXAGE")) return parse_age(args.next(), filter);
  if (args.take_with("ADDR")) {
    filter.address = std::string(args.next());
  } else if (args.take_with("LADDR")) {
    filter.local_address = std::string(args.next());
  } else {
    return errors::syntax();
  }
  return {};
}

}  // namespace

Result<ClientType> parse_client_type(std::string_view word) {
  if (equals_ignore_case(word, "normal")) return ClientType::kNormal;
  if (equals_ignore_case(word, "slave") || equals_ignore_case(word, "replica"))
    return ClientType::kReplica;
  if (equals_ignore_case(word, "pubsub")) return ClientType::kPubsub;
  if (equals_ignore_case(word, "master")) return ClientType::kMaster;
  return Error::text("ERR Unknown client type '" + std::string(word) + "'");
}

// No connection of a client is a primary's. A monitor counts as normal.
ClientType type_of(const engine::Session& session) {
  if (session.is_replica()) return ClientType::kReplica;
  return session.is_subscriber() ? ClientType::kPubsub : ClientType::kNormal;
}

bool ClientFilter::matches(const engine::Session& session, int64_t now_ms) const {
  const engine::SessionInfo& info = session.info;
  return (!id || *id == info.id) && (!type || *type == type_of(session)) &&
         (!address || *address == info.address) &&
         (!local_address || *local_address == info.local_address) &&
         (!user || *user == info.user) &&
         (!age_s_min || (now_ms - info.created_ms) / 1000 >= *age_s_min);
}

Result<ClientFilter> parse_kill_filter(std::span<const std::string_view> args,
                                       const engine::Acl& acl) {
  ClientFilter filter;
  if (args.size() == 1) {
    filter.address = std::string(args.front());
    filter.skips_caller = false;
    return filter;
  }
  for (ArgReader reader(args); !reader.done();) {
    if (Status parsed = parse_option(reader, acl, filter); !parsed.ok()) return parsed.error();
  }
  return filter;
}

}  // namespace kvstash::commands
