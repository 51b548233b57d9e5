// Command: SENTINEL and its subcommands, as a table. Replies and errors are those of Redis, byte
// for byte; where Redis 7.2 has more than 7.0 (several options in one CONFIG), 7.2 is followed.
#pragma once

#include "resp/reply_writer.h"
#include "sentinel/state.h"

#include <span>
#include <string_view>

namespace kvstash::sentinel {

// `argv[0]` is SENTINEL. Writes exactly one reply. True: the reply says OK and promises that the
// configuration is saved by this step.
bool run_command(State& state, std::span<const std::string_view> argv, resp::ReplyWriter& reply);

// SENTINEL SET <name> <option> <value> ... . As run_command.
bool set_command(State& state, std::span<const std::string_view> argv, resp::ReplyWriter& reply);

// SENTINEL CONFIG GET|SET ... . As run_command.
bool config_command(State& state, std::span<const std::string_view> argv, resp::ReplyWriter& reply);

}  // namespace kvstash::sentinel
