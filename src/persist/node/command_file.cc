#include "persist/node/command_file.h"

#include "persist/aof/entry_commands.h"

namespace kvstash::persist {
namespace {

class CommandForm final : public SnapshotForm {
 public:
  CommandForm(std::string& out, const RdbFacts& facts, bool has_timestamp) : commands_(out) {
    if (has_timestamp) out += "#TS:" + std::to_string(facts.unix_s) + "\r\n";
    for (const std::string& code : facts.functions)
      commands_.function(code);
  }

  void add(Chunk chunk) override { commands_.add(chunk.db, chunk.encoded.bytes); }
  Status end() override { return commands_.finish(); }

 private:
  EntryCommands commands_;
};

}  // namespace

Result<uint64_t> write_command_file(Disk& disk, const std::string& path, Snapshot& snapshot,
                                    const RdbFacts& facts, const SnapshotFileOptions& options,
                                    bool has_timestamp) {
  std::string out;
  CommandForm form(out, facts, has_timestamp);
  return write_snapshot_file(disk, path, snapshot, form, out, options);
}

}  // namespace kvstash::persist
