// ShardThreads: shards on threads of their own, with clients in memory instead of on sockets.
//
// For tests of what happens between threads. Everything works as in a server: bytes come in through
// Shard::input_room and consume, replies leave through the ShardPort, all else is by message. A
// client's bytes are read in pieces of random sizes, spread over turns, so that commands, batches
// and turns are cut anywhere. There are no sockets and no files; besides the engine's own data,
// threads share only each client's replies and each thread's bell.
#pragma once

#include "base/random.h"
#include "engine/shard.h"
#include "engine/shard_port.h"
#include "engine/shard_set.h"
#include "resp/reply_parser.h"
#include "support/data_meter.h"
#include "support/node_ports.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kvstash::test {

class ShardThread;

// One client. The test's thread makes it and reads its replies; its requests belong to its shard's
// thread.
class MemoryClient {
 public:
  // Waits for the next reply and returns it. None: the server closed the connection, or the client
  // left.
  std::optional<resp::Reply> read() {
    resp::Reply reply;
    for (;;) {
      const resp::ReplyOutcome outcome =
          parser_.parse(std::string_view(received_).substr(at_), reply);
      if (outcome.kind == resp::ReplyOutcome::Kind::kComplete) {
        at_ += outcome.consumed;
        return reply;
      }
      ensure(outcome.kind == resp::ReplyOutcome::Kind::kIncomplete);
      if (!receive()) return std::nullopt;
    }
  }

  // Bytes that came after the last reply that was read; does not wait.
  std::string_view rest() {
    const std::lock_guard guard(lock_);
    received_ += std::exchange(arrived_, {});
    return std::string_view(received_).substr(at_);
  }

 private:
  friend class ShardThread;
  friend class ShardThreads;

  bool receive() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return is_over_ || !arrived_.empty(); });
    if (arrived_.empty()) return false;
    received_.erase(0, at_);
    at_ = 0;
    received_ += std::exchange(arrived_, {});
    return true;
  }

  void give(std::string_view bytes, bool is_over) {
    const std::lock_guard guard(lock_);
    arrived_ += bytes;
    is_over_ = is_over;
    changed_.notify_one();
  }

  // Used by the shard's thread.
  size_t home_ = 0;
  engine::Session* session_ = nullptr;
  std::string script_;
  size_t read_ = 0;  // Bytes of script_ that were read.
  bool is_readable_ = false;
  // The client leaves after its last byte, without waiting for replies.
  bool leaves_ = false;

  // Used by the test's thread.
  resp::ReplyParser parser_;
  std::string received_;
  size_t at_ = 0;

  std::mutex lock_;
  std::condition_variable changed_;
  std::string arrived_;
  bool is_over_ = false;
};

// The loop of one shard.
class ShardThread final : public engine::ShardPort {
 public:
  // `look` is called with the bytes that leave for a client, just before they do.
  ShardThread(engine::Shard& shard, uint64_t seed, std::function<void(std::string_view)> look)
      : shard_(&shard), random_(seed), look_(std::move(look)) {
    shard.set_port(*this);
  }

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void join() { thread_.join(); }

  // ---- Called on the shard's thread.
  void stop() { stops_ = true; }
  void open(MemoryClient& client) { client.session_ = &shard_->clients().open(&client); }
  void send(MemoryClient& client, std::string_view bytes, bool leaves) {
    client.script_ += bytes;
    client.leaves_ = leaves;
    watch(client);
  }
  void hang_up(MemoryClient& client) {
    if (client.session_ != nullptr) destroy(client);
  }

  // engine::ShardPort.
  void ring() override {
    {
      const std::lock_guard guard(lock_);
      is_rung_ = true;
    }
    bell_.notify_one();
  }
  void flush_sessions() override {
    for (engine::Session* session : shard_->clients().take_ready()) {
      if (session->shell != nullptr) flush(*static_cast<MemoryClient*>(session->shell));
    }
  }
  void close_session(engine::Session& session) override {
    if (session.shell != nullptr) destroy(*static_cast<MemoryClient*>(session.shell));
  }
  void read_while_busy() override {
    for (MemoryClient* client : readable_) {
      engine::Session* session = client->session_;
      if (session == nullptr || session->stopped != 0 || session->awaits_reply()) continue;
      take_bytes(*client);
    }
  }
  void send_while_busy() override {
    for (engine::Session* session : shard_->clients().ready()) {
      if (session->shell != nullptr) give_output(*static_cast<MemoryClient*>(session->shell));
    }
  }

 private:
  void run() {
    while (!stops_) {
      read_clients();
      const bool is_busy = shard_->finish_turn() || !readable_.empty();
      if (!is_busy && !stops_ && shard_->traffic().prepare_sleep()) wait();
    }
  }

  void wait() {
    std::unique_lock guard(lock_);
    const std::chrono::nanoseconds until(shard_->next_event_ns());
    bell_.wait_until(guard, std::chrono::steady_clock::time_point(until),
                     [this] { return is_rung_; });
    is_rung_ = false;
  }

  void watch(MemoryClient& client) {
    const bool has_more = client.read_ < client.script_.size() || client.leaves_;
    if (client.is_readable_ || client.session_ == nullptr || !has_more) return;
    client.is_readable_ = true;
    readable_.push_back(&client);
  }

  void read_clients() {
    for (MemoryClient* client : std::exchange(readable_, {})) {
      client->is_readable_ = false;
      if (client->session_ == nullptr) continue;
      if (!random_.one_in(4) && !read(*client)) continue;
      if (client->session_->stopped == 0 || client->leaves_) watch(*client);
    }
  }

  // Reads from a client. False: the client has left.
  bool read(MemoryClient& client) {
    engine::Session& session = *client.session_;
    for (int reads = 0; session.stopped == 0 && reads < 4; ++reads) {
      if (!take_bytes(client) || random_.one_in(2)) break;
    }
    session.is_input_off = session.stopped != 0;
    const bool may_leave = client.read_ == client.script_.size() || session.stopped != 0;
    if (!client.leaves_ || !may_leave || !random_.one_in(2)) return true;
    destroy(client);
    return false;
  }

  // Gives the shard some bytes of the client. False: there are none left.
  bool take_bytes(MemoryClient& client) {
    const size_t left = client.script_.size() - client.read_;
    if (left == 0) return false;
    const std::span<char> room = shard_->input_room(*client.session_);
    const size_t bytes = std::min({room.size(), left, piece()});
    std::memcpy(room.data(), client.script_.data() + client.read_, bytes);
    client.read_ += bytes;
    shard_->consume(*client.session_, bytes);
    return true;
  }

  size_t piece() {
    constexpr size_t kLengths[] = {8, 100, 4000, 100'000};
    return 1 + random_.below(kLengths[random_.below(std::size(kLengths))]);
  }

  void give_output(MemoryClient& client) {
    engine::ReplyQueue& replies = client.session_->replies;
    const std::string_view out = replies.sendable();
    if (!out.empty() && look_) look_(out);
    if (!out.empty()) client.give(out, false);
    replies.drop_sent(out.size());
  }

  void flush(MemoryClient& client) {
    engine::Session& session = *client.session_;
    give_output(client);
    shard_->clients().go_on(session, engine::kStopOutput);
    const bool has_unsent = session.replies.bytes() != 0;
    if ((session.stopped & engine::kStopClosing) != 0 && session.under_way == 0 && !has_unsent) {
      destroy(client);
      return;
    }
    session.is_input_off = session.stopped != 0;
    if (!session.is_input_off) watch(client);
  }

  void destroy(MemoryClient& client) {
    engine::Session& session = *std::exchange(client.session_, nullptr);
    session.shell = nullptr;
    shard_->clients().close(session);
    client.give({}, true);
  }

  engine::Shard* shard_;
  Random random_;
  std::function<void(std::string_view)> look_;
  bool stops_ = false;
  std::vector<MemoryClient*> readable_;
  std::mutex lock_;
  std::condition_variable bell_;
  bool is_rung_ = false;
  std::thread thread_;
};

class ShardThreads {
 public:
  struct Options {
    size_t shards = 1;
    uint64_t seed = 0;
    engine::EngineOptions engine{};
    // Called for each shard before its thread starts.
    std::function<void(engine::Shard&)> prepare{};
    // Called on the shards' threads with the bytes that leave for a client, just before they do.
    std::function<void(std::string_view)> look{};
  };

  ShardThreads(std::span<const std::span<const engine::CommandSpec>> rows, Options options)
      : table_(rows),
        options_(std::move(options)),
        set_(options_.shards, table_, options_.engine, ports_with(memory_)) {
    Random random(options_.seed);
    // With many cores, parked shards spin first.
    set_.set_core_count(random.one_in(2) ? 1 : 64);
    for (size_t id = 0; id < set_.size(); ++id) {
      threads_.push_back(std::make_unique<ShardThread>(set_.at(id), random.next(), options_.look));
      if (options_.prepare) options_.prepare(set_.at(id));
    }
    for (const auto& thread : threads_)
      thread->start();
  }
  ShardThreads(const ShardThreads&) = delete;
  ShardThreads& operator=(const ShardThreads&) = delete;
  ~ShardThreads() {
    // A thread that stopped before a transaction of others would leave their shards parked.
    settle();
    for (size_t id = 0; id < threads_.size(); ++id)
      on_thread(id, [](ShardThread& thread) { thread.stop(); });
    for (const auto& thread : threads_)
      thread->join();
  }

  engine::ShardSet& set() { return set_; }

  MemoryClient& open(size_t home) {
    clients_.push_back(std::make_unique<MemoryClient>());
    MemoryClient& client = *clients_.back();
    client.home_ = home;
    on_thread(home, [&client](ShardThread& thread) { thread.open(client); });
    return client;
  }
  void send(MemoryClient& client, std::string bytes) {
    on_thread(client.home_, [&client, bytes = std::move(bytes)](ShardThread& thread) {
      thread.send(client, bytes, false);
    });
  }
  // Sends bytes and closes the connection at once: a part of the commands may be under way, or
  // never be read.
  void send_and_leave(MemoryClient& client, std::string bytes) {
    on_thread(client.home_, [&client, bytes = std::move(bytes)](ShardThread& thread) {
      thread.send(client, bytes, true);
    });
  }
  void hang_up(MemoryClient& client) {
    on_thread(client.home_, [&client](ShardThread& thread) { thread.hang_up(client); });
  }
  // Closes every client; returns when all commands under way are over and every session is gone.
  void settle() {
    for (const auto& client : clients_)
      hang_up(*client);
    for (size_t id = 0; id < set_.size(); ++id) {
      while (ask<size_t>(id, [](engine::Shard& shard) { return shard.clients().all().size(); }) !=
             0)
        std::this_thread::yield();
    }
  }

  // Calls `look` on a shard's thread and returns its result.
  template <typename Found>
  Found ask(size_t shard, std::function<Found(engine::Shard&)> look) {
    const auto found = std::make_shared<std::promise<Found>>();
    set_.submit(shard, [found, look = std::move(look)](engine::Shard& asked) {
      found->set_value(look(asked));
    });
    return found->get_future().get();
  }

 private:
  void on_thread(size_t id, std::function<void(ShardThread&)> run) {
    ShardThread* thread = threads_[id].get();
    set_.submit(id, [thread, run = std::move(run)](engine::Shard&) { run(*thread); });
  }

  engine::CommandTable table_;
  Options options_;
  DataMeter memory_;
  engine::ShardSet set_;
  std::vector<std::unique_ptr<ShardThread>> threads_;
  std::vector<std::unique_ptr<MemoryClient>> clients_;
};

}  // namespace kvstash::test
