#include "engine/execution/command_runner.h"

#include "engine/shard.h"

#include <string>

namespace kvstash::engine {

CommandRunner::CommandRunner(const Hold& hold, ReplayOptions options)
    : worker_(&hold.set().at(hold.worker().shard)),
      hold_(worker_->clock().now(hold).replaying()),
      options_(options) {}

Status CommandRunner::run(DbIndex db, std::span<const std::string_view> argv) {
  ensure(!argv.empty());
  const Command* command = hold_.set().commands().lookup_own(argv);
  if (command == nullptr || command->spec->run == nullptr)
    return Error::text("ERR unknown command in a log: '" + std::string(argv[0]) + "'");
  return run(*command, db, argv);
}

Status CommandRunner::run(const Command& command, DbIndex db,
                          std::span<const std::string_view> argv) {
  ensure(command.spec->run != nullptr);
  if (static_cast<uint64_t>(db) >= static_cast<uint64_t>(worker_->options().databases))
    return errors::db_out_of_range();
  if (!CommandTable::arity_fits(command, argv.size())) return errors::wrong_arity(command.name);
  Caller caller;
  caller.db = db;
  caller.home = static_cast<uint32_t>(worker_->id());
  caller.records = options_.records;
  caller.is_silent = !options_.tells_events;
  return worker_->executor().replay(command, argv, hold_, caller);
}

}  // namespace kvstash::engine
