#include "engine/client/gates.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

Status run_nothing(Call&) {
  return {};
}

const CommandSpec kRows[] = {
    {.name = "auth", .arity = -2, .flags = kNoAuth, .run = run_nothing},
    {.name = "debug", .arity = -2, .flags = kProtected, .run = run_nothing},
    {.name = "exec", .arity = 1, .flags = 0, .run = run_nothing},
    {.name = "get", .arity = 2, .flags = kReadOnly, .run = run_nothing},
    {.name = "ping", .arity = -1, .flags = 0, .run = run_nothing},
    {.name = "publish", .arity = 3, .flags = kMayReplicate, .run = run_nothing},
    {.name = "set", .arity = -3, .flags = kWrite, .run = run_nothing},
    {.name = "shutdown", .arity = -1, .flags = kNoMulti, .run = run_nothing},
};
const std::span<const CommandSpec> kAllRows[] = {kRows};

const CommandTable& table() {
  static const CommandTable commands(kAllRows);
  return commands;
}

const Command& command(std::string_view name) {
  return *table().find(name);
}

// The first word of the refusal, or of "OK".
std::string answer(const Session& session, std::string_view name,
                   const EngineOptions& options = {}) {
  const Status status = admit(session, command(name), options);
  if (status.ok()) return "OK";
  const std::string_view message = status.error().message();
  return std::string(message.substr(0, message.find(' ')));
}

void queue(Session& session, std::string_view name) {
  const std::vector<std::string_view> argv(2, name);
  session.multi.is_active = true;
  session.multi.queue.add(command(name), argv, command(name).spec->flags);
}

}  // namespace

TEST_CASE("who has not authenticated may only do what authenticates") {
  Session session;
  session.is_authenticated = false;
  CHECK(answer(session, "auth") == "OK");
  CHECK(answer(session, "get") == "NOAUTH");
  CHECK(answer(session, "shutdown") == "NOAUTH");
  session.is_authenticated = true;
  CHECK(answer(session, "get") == "OK");
}

TEST_CASE("protected commands follow enable-debug-command") {
  Session near;
  near.info.is_local = true;
  const Session far;
  EngineOptions options;
  CHECK(answer(near, "debug", options) == "ERR");
  options.enable_debug_command = Allowed::kLocal;
  CHECK(answer(near, "debug", options) == "OK");
  CHECK(answer(far, "debug", options) == "ERR");
  options.enable_debug_command = Allowed::kYes;
  CHECK(answer(far, "debug", options) == "OK");
}

TEST_CASE("MULTI refuses what cannot be queued") {
  Session session;
  CHECK(answer(session, "shutdown") == "OK");
  session.multi.is_active = true;
  CHECK(answer(session, "shutdown") == "ERR");
  CHECK(answer(session, "set") == "OK");
}

TEST_CASE("a monitor keeps away from the data, also by way of EXEC") {
  Session session;
  session.is_monitor = true;
  CHECK(answer(session, "ping") == "OK");
  CHECK(answer(session, "get") == "ERR");
  CHECK(answer(session, "set") == "ERR");
  CHECK(answer(session, "exec") == "OK");
  queue(session, "get");
  CHECK(answer(session, "exec") == "ERR");
}

bool is_held(const Session& session, std::string_view name, bool pauses_all) {
  const Command& sent = command(name);
  const uint32_t flags = name == "exec" ? session.multi.queue.flags() : sent.spec->flags;
  return is_paused(session, sent, flags, pauses_all);
}

TEST_CASE("CLIENT PAUSE WRITE holds back what changes data or is replicated") {
  Session session;
  CHECK(is_held(session, "set", false));
  CHECK(is_held(session, "publish", false));
  CHECK_FALSE(is_held(session, "get", false));
  CHECK_FALSE(is_held(session, "exec", false));
  queue(session, "get");
  CHECK_FALSE(is_held(session, "exec", false));
  queue(session, "set");
  CHECK(is_held(session, "exec", false));
}

TEST_CASE("CLIENT PAUSE ALL holds back everybody but monitors") {
  Session session;
  CHECK(is_held(session, "get", true));
  CHECK(is_held(session, "ping", true));
  session.is_monitor = true;
  CHECK_FALSE(is_held(session, "ping", true));
}

}  // namespace kvstash::engine
