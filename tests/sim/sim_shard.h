// SimShard: the loop of one shard in a simulation: a fiber that takes one turn at each step, or
// stands still in the middle of a turn while the shard is parked.
#pragma once

#include "base/random.h"
#include "engine/shard.h"
#include "engine/shard_port.h"
#include "sim/sim_client.h"
#include "sim/sim_clock.h"
#include "sim/sim_task.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

class SimShard final : public engine::ShardPort {
 public:
  SimShard(engine::Shard& shard, SimClock& clock, SimParking& parking, uint64_t seed,
           bool cuts_input)
      : shard_(&shard),
        clock_(&clock),
        random_(seed),
        cuts_input_(cuts_input),
        task_(parking, [this] { run(); }) {
    shard.set_port(*this);
  }
  ~SimShard() override {
    stops_ = true;
    task_.resume();
  }

  // ---- For the scheduler.
  // True: the shard is parked in the middle of a turn.
  bool is_parked() const { return task_.is_parked(); }
  bool is_runnable() const {
    if (task_.stands()) return !is_parked();
    return !is_asleep_ || is_rung_ || !listed_.empty() || next_event_ns() <= clock_->now_ns();
  }
  // The time at which the shard has something to do again, if it is not rung before.
  int64_t next_event_ns() const {
    return coming_.empty() ? alarm_ns_ : std::min(alarm_ns_, coming_.begin()->first);
  }
  // The number of turns in a row in which the shard had nothing to do, because the time of its next
  // event is not later than now.
  uint64_t idle_turns() const { return idle_turns_; }
  // Takes one turn. A turn that parks ends this step, and goes on with the next step.
  void step() { task_.resume(); }

  // ---- For SimClient, between two steps. list(): the client has something for the shard.
  void list(SimClient& client) {
    if (client.is_listed_) return;
    client.is_listed_ = true;
    listed_.push_back(&client);
  }

  // Bytes of the client will arrive at this time.
  void expect(int64_t at_ns, SimClient& client, std::string bytes) {
    coming_.emplace(at_ns, std::pair(&client, std::move(bytes)));
  }

  // engine::ShardPort.
  void ring() override { is_rung_ = true; }
  void flush_sessions() override {
    for (engine::Session* session : shard_->clients().take_ready()) {
      if (session->shell != nullptr) flush(*static_cast<SimClient*>(session->shell));
    }
  }
  void close_session(engine::Session& session) override {
    if (session.shell != nullptr) destroy(*static_cast<SimClient*>(session.shell));
  }
  void read_while_busy() override {
    take_what_came();
    for (SimClient* client : std::exchange(listed_, {})) {
      client->is_listed_ = false;
      if (client->is_new_) open(*client);
      if (client->session_ == nullptr) continue;
      const bool is_open = (client->session_->stopped & engine::kStopClosing) == 0;
      if (is_open && !client->session_->awaits_reply()) read(*client);
      if (has_news(*client)) later_.push_back(client);
    }
    for (SimClient* client : std::exchange(later_, {}))
      list(*client);
  }
  void send_while_busy() override {
    for (engine::Session* session : shard_->clients().ready()) {
      if (session->shell != nullptr) send(*static_cast<SimClient*>(session->shell));
    }
  }

 private:
  void run() {
    while (!stops_) {
      turn();
      task_.pause();
    }
  }

  void turn() {
    is_rung_ = is_asleep_ = false;
    take_what_came();
    read_clients();
    const bool has_more = shard_->finish_turn();
    alarm_ns_ = shard_->next_event_ns();
    const bool is_early = !has_more && listed_.empty() && alarm_ns_ <= clock_->now_ns();
    idle_turns_ = is_early ? idle_turns_ + 1 : 0;
    if (!has_more && !is_early) is_asleep_ = shard_->traffic().prepare_sleep();
  }

  void take_what_came() {
    while (!coming_.empty() && coming_.begin()->first <= clock_->now_ns()) {
      auto& [client, bytes] = coming_.begin()->second;
      client->send_bytes(bytes);
      coming_.erase(coming_.begin());
    }
  }

  static bool has_news(const SimClient& client) {
    return client.leaves_ || client.read_ < client.sent_.size();
  }

  void open(SimClient& client) {
    client.is_new_ = false;
    client.session_ = &shard_->clients().open(&client);
    client.session_->info.address = "127.0.0.1:" + std::to_string(1000 + client.session_->info.id);
    shard_->set().session_count.fetch_add(1, std::memory_order_relaxed);
  }

  void read_clients() {
    for (SimClient* client : std::exchange(listed_, {})) {
      client->is_listed_ = false;
      if (client->is_new_) {
        shard_->wake_up();
        open(*client);
      }
      if (client->session_ == nullptr) continue;
      if (random_.one_in(4)) {  // Its bytes come at a later turn.
        list(*client);
        continue;
      }
      if (client->reads_) flush(*client);
      if (client->session_ != nullptr) read(*client);
      if (client->session_ == nullptr) continue;
      if (client->leaves_) {
        destroy(*client);
      } else if (client->session_->stopped == 0 && has_news(*client)) {
        list(*client);
      }
    }
  }

  void read(SimClient& client) {
    engine::Session& session = *client.session_;
    for (int reads = 0; session.stopped == 0 && reads < 4; ++reads) {
      const size_t left = client.sent_.size() - client.read_;
      if (left == 0) break;
      const std::span<char> room = shard_->input_room(session);
      const size_t bytes = std::min({room.size(), left, piece()});
      std::memcpy(room.data(), client.sent_.data() + client.read_, bytes);
      client.read_ += bytes;
      shard_->consume(session, bytes);
      if (random_.one_in(2)) break;
    }
    session.is_input_off = session.stopped != 0;
  }

  size_t piece() {
    if (!cuts_input_) return SIZE_MAX;
    constexpr size_t kLengths[] = {8, 100, 4000, 100'000};
    return 1 + random_.below(kLengths[random_.below(std::size(kLengths))]);
  }

  // Gives the client its output, if it reads.
  void send(SimClient& client) {
    engine::Session& session = *client.session_;
    if (client.reads_) {
      const std::string_view news = session.replies.sendable().substr(session.sent);
      if (!news.empty()) session.note_activity(shard_->now_ms());
      client.hear(news, clock_->elapsed_ms());
      session.sent += news.size();
      session.info.output_bytes += news.size();
      shard_->stats().net_output_bytes += news.size();
      if (!session.replies.has_begun()) {
        session.replies.drop_sent(std::exchange(session.sent, 0));
      }
    }
    shard_->clients().settle_output(session);
  }

  void flush(SimClient& client) {
    send(client);
    engine::Session& session = *client.session_;
    if ((session.stopped & engine::kStopClosing) != 0 && session.replies.bytes() == session.sent &&
        session.under_way == 0) {
      destroy(client);
      return;
    }
    session.is_input_off = session.stopped != 0;
    if (!session.is_input_off && has_news(client)) list(client);
  }

  void destroy(SimClient& client) {
    engine::Session& session = *std::exchange(client.session_, nullptr);
    session.shell = nullptr;
    shard_->set().session_count.fetch_sub(1, std::memory_order_relaxed);
    shard_->clients().close(session);
  }

  engine::Shard* shard_;
  SimClock* clock_;
  Random random_;
  bool cuts_input_;
  std::vector<SimClient*> listed_;  // Clients that have something for the shard.
  std::vector<SimClient*> later_;
  std::multimap<int64_t, std::pair<SimClient*, std::string>> coming_;  // By time.
  bool is_rung_ = false;
  bool is_asleep_ = false;
  int64_t alarm_ns_ = 0;
  uint64_t idle_turns_ = 0;
  bool stops_ = false;
  SimTask task_;
};

inline void SimClient::send_bytes(std::string_view bytes) {
  sent_ += bytes;
  shard_->list(*this);
}
inline void SimClient::say_at(double ms, std::string_view line) {
  shard_->expect(SimClock::kBeginNs + static_cast<int64_t>(ms * SimClock::kNsPerMs), *this,
                 std::string(line) + "\r\n");
}
inline void SimClient::hang_up() {
  leaves_ = true;
  shard_->list(*this);
}
inline void SimClient::set_reading(bool reads) {
  reads_ = reads;
  shard_->list(*this);
}

}  // namespace kvstash::test
