#include "scripting/redis_library.h"

#include "base/log.h"
#include "base/numbers.h"
#include "base/text.h"
#include "scripting/function_register.h"
#include "scripting/reply_reader.h"
#include "scripting/script_call.h"
#include "scripting/sha1.h"
#include "scripting/vm.h"

#include <string>

namespace kvstash::scripting {
namespace {

constexpr LogLevel kLogLevels[] = {LogLevel::kDebug, LogLevel::kVerbose, LogLevel::kNotice,
                                   LogLevel::kWarning};
// The bits of redis.set_repl's argument: whether effects are recorded for the AOF and for replicas.
// One journal serves both.
constexpr int kReplAof = 1;
constexpr int kReplReplica = 2;

// The text of an error reply, without a leading "-". The first of several words is the error code;
// a single word gets the code ERR.
std::string error_text(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t end = text.find_last_not_of("\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (text.find(' ') != std::string_view::npos) return std::string(text);
  return "ERR " + std::string(text);
}

// Pushes the table {<field>=<argument>}, or an error if there is not exactly one string argument.
int reply_table(lua_State* L, const char* field, bool is_error) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    push_error(L, "ERR wrong number or type of arguments");
    return 1;
  }
  const std::string text = is_error ? error_text(text_at(L, 1)) : std::string(text_at(L, 1));
  lua_createtable(L, 0, 1);
  push(L, text);
  lua_setfield(L, -2, field);
  return 1;
}

int redis_error_reply(lua_State* L) {
  return reply_table(L, "err", true);
}

int redis_status_reply(lua_State* L) {
  return reply_table(L, "ok", false);
}

int redis_log(lua_State* L) {
  const int arguments = lua_gettop(L);
  if (arguments < 2) raise_redis_error(L, "redis.log() requires two arguments or more.");
  if (lua_isnumber(L, 1) == 0) raise_redis_error(L, "First argument must be a number (log level).");
  const lua_Number level = lua_tonumber(L, 1);
  if (!(level >= 0 && level < static_cast<lua_Number>(std::size(kLogLevels))))
    raise_redis_error(L, "Invalid log level.");
  const LogLevel chosen = kLogLevels[static_cast<size_t>(level)];
  if (!is_logged(chosen)) return 0;
  std::string message;
  for (int i = 2; i <= arguments && message.size() < kLogMessageBytesMax; ++i) {
    if (lua_isstring(L, i) == 0) continue;
    if (i != 2) message += ' ';
    message += text_at(L, i);
  }
  log(chosen, message);
  return 0;
}

int redis_sha1hex(lua_State* L) {
  if (lua_gettop(L) != 1) raise_redis_error(L, "wrong number of arguments");
  push(L, sha1_hex(text_at(L, 1)));
  return 1;
}

int redis_setresp(lua_State* L) {
  if (lua_gettop(L) != 1) raise_redis_error(L, "redis.setresp() requires one argument.");
  const lua_Integer version = lua_tointeger(L, 1);
  if (version != 2 && version != 3) raise_redis_error(L, "RESP version must be 2 or 3.");
  Vm::of(L).run()->caller.resp = version == 2 ? resp::RespVersion::k2 : resp::RespVersion::k3;
  return 0;
}

int redis_set_repl(lua_State* L) {
  if (lua_gettop(L) != 1) raise_redis_error(L, "redis.set_repl() requires one argument.");
  const auto flags = static_cast<int64_t>(lua_tointeger(L, 1));
  if ((flags & ~int64_t{kReplAof | kReplReplica}) != 0)
    raise_redis_error(L,
                      "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                      "REPL_NONE.");
  Vm::of(L).run()->caller.records = static_cast<engine::RecordTarget>(flags);
  return 0;
}

// redis.replicate_commands(): does nothing, because scripts are replicated by effects since Redis
// 5.
int redis_replicate_commands(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

// redis.breakpoint(): there is no debugger, so the script does not stop.
int redis_breakpoint(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}

int redis_debug(lua_State*) {
  return 0;
}

constexpr LibraryFunction kForAll[] = {
    {"acl_check_cmd", redis_acl_check_cmd},
    {"call", redis_call},
    {"error_reply", redis_error_reply},
    {"log", redis_log},
    {"pcall", redis_pcall},
    {"set_repl", redis_set_repl},
    {"setresp", redis_setresp},
    {"sha1hex", redis_sha1hex},
    {"status_reply", redis_status_reply},
};

constexpr LibraryFunction kForScripts[] = {
    {"breakpoint", redis_breakpoint},
    {"debug", redis_debug},
    {"replicate_commands", redis_replicate_commands},
};

constexpr LibraryFunction kForLoading[] = {
    {"log", redis_log},
    {"register_function", redis_register_function},
};

struct NamedNumber {
  const char* name;
  int value;
};

template <size_t N>
void set_numbers(lua_State* L, const NamedNumber (&numbers)[N]) {
  for (const NamedNumber& entry : numbers) {
    lua_pushinteger(L, entry.value);
    lua_setfield(L, -2, entry.name);
  }
}

constexpr NamedNumber kLogNames[] = {
    {"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1}, {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}};
constexpr NamedNumber kReplNames[] = {{"REPL_NONE", 0},
                                      {"REPL_AOF", kReplAof},
                                      {"REPL_SLAVE", kReplReplica},
                                      {"REPL_REPLICA", kReplReplica},
                                      {"REPL_ALL", kReplAof | kReplReplica}};

// Sets REDIS_VERSION, like "7.2.4", and REDIS_VERSION_NUM, like 0x00070204.
void set_version(lua_State* L, std::string_view version) {
  push(L, version);
  lua_setfield(L, -2, "REDIS_VERSION");
  lua_Integer number = 0;
  for (const std::string_view part : split(version, '.'))
    number = number << 8 | static_cast<lua_Integer>(parse_int64(part).value_or(0));
  lua_pushinteger(L, number);
  lua_setfield(L, -2, "REDIS_VERSION_NUM");
}

}  // namespace

void push_redis(lua_State* L, std::string_view redis_version, bool is_for_functions) {
  lua_newtable(L);
  set_functions(L, kForAll);
  if (!is_for_functions) set_functions(L, kForScripts);
  set_numbers(L, kLogNames);
  set_numbers(L, kReplNames);
  set_version(L, redis_version);
}

void push_loading_redis(lua_State* L, std::string_view redis_version) {
  lua_newtable(L);
  set_functions(L, kForLoading);
  set_numbers(L, kLogNames);
  set_version(L, redis_version);
}

void raise_redis_error(lua_State* L, std::string_view message) {
  push_error(L, "ERR " + std::string(message));
  lua_error(L);
  __builtin_unreachable();
}

}  // namespace kvstash::scripting
