#include "commands/shared/help.h"

#include "base/text.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <string>

namespace kvstash::commands {

namespace {

constexpr size_t kShownBytesMax = 128;  // Longest part of the client's own word in an error.

}  // namespace

Status reply_help(engine::Call& call, std::span<const std::string_view> lines) {
  resp::ReplyWriter& reply = call.reply();
  reply.array(lines.size() + 3);
  reply.simple(to_upper(call.arg(0)) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines)
    reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Prints this help.");
  return {};
}

Error subcommand_syntax(const engine::Call& call) {
  const std::string_view word = call.arg(1);
  return Error::text("ERR unknown subcommand or wrong number of arguments for '" +
                     std::string(word.substr(0, std::min(word.find('\0'), kShownBytesMax))) +
                     "'. Try " + to_upper(call.arg(0)) + " HELP.");
}

}  // namespace kvstash::commands
