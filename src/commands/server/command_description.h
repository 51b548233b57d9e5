// Command description: what COMMAND INFO and COMMAND DOCS say about one command, as Redis says it,
// field for field and in its order.
//
// Everything comes from the command's row. Pure: writes a reply and touches nothing else.
#pragma once

#include "engine/command/command_table.h"
#include "resp/reply_writer.h"

#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// The element of COMMAND INFO: an array of name, arity, flags, the old triple of keys, ACL
// categories, tips, key specifications and subcommands.
void write_info(const engine::Command& command, resp::ReplyWriter& reply);

// The value of COMMAND DOCS: a map of those fields that the row has.
void write_docs(const engine::Command& command, resp::ReplyWriter& reply);

// The names of KeyFlags ("RW", "access", ...), as a set.
void write_key_flags(uint32_t flags, resp::ReplyWriter& reply);

}  // namespace kvstash::commands
