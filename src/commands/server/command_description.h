// Command description: the replies of COMMAND INFO and COMMAND DOCS about one command, as Redis
// writes them, field for field and in its order.
//
// Everything comes from the command's row. Pure: it only writes the reply.
#pragma once

#include "engine/command/command_table.h"
#include "resp/reply_writer.h"

#include <cstdint>
#include <string_view>

namespace kvstash::commands {

// Writes the element of COMMAND INFO: an array of name, arity, flags, first key, last key and step,
// ACL categories, tips, key specifications and subcommands.
// categories, tips, key specifications and subcommands.
void write_info(const engine::Command& command, resp::ReplyWriter& reply);

// Writes the value of COMMAND DOCS: a map of those fields that the row has.
void write_docs(const engine::Command& command, resp::ReplyWriter& reply);

// Writes the names of KeyFlags ("RW", "access", ...), as a set.
void write_key_flags(uint32_t flags, resp::ReplyWriter& reply);

}  // namespace kvstash::commands
