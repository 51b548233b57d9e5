// Server: the composition root. It owns the options, the command table, the shards with their
// threads, the listeners and the metrics page, and wires them together; reading server.cc shows how
// kvstash is put together.
//
// Made and run by main(). Shard 0 runs on the thread that calls run(), with the listeners and the
// signals on its loop. Options change only while every shard is held, so commands on any shard read
// them without a lock; the metrics thread asks shards by message.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "engine/command/command_table.h"
#include "engine/server_port.h"
#include "engine/shard_set.h"
#include "server/options.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kvstash::net {
class Address;
class Listener;
class Signals;
class TlsContext;
class Timer;
}  // namespace kvstash::net

namespace kvstash::admin {
class MetricsPage;
}

namespace kvstash::scripting {
class Scripting;
}

namespace kvstash::replication {
class NodeHistory;
class Replication;
}  // namespace kvstash::replication

namespace kvstash::persist {
class Persistence;
}

namespace kvstash::server {

class SentinelNode;
class ShardShell;

inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kRedisVersion = "7.2.4";

// Facts about this run of the program, for INFO. Constant after start.
struct RunInfo {
  std::string run_id;  // 40 hex digits.
  int64_t started_ms = 0;
  int pid = 0;
  std::string executable;  // Absolute path.
};

struct ShutdownRequest {
  bool is_now = false;     // Do not wait for replies under way.
  bool is_forced = false;  // End although the data cannot be saved.
  // Whether the data is saved first; if neither is set, the save points decide.
  bool saves = false;
  bool forbids_saving = false;
};

class Server final : public engine::ServerPort {
 public:
  explicit Server(ServerOptions options);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the listeners. The error names the address and the reason.
  Status start();
  // Serves until a shutdown. Returns the exit code.
  int run();

  // ---- For commands, on any shard's thread.
  const ServerOptions& options() const { return options_; }
  // Takes over options that server::apply has checked, and updates the log level, listeners and
  // certificates to match. Certificates are read again if their options changed, or if
  // `reads_certificates`, because the files may have changed. Call only while every shard is held.
  // An error changes nothing.
  Status change_options(ServerOptions next, bool reads_certificates);
  const RunInfo& run_info() const { return run_info_; }
  engine::ShardSet& shards() { return *shards_; }
  persist::Persistence& persistence() const { return *persistence_; }
  replication::Replication& replication() const { return *replication_; }
  SentinelNode* sentinel() const { return sentinel_.get(); }  // Null: the server has data.
  std::string describe(const engine::Session& session, int64_t now_ms) const override;
  Status load_acl() override;
  Status save_acl() override;
  Status set_primary(std::string_view host, uint16_t port) override;
  void flushed_all() override;
  // The time at which the certificate in use expires; nothing if TLS is off.
  std::optional<Instant> tls_not_after() const;
  uint64_t rejected_connections() const { return rejected_.load(std::memory_order_relaxed); }
  void reset_rejected_connections() { rejected_.store(0, std::memory_order_relaxed); }
  uint16_t tcp_port() const;  // The port in use, also if the options say 0.

  // ---- On shard 0's thread.
  // Takes over a level that `loglevel` knows. Only in a sentinel, which has no other shards.
  void change_log_level(std::string_view level);
  // Stops the server once the replies under way have left, or shutdown-timeout is over. `asker` is
  // the id of the session to be told if the shutdown is aborted; 0: none.
  void begin_shutdown(ShutdownRequest request, uint64_t asker);
  // Aborts a shutdown that is waiting (SHUTDOWN ABORT). False: none was waiting.
  bool abort_shutdown();

  // ---- Any thread.

  // Whether a shutdown has begun: no new connections are accepted, and soon no commands are.
  bool is_stopping() const { return is_stopping_.load(std::memory_order_relaxed); }

 private:
  friend class ShardShell;

  Status open_listeners(const ServerOptions& wanted);
  Status listen_on_all(const ServerOptions& wanted);
  void accept(int fd, const net::Address& peer, bool is_tls);
  void on_signal(int signal);
  void reload();
  void tell_supervisor(std::string_view message) const;
  void check_shutdown();
  bool give_up_shutdown(std::string_view error);
  bool saves_at_shutdown() const;
  void end_saving(bool is_saved);
  void begin_serving();
  void on_loaded(const Status& loaded);
  void stop_shards();
  void end_shards();

  ServerOptions options_;
  uint64_t options_version_ = 0;  // The number of changes so far.
  RunInfo run_info_;
  engine::CommandTable commands_;
  std::unique_ptr<scripting::Scripting> scripting_;  // Outlives the shards, which run scripts.
  std::unique_ptr<engine::ShardSet> shards_;
  std::unique_ptr<replication::NodeHistory> history_;
  std::unique_ptr<persist::Persistence> persistence_;      // Uses the shards.
  std::unique_ptr<replication::Replication> replication_;  // Uses both.
  std::vector<std::unique_ptr<ShardShell>> shells_;
  std::unique_ptr<SentinelNode> sentinel_;  // Uses the shards and the first shell.
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::shared_ptr<net::TlsContext> tls_;
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<net::Timer> shutdown_timer_;
  std::unique_ptr<admin::MetricsPage> metrics_;
  uint16_t tcp_port_ = 0;
  std::atomic<uint64_t> rejected_{0};
  std::optional<ShutdownRequest> shutdown_;
  std::vector<uint64_t> shutdown_askers_;  // Ids of their sessions.
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> has_loaded_{false};  // What was on the disk at the start is in memory.
  int64_t shutdown_at_ms_ = 0;
  bool is_saving_at_end_ = false;  // The save that a shutdown waits for is under way.
  bool has_stopped_ = false;       // The shards are about to end, so it is too late for an abort.
  int exit_code_ = 0;
};

}  // namespace kvstash::server
