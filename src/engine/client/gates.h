// Gates: everything that may keep a request from its command, in one place and one order.
//
//    1. drain         the server is about to end, and takes no more commands
//    2. rate          the connection is over its command rate
//    3. command       the name must be known and the arity fit; HTTP clients are closed
//    4. admission     authentication, protected commands, subscribers, MULTI, monitors
//    5. permissions   access control
//    6. copies        data cannot be kept on disk, or at enough replicas: writes are refused, or
//                     wait
//    7. role          the node is a replica: it is not written to, or too old to be read
//    8. loading       data is being loaded
//    9. busy          a script runs for too long
//   10. pause         CLIENT PAUSE
//   11. moves         a key that the command would change is on its way to another server
//   12. pushes        too many pushes wait in mailboxes of other shards
//   13. memory        maxmemory, as far as it is decided before a command reaches its shard
//   14. order         a command that asks other shards, or may wait, comes after all earlier ones
//
// (The slot router will join here.) A gate either refuses the request, or stops the session, which
// brings the same request again later. Before the last gate is passed nothing is counted or told to
// monitors, except that a request was refused.
//
// One per shard, used on its thread.
#pragma once

#include "base/result.h"
#include "engine/client/session.h"
#include "engine/command/command_table.h"
#include "engine/command/request.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::engine {

class Shard;
struct EngineOptions;

// ---- Parts of the gates that other code uses, too.

// Gate 4. An Error is the reply to the client.
Status admit(const Session& session, const Command& command, const EngineOptions& options);

// Notes in the ACL log what was denied to `user`, or that this user could not log in.
void note_denial(const Session& session, const AclDenial& denial, std::string_view user,
                 Shard& shard);

// The CommandFlags of the request: what it does to data. EXEC has the flags of its queue.
uint32_t flags_of(const Session& session, const Command& command,
                  std::span<const std::string_view> args, Shard& home);

// Whether CLIENT PAUSE holds back a command with these flags. `pauses_all`: the pause is of all
// commands, not only of writes.
bool is_paused(const Session& session, const Command& command, uint32_t flags, bool pauses_all);

// Whether the command is queued: between MULTI and EXEC all are, except those that end or watch the
// transaction.
bool is_queued(const Session& session, const Command& command);

// ---- All of them.

class Gates {
 public:
  enum class Verdict : uint8_t {
    kPassed,
    kStopped,  // The session was stopped: it brings the request again, or is to be closed.
    kRefused,  // refusal() says why.
  };

  explicit Gates(Shard& shard) : shard_(&shard) {}

  // Checks the request at all gates. Sets request.command to the row that is to run; if the request
  // is refused, to the row that it named, or null.
  Verdict pass(Session& session, Request& request);
  // The error to be replied. Valid until the next pass().
  std::string_view refusal() const { return refusal_; }

 private:
  Verdict stop(Session& session, StopReason reason);
  Verdict refuse(std::string_view message);
  // `period`: the period of refusal (ShardSet::refusal_period) that lasted before it was looked
  // whether writes are refused, if one did.
  static void note_may_write(Session& session, uint64_t period);
  bool has_rate_token(Session& session) const;
  Verdict find_command(Session& session, Request& request);
  Verdict check_user(Session& session, const Request& request);
  Verdict pass_copies(Session& session, const Request& request);
  bool is_refused_by_disk(const Session& session, const Request& request) const;
  bool is_held_by_pause(const Session& session, const Request& request) const;
  bool changes_moving_key(Session& session, const Request& request) const;
  bool names_moving_key(const Command& command, std::span<const std::string_view> args) const;
  bool may_make_pushes(const Session& session, const Request& request) const;
  Verdict pass_memory(Session& session, const Request& request);
  bool comes_after_all(const Session& session, const Request& request) const;
  bool is_http(std::string_view name) const;
  void abort_http(Session& session);

  Shard* shard_;
  std::string refusal_;
  int64_t http_log_at_ms_ = 0;  // No warning about HTTP is logged before this time.
};

}  // namespace kvstash::engine
