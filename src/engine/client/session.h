// Session: one client connection as the engine sees it: who the client is, what it has sent and was
// not answered yet, its open transaction. A session has no socket: the server's shell moves the
// bytes.
//
// Lives on one shard from accept to close; another thread uses it only in a transaction that holds
// that shard. Owned by its Shard, which keeps it until the last reply under way has arrived.
#pragma once

#include "engine/acl/acl_user.h"
#include "engine/client/input.h"
#include "engine/client/output_source.h"
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

// Facts that CLIENT LIST shows and CLIENT SETNAME and SETINFO change.
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
  // When bytes last came or went, a command was taken, or a wait ended.
  int64_t active_ms = 0;
  const Command* last_command = nullptr;
  uint64_t commands = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
};

// Why no further commands of a connection are taken for now. Several reasons may hold at once.
enum StopReason : uint32_t {
  kStopGather = 1u << 0,     // A command is asking other shards.
  kStopOrder = 1u << 1,      // The next command comes after all earlier replies.
  kStopOutput = 1u << 2,     // Too many unsent replies, of this client or of all.
  kStopFlight = 1u << 3,     // Too many commands under way.
  kStopRate = 1u << 4,       // The connection is over its command rate.
  kStopPause = 1u << 5,      // CLIENT PAUSE.
  kStopClosing = 1u << 6,    // The connection is closed once its replies are sent.
  kStopDrain = 1u << 7,      // The server is about to end.
  kStopMemory = 1u << 8,     // Memory is overfull, and eviction has to catch up.
  kStopWait = 1u << 9,       // A blocking command waits.
  kStopPushes = 1u << 10,    // Too many pushes wait in mailboxes of other shards.
  kStopGate = 1u << 11,      // Too many bytes of replies wait for the journal.
  kStopEviction = 1u << 12,  // A command here took too much memory, and keys must be evicted first.
  kStopJournal = 1u << 13,   // Too much of the journal is not written yet.
  kStopMove = 1u << 14,      // A key of the next command is being moved to another server.
};

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipThis };

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionInfo info;
  Caller caller;  // What goes with each command: database, protocol version.
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
  // Whether the reply of `command` is muted. The reply of a subscription is a push, which is always
  // sent.
  bool mutes(const Command& command) const { return is_muted() && !command.has(kPushReply); }

  // ---- The channels that the client subscribes to; null: none. Maintained by the shard's
  // Subscriptions.
  std::unique_ptr<SubscriptionSet> subscriptions;
  size_t subscription_count(ChannelKind kind) const {
    return subscriptions == nullptr ? 0 : subscriptions->count(kind);
  }
  bool is_subscriber() const { return subscriptions != nullptr; }
  ClientClass client_class() const {
    if (is_replica()) return ClientClass::kReplica;
    return is_subscriber() ? ClientClass::kPubsub : ClientClass::kNormal;
  }

  // ---- What the connection is fed with beside its replies; null: nothing.
  std::unique_ptr<OutputSource> source;
  bool is_replica() const { return source != nullptr && source->is_replica(); }

  // ---- CLIENT TRACKING; null: off. Maintained by the shard's Tracking.
  std::unique_ptr<ClientTracking> tracking;
  bool has_read_for_cache = false;  // Shards may remember keys that this client has read.
  // Bytes of pushes since the output was last empty.
  size_t pushed_bytes = 0;
  void update_tracking() {
    caller.remembers_reads = tracking != nullptr && tracking->remembers_reads();
  }
  // CLIENT CACHING holds for one command or transaction.
  void end_caching() {
    if (tracking != nullptr) tracking->is_caching = false;
    update_tracking();
  }

  std::shared_ptr<Waiter> waiter;  // The waiter of its blocking command, while it waits.
  // Whether CLIENT REPLY muted the blocking command when it was taken.
  bool is_wait_muted = false;

  // ---- Input: unread bytes are chunk->data[begin, end).
  // The session's own chunk or the shared one; null while nothing is unread.
  InputChunk* chunk = nullptr;
  size_t begin = 0;
  size_t end = 0;
  size_t bytes_needed = 0;  // Size of the unfinished command at `begin`, as far as known.

  // ---- Output.
  size_t sent = 0;  // Bytes of replies.out() that the shell has written and not dropped yet.
  // Bytes that the client could have read and has not. Bytes that wait for the journal do not
  // count.
  size_t unsent_bytes() const { return replies.bytes() - replies.gated_bytes() - sent; }
  // When replies.bytes() passes this mark, the shard checks whether the output is too much.
  size_t output_mark = 0;
  // The bytes that the shard has counted for this session, see client_memory.h.
  struct Counted {
    size_t memory = 0;
    size_t unsent = 0;
    bool operator==(const Counted&) const = default;
  };
  Counted counted;

  // ---- Flow.
  uint32_t stopped = 0;  // StopReason bits.
  // Transactions under way; later commands must not overtake them.
  uint32_t transactions_away = 0;
  // Hops to the session's own shard that are in that shard's mailbox; later commands must not
  // overtake them.
  uint32_t hops_home = 0;
  bool has_unsent_hops = false;  // Hops are in a batch that was not sent yet.
  bool has_unsent_transaction = false;
  bool is_listed_ready = false;  // Listed among the shard's sessions with output.
  bool is_listed_resume = false;
  // A command that may write was taken, and not all replies since then were let out.
  bool has_unsettled_write = false;
  // The period in which writes are refused (ShardSet::refusal_period) in which all commands that
  // may write were taken since then. kNoRefusal: some were taken at another time.
  uint64_t unsettled_in_period = 0;
  // A command that may write was taken, and written_lsn does not count it yet.
  bool has_uncounted_write = false;
  // What the client has written follows from this LSN at most.
  Lsn written_lsn = kLsnNone;
  bool is_input_off = false;  // The shell does not read, because the session was stopped.
  bool is_closed = false;     // The socket is gone; the session is kept for replies under way.
  bool is_killed = false;     // The session is to be closed at the end of the turn (Clients::kill).
  // Set with kStopClosing, for the log; empty: the client wished to close.
  std::string close_reason;
  uint32_t under_way = 0;  // Hops, transactions and gathers that will come back.
  static constexpr uint32_t kFlightMin = 64;
  static constexpr uint32_t kFlightMax = 1024;
  // The most replies waited for at one time; see Clients::learn_reply_size().
  uint32_t flight_max = kFlightMin;
  double rate_tokens = 0;
  int64_t rate_at_ms = 0;

  // The shell's own record of this connection, which the engine never reads.
  void* shell = nullptr;

  bool is_gone() const { return is_closed || is_killed; }

  // True: a command is being answered, here or elsewhere.
  bool awaits_reply() const { return under_way != 0 || replies.has_begun(); }

  // Whether a command for its own shard may run at once.
  bool may_run_here() const { return transactions_away == 0 && hops_home == 0; }

  void note_activity(int64_t now_ms) { info.active_ms = now_ms; }
  // Whether the client could do something and does not, as far as the connection's state tells;
  // info.active_ms says since when. A client that the server holds back or has yet to answer is not
  // idle, nor is a subscriber, a monitor or a replica. A client that leaves its replies unread is
  // idle.
  bool is_idle() const {
    constexpr uint32_t kClientsOwn = kStopOutput | kStopClosing;
    const bool is_held_back = (stopped & ~kClientsOwn) != 0;
    return !is_held_back && under_way == 0 && waiter == nullptr && !is_monitor &&
           !is_subscriber() && !is_replica();
  }

  void stop(StopReason reason) { stopped |= reason; }
  void go_on(StopReason reason) { stopped &= ~uint32_t{reason}; }
  void close_after_replies(std::string reason = {}) {
    stop(kStopClosing);
    if (close_reason.empty()) close_reason = std::move(reason);
  }

  // Bytes of the session's own chunk of input; 0 while it reads into the shared one.
  size_t chunk_bytes() const { return chunk == nullptr || chunk->is_shared ? 0 : chunk->capacity; }
  // All bytes that this connection holds.
  size_t total_bytes() const { return sizeof(Session) + memory_bytes(); }
  // Bytes that this connection holds beside the Session object itself.
  size_t memory_bytes() const {
    return chunk_bytes() + replies.memory_bytes() + parser.memory_bytes() + multi.memory_bytes() +
           (subscriptions != nullptr ? subscriptions->memory_bytes() : 0) +
           (tracking != nullptr ? sizeof(ClientTracking) + tracking->prefix_bytes : 0);
  }
};

}  // namespace kvstash::engine
