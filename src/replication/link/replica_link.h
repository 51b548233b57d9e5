// ReplicaLink: the replica's end of a replication link: how it greets its primary, what it asks
// for, what the primary's bytes are, and when it gives up and begins anew.
//
//   waits ─> dials ─> greets ─> asks (PSYNC) ─┬─ +CONTINUE ──────────────────────────> streams
//     ^                                       └─ +FULLRESYNC ─> receives ─> loads ───────^
//     └────────────── whatever fails, a second later ──────────────┘
//
// The protocol is Redis's PSYNC (docs/formats/psync.md). Same state, event and time: same actions.
//
// Pure; one thread. Views in actions are of the event's bytes, or of memory of the link, and valid
// until the next step.
#pragma once

#include "base/log.h"
#include "replication/link/snapshot_frame.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kvstash::replication {

struct LinkOptions {
  std::string user{};           // masteruser. Empty: the default user.
  std::string password{};       // masterauth. Empty: the replica does not log in.
  uint16_t listening_port = 0;  // The port at which the replica can be reached.
  std::string announced_ip{};   // replica-announce-ip. Empty: the address that the primary sees.
  std::string version{};        // What is said by REPLCONF version. Empty: nothing.
  int64_t timeout_ms = 60'000;  // repl-timeout
};

// A place in a history.
struct StreamPlace {
  std::string replid;
  uint64_t offset = 0;
};

// How far the replica is.
struct ReplicaProgress {
  uint64_t applied = 0;             // Everything before this offset is applied.
  std::optional<uint64_t> durable;  // And so far it is on the disk; nothing: there is no log.
};

// ---- Events.
// The link is to be kept from now on.
struct LinkStarts {};
// The connection stands. `have`: where the stream is to go on; nothing: the replica has no data
// that it could go on from.
// `takes_over`: the primary is a replica that is to become one (FAILOVER).
struct LinkDialed {
  std::optional<StreamPlace> have;
  bool takes_over = false;
};
struct LinkReceived {
  std::string_view bytes;  // Not empty.
};
// There is no connection any more, or it could not be made.
struct LinkLost {
  std::string_view why;
};
// The snapshot is loaded: what was received behind it can be applied.
struct SnapshotLoaded {
  ReplicaProgress progress;
};
// The snapshot could not be loaded, or is not wanted.
struct SnapshotRefused {
  std::string_view why;
};
// To be told several times a second.
struct LinkTimer {
  ReplicaProgress progress;
};
// The primary asked for an acknowledgement, and what stood before that is applied.
struct AckAsked {
  ReplicaProgress progress;
};
using LinkEvent = std::variant<LinkStarts, LinkDialed, LinkReceived, LinkLost, SnapshotLoaded,
                               SnapshotRefused, LinkTimer, AckAsked>;

// ---- Actions, to be done in their order.
struct DialPrimary {};
// The connection is to be closed. No LinkLost follows.
struct HangUp {};
struct SendToPrimary {
  std::string bytes;
};
// A snapshot begins that stands for the place. `bytes`: its size, if the primary said it.
struct SnapshotBegins {
  StreamPlace place;
  std::optional<uint64_t> bytes;
};
struct SnapshotBytes {
  std::string_view bytes;
};
// The snapshot is complete: the answer is SnapshotLoaded or SnapshotRefused.
struct SnapshotEnds {};
// The connection was lost before the snapshot was loaded, or even complete.
struct SnapshotDropped {};
// The stream goes on from the place that LinkDialed said, under this name.
struct StreamContinues {
  std::string replid;
};
struct StreamBytes {
  std::string_view bytes;
};
// What the primary answered when it was asked to take over.
struct TakeOverAnswered {
  bool is_accepted;
};
struct LinkTells {
  LogLevel level;
  std::string text;
};
using LinkAction =
    std::variant<DialPrimary, HangUp, SendToPrimary, SnapshotBegins, SnapshotBytes, SnapshotEnds,
                 SnapshotDropped, StreamContinues, StreamBytes, TakeOverAnswered, LinkTells>;

// What ROLE says.
enum class LinkState : uint8_t {
  kNone,       // Not started.
  kConnect,    // Waits until it dials.
  kDialing,    // "connecting"
  kHandshake,  // "handshake"
  kReceiving,  // "sync"
  kLoading,    // "sync", too.
  kStreaming,  // "connected"
};
std::string_view link_state_name(LinkState state);

class ReplicaLink {
 public:
  explicit ReplicaLink(LinkOptions options) : options_(std::move(options)) {}

  // `now_ms`: a monotonic clock.
  std::vector<LinkAction> step(const LinkEvent& event, int64_t now_ms);

  // Options that have changed. They count from the next use on.
  void set_options(LinkOptions options) { options_ = std::move(options); }

  LinkState state() const { return state_; }
  int64_t heard_ms() const { return heard_ms_; }  // When the last bytes came.
  // Since when the link has not streamed; without meaning while it does.
  int64_t down_since_ms() const { return down_since_ms_; }

 private:
  // The answers that are due while the link greets, in their order.
  enum class Due : uint8_t { kPing, kLogin, kPort, kIp, kCapabilities, kVersion, kPsync };

  void on(const LinkStarts& event);
  void on(const LinkDialed& event);
  void on(const LinkReceived& event);
  void on(const LinkLost& event);
  void on(const SnapshotLoaded& event);
  void on(const SnapshotRefused& event);
  void on(const LinkTimer& event);
  void on(const AckAsked& event);

  size_t read_lines(std::string_view bytes);
  void take_answer(std::string_view line);
  void take_pong(std::string_view line);
  void take_psync(std::string_view line);
  void take_full(std::string_view rest);
  void take_continue(std::string_view rest);
  size_t receive(std::string_view bytes);
  void greet();
  void ask();
  void send(std::vector<std::string_view> argv);
  void acknowledge(const ReplicaProgress& progress);
  void tell(LogLevel level, std::string text);
  void fail(std::string_view why);
  void give_up();
  bool is_greeting() const { return state_ == LinkState::kHandshake; }

  LinkOptions options_;
  LinkState state_ = LinkState::kNone;
  int64_t now_ms_ = 0;  // During a step.
  int64_t heard_ms_ = 0;
  int64_t dial_at_ms_ = 0;
  int64_t sent_ms_ = 0;  // The last acknowledgement, or sign of life.
  int64_t down_since_ms_ = 0;
  std::deque<Due> due_;
  std::string line_;
  std::optional<StreamPlace> have_;
  bool takes_over_ = false;
  std::optional<StreamPlace> full_;  // The place of the snapshot that is being received.
  SnapshotFrame frame_;
  bool has_snapshot_ = false;  // One has begun, and was neither loaded nor dropped.
  // How many more acknowledgements are sent sooner than after a second.
  int early_acks_left_ = 0;
  std::vector<LinkAction> actions_;
};

}  // namespace kvstash::replication
