// ScriptShard: one shard that runs scripts without a server: it has no thread and no socket, and
// the clock does not matter. Everything happens on the test's own thread.
#pragma once

#include "scripting/scripting.h"
#include "support/held_shards.h"
#include "support/script_rooms.h"

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class ScriptShard {
 public:
  ScriptShard() : shards_(1, engine_and_script_commands()), scripting_(1, "7.2.4") {
    shards_.set().set_scripting(scripting_);
  }

  // Runs EVAL with these ARGV and returns the bytes of the reply.
  std::string eval(std::string_view body, const std::vector<std::string_view>& args = {},
                   resp::RespVersion resp = resp::RespVersion::k2) {
    std::vector<std::string_view> argv{"EVAL", body, "0"};
    argv.insert(argv.end(), args.begin(), args.end());
    return run(argv, resp);
  }
  std::string run(const std::vector<std::string_view>& argv,
                  resp::RespVersion resp = resp::RespVersion::k2) {
    engine::Shard& shard = shards_.at(0);
    engine::Caller caller;
    caller.resp = resp;
    resp::ReplyBuffer out;
    shard.executor().run(**shards_.set().commands().resolve(argv), argv, shard.hold_here(), caller,
                         out, {});
    return std::string(out.view());
  }

  scripting::Scripting& scripting() { return scripting_; }
  HeldShards& shards() { return shards_; }

 private:
  HeldShards shards_;
  scripting::Scripting scripting_;
};

}  // namespace kvstash::test
