// ShardShell: the loop that runs one shard, with its wake-up, its alarm and its clients' sockets.
//
// Made before its thread starts; run() is that thread. Other threads send a message to have open(),
// drain() or stop() called on it.
#pragma once

#include "base/spares.h"
#include "engine/shard.h"
#include "engine/shard_port.h"
#include "net/alarm.h"
#include "net/look.h"
#include "net/loop.h"
#include "net/options.h"
#include "net/wake.h"
#include "server/session_shell.h"

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace kvstash::server {

class ShardShell final : public engine::ShardPort {
 public:
  // `options` are the server's, which change only while every shard is held.
  ShardShell(engine::Shard& shard, const net::NetOptions& options);
  ~ShardShell() override;

  // Serves until stop().
  void run();

  // ---- On its own thread.
  struct NewClient {
    net::Transport transport;
    std::string address;
    std::string local_address;
    bool is_unix_socket = false;
    bool is_local = false;
  };
  void open(NewClient client);
  void destroy(SessionShell& shell);
  void stop() { stops_ = true; }
  // Takes no new commands from now on. is_drained() is true once every reply has left.
  void drain();
  void undrain();  // Takes new commands again.

  // Lend an output buffer to a session and take it back, so that idle connections hold none and
  // busy ones do not grow a new one every turn.
  void lend_output(engine::Session& session) override;
  void return_output(engine::Session& session);
  // The shell wants input, and its TLS layer holds bytes that no event will report: it is read from
  // after the turn.
  void note_buffered(SessionShell& shell);
  // The session's source has more than one turn sends: the session is sent to in the next one.
  void feed_soon(const engine::Session& session);
  // Notes that replies of `bytes` bytes were made. They leave at the end of the turn, or now if
  // much has piled up, so that they are still in the cache. May destroy any session.
  void add_output(size_t bytes);

  // ---- Any thread.
  size_t connection_count() const { return connections_.load(std::memory_order_relaxed); }
  bool is_drained() const { return is_drained_.load(std::memory_order_acquire); }
  // Counts a connection that is on its way to this shard.
  void expect_connection() { connections_.fetch_add(1, std::memory_order_relaxed); }

  engine::Shard& shard() { return *shard_; }
  net::Loop& loop() { return loop_; }
  const net::NetOptions& net_options() const { return *net_options_; }

  // The functions of engine::ShardPort.
  void ring() override { wake_.ring(); }
  void flush_sessions() override;
  void close_session(engine::Session& session) override;
  void read_while_busy() override;
  void send_while_busy() override;
  // Sets the function that accepts the connections waiting at the listeners; for shard 0.
  void set_acceptor(std::function<void()> accept) { accept_ = std::move(accept); }

 private:
  bool set_alarm();
  bool read_buffered();
  void check_clients();
  void trim_outputs();
  void close_stalled(int64_t now_ms);
  bool is_quiet() const;

  engine::Shard* shard_;
  const net::NetOptions* net_options_;
  net::Loop loop_;
  net::Wake wake_;
  net::Alarm alarm_;
  int64_t alarm_at_ns_;  // When the alarm goes off.
  int64_t check_at_ms_ = 0;
  bool stops_ = false;
  std::unordered_map<SessionShell*, std::unique_ptr<SessionShell>> sessions_;
  std::function<void()> accept_;
  net::Look look_;
  std::vector<SessionShell*> looked_at_;  // The sessions in look_, in its order.
  std::vector<SessionShell*> buffered_;   // Shells to be read from after the turn.
  Spares<resp::ReplyBuffer> spare_outputs_;
  size_t spare_outputs_bytes_ = 0;
  size_t turn_output_bytes_ = 0;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> is_drained_{false};
};

}  // namespace kvstash::server
