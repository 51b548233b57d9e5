// Session: one client connection as the engine sees it: who it is, what it has sent and not yet
// been answered, its open transaction. No socket: the server's shell moves the bytes.
//
// Lives on one shard from accept to close; another thread touches it only in a transaction that
// holds that shard. Owned by its Shard, which keeps it until the last reply under way has arrived.
#pragma once

#include "engine/acl/acl_user.h"
#include "engine/client/input.h"
#include "engine/client/reply_queue.h"
#include "engine/execution/call.h"
#include "engine/execution/multi.h"
#include "engine/execution/waiter.h"
#include "engine/pubsub/subscriptions.h"
#include "engine/tracking/client_tracking.h"
#include "resp/request_parser.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kvstash::engine {

// What CLIENT LIST tells and CLIENT SETNAME, SETINFO change.
struct SessionInfo {
  uint64_t id = 0;
  std::string address;  // "ip:port", or "path:0".
  std::string local_address;
  int fd = -1;
  bool is_unix_socket = false;
  bool is_local = false;  // From this machine: loopback or unix socket.
  bool is_tls = false;
  std::string name;
  std::string lib_name;
  std::string lib_version;
  std::string user = "default";
  int64_t created_ms = 0;
  int64_t active_ms = 0;  // When bytes last came or went, or a command was taken or ended to wait.
  const Command* last_command = nullptr;
  uint64_t commands = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
};

// Why no further commands of a connection are taken for now. Several may hold at once.
enum StopReason : uint32_t {
  kStopGather = 1u << 0,     // A command is asking other shards.
  kStopOrder = 1u << 1,      // The next command wants all earlier replies first.
  kStopOutput = 1u << 2,     // Too many unsent replies, of its own or of all clients.
  kStopFlight = 1u << 3,     // Too many commands under way.
  kStopRate = 1u << 4,       // Over its command rate.
  kStopPause = 1u << 5,      // CLIENT PAUSE.
  kStopClosing = 1u << 6,    // To be closed once its replies are sent.
  kStopDrain = 1u << 7,      // The server is about to end.
  kStopMemory = 1u << 8,     // Memory is overfull, and eviction has to catch up.
  kStopWait = 1u << 9,       // In a blocking command.
  kStopPushes = 1u << 10,    // Subscribers elsewhere have yet to take in what was published.
  kStopGate = 1u << 11,      // Too many of its replies wait for the journal.
  kStopEviction = 1u << 12,  // Keys have to go first for what a command here took too much.
};

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipThis };

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionInfo info;
  Caller caller;  // Database, protocol version: what travels with a command.
  Multi multi;
  ReplyQueue replies;
  resp::RequestParser parser;

  std::shared_ptr<const AclUser> user;
  bool is_authenticated = true;
  void act_as(std::shared_ptr<const AclUser> whom) {
    user = std::move(whom);
    caller.user = user.get();
    info.user = user->name;
  }
  bool is_monitor = false;
  bool no_evict = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  // The client wants no reply to the present command.
  bool is_muted() const {
    return reply_mode == ReplyMode::kOff || reply_mode == ReplyMode::kSkipThis;
  }
  // The same of a command's own answer: that of a subscription is a push, which is always sent.
  bool mutes(const Command& command) const { return is_muted() && !command.has(kPushReply); }

  // ---- Channels it listens to; null: none. Kept by its shard's Subscriptions.
  std::unique_ptr<SubscriptionSet> subscriptions;
  size_t subscription_count(ChannelKind kind) const {
    return subscriptions == nullptr ? 0 : subscriptions->count(kind);
  }
  bool is_subscriber() const { return subscriptions != nullptr; }
  ClientClass client_class() const {
    return is_subscriber() ? ClientClass::kPubsub : ClientClass::kNormal;
  }

  // ---- CLIENT TRACKING; null: off. Kept by its shard's Tracking.
  std::unique_ptr<ClientTracking> tracking;
  bool has_read_for_cache = false;  // Some shards may remember keys for it.
  size_t pushed_bytes = 0;          // Of pushes since all of its output was sent.
  void update_tracking() {
    caller.remembers_reads = tracking != nullptr && tracking->remembers_reads();
  }
  // CLIENT CACHING holds for one command or transaction.
  void end_caching() {
    if (tracking != nullptr) tracking->is_caching = false;
    update_tracking();
  }

  std::shared_ptr<Waiter> waiter;  // Its blocking command, while it waits.
  bool is_wait_muted = false;      // CLIENT REPLY, as it was when that command was taken.

  // ---- Input: unread bytes are chunk->data[begin, end).
  InputChunk* chunk = nullptr;  // Its own, or null while nothing is unread.
  size_t begin = 0;
  size_t end = 0;
  size_t bytes_needed = 0;  // Of the unfinished command at `begin`, as far as known.

  // ---- Output.
  size_t sent = 0;  // Of replies.out(): the shell has written so much, and not dropped it yet.
  // What the client could have read and has not. What waits for the journal is none of its doing.
  size_t unsent_bytes() const { return replies.bytes() - replies.gated_bytes() - sent; }
  // At so many bytes of replies.bytes() its shard looks whether they are too many.
  size_t output_mark = 0;
  // What its shard has counted of it, see client_memory.h.
  struct Counted {
    size_t memory = 0;
    size_t unsent = 0;
    bool operator==(const Counted&) const = default;
  };
  Counted counted;

  // ---- Flow.
  uint32_t stopped = 0;            // StopReasons.
  uint32_t transactions_away = 0;  // Later commands must not overtake these ...
  uint32_t hops_home = 0;          // ... nor these, for its own shard, in that shard's mailbox.
  bool has_unsent_hops = false;    // In a batch of this turn.
  bool has_unsent_transaction = false;
  bool is_listed_ready = false;  // In the shard's list of sessions with output.
  bool is_listed_resume = false;
  bool is_input_off = false;  // The shell does not read, because the session was stopped.
  bool is_closed = false;     // The socket is gone; kept for replies under way.
  bool is_killed = false;     // Another client's wish: closed at the end of the turn.
  std::string close_reason;   // Set with kStopClosing, for the log; empty: the client's wish.
  uint32_t under_way = 0;     // Hops, transactions and gathers that will come back.
  static constexpr uint32_t kFlightMin = 64;
  static constexpr uint32_t kFlightMax = 1024;
  uint32_t flight_max = kFlightMin;  // Replies waited for at one time; see learn_reply_size().
  double rate_tokens = 0;
  int64_t rate_at_ms = 0;

  // The shell's own record of this connection. The engine never looks inside.
  void* shell = nullptr;

  bool is_gone() const { return is_closed || is_killed; }

  // A command is being answered: here, or elsewhere.
  bool awaits_reply() const { return under_way != 0 || replies.has_begun(); }

  // Whether a command for its own shard may run at once.
  bool may_run_here() const { return transactions_away == 0 && hops_home == 0; }

  void note_activity(int64_t now_ms) { info.active_ms = now_ms; }
  // Whether the client could do something and does not, as far as the connection's state tells;
  // since when, says info.active_ms. One that the server holds back or has yet to answer is not
  // idle, nor one that only listens. One that leaves its replies unread is.
  bool is_idle() const {
    constexpr uint32_t kClientsOwn = kStopOutput | kStopClosing;
    const bool is_held_back = (stopped & ~kClientsOwn) != 0;
    return !is_held_back && under_way == 0 && waiter == nullptr && !is_monitor && !is_subscriber();
  }

  void stop(StopReason reason) { stopped |= reason; }
  void go_on(StopReason reason) { stopped &= ~uint32_t{reason}; }
  void close_after_replies(std::string reason = {}) {
    stop(kStopClosing);
    if (close_reason.empty()) close_reason = std::move(reason);
  }

  // Its own chunk of input; none while it reads into the one that all share.
  size_t chunk_bytes() const { return chunk == nullptr || chunk->is_shared ? 0 : chunk->capacity; }
  // Bytes this connection holds.
  size_t total_bytes() const { return sizeof(Session) + memory_bytes(); }
  // The same beyond the object.
  size_t memory_bytes() const {
    return chunk_bytes() + replies.memory_bytes() + parser.memory_bytes() + multi.memory_bytes() +
           (subscriptions != nullptr ? subscriptions->memory_bytes() : 0) +
           (tracking != nullptr ? sizeof(ClientTracking) + tracking->prefix_bytes : 0);
  }
};

}  // namespace kvstash::engine
