// CommandServer: a command table over one shard, for unit tests that call a command and check the
// bytes of its reply. It has no connections, no gates and no journal.
#pragma once

#include "base/text.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "engine/shard_set.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class CommandServer {
 public:
  using Rows = std::span<const engine::CommandSpec>;

  explicit CommandServer(std::span<const Rows> rows,
                         std::initializer_list<engine::CommandTable::Rename> renames = {})
      : table_(rows) {
    for (const engine::CommandTable::Rename& line : renames)
      REQUIRE(table_.rename(line).ok());
  }

  // Runs a command and returns its reply; or "-" and the error.
  std::string run(std::vector<std::string_view> argv,
                  resp::RespVersion resp = resp::RespVersion::k2) {
    const Result<const engine::Command*> command = table_.resolve(argv);
    if (!command.ok()) return "-" + std::string(command.error().message());
    resp::ReplyBuffer out;
    engine::Caller caller;
    caller.resp = resp;
    engine::Call call(**command, argv, shards_.at(0).hold_here(), caller, out);
    const Status status = (*command)->spec->run(call);
    if (!status.ok()) return "-" + std::string(status.error().message());
    return std::string(out.view());
  }

  const engine::CommandTable& table() const { return table_; }

 private:
  engine::CommandTable table_;
  engine::EngineOptions options_;
  engine::ShardSet shards_{1, table_, options_};
};

// A reply as words: its lines without the lengths of bulk strings.
inline std::string words_of(const std::string& reply) {
  std::string words;
  for (const std::string_view line : split(reply, '\n')) {
    if (line.empty() || line[0] == '$') continue;
    if (!words.empty()) words += ' ';
    words += trim(line);
  }
  return words;
}

}  // namespace kvstash::test
