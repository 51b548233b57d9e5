// The error replies that many commands share, in Redis's words. Those of constant text are
// literals, which cost nothing to make.
#pragma once

#include "base/result.h"
#include "engine/traffic/busy.h"

#include <string>

namespace kvstash::engine::errors {

inline Error wrong_type() {
  return Error::literal("WRONGTYPE Operation against a key holding the wrong kind of value");
}
inline Error syntax() {
  return Error::literal("ERR syntax error");
}
inline Error not_an_integer() {
  return Error::literal("ERR value is not an integer or out of range");
}
inline Error not_a_float() {
  return Error::literal("ERR value is not a valid float");
}
inline Error out_of_range() {
  return Error::literal("ERR value is out of range");
}
inline Error must_be_positive() {
  return Error::literal("ERR value is out of range, must be positive");
}
inline Error no_such_key() {
  return Error::literal("ERR no such key");
}
inline Error same_object() {
  return Error::literal("ERR source and destination objects are the same");
}
inline Error db_out_of_range() {
  return Error::literal("ERR DB index is out of range");
}
inline Error string_too_long() {
  return Error::literal("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}
inline Error out_of_memory() {
  return Error::literal("OOM command not allowed when used memory > 'maxmemory'.");
}
inline std::string_view busy(BusyWith with) {
  return with == BusyWith::kFunction
             ? "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN "
               "NOSAVE."
             : "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
               "NOSAVE.";
}
inline Error loading() {
  return Error::literal("LOADING Redis is loading the dataset in memory");
}
inline Error no_auth() {
  return Error::literal("NOAUTH Authentication required.");
}
inline Error no_log_to_wait_for() {
  return Error::literal(
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
}
inline Error no_replicas() {
  return Error::literal("NOREPLICAS Not enough good replicas to write.");
}
inline Error wrong_arity(std::string_view name) {
  return Error::text("ERR wrong number of arguments for '" + std::string(name) + "' command");
}
inline Error invalid_expire(std::string_view name) {
  return Error::text("ERR invalid expire time in '" + std::string(name) + "' command");
}

}  // namespace kvstash::engine::errors
