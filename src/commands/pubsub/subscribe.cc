// SUBSCRIBE and its variants. Declared in pubsub.h.
//
// A subscription is entered on the connection's shard, then counted by the shards that publish to
// it, and only then confirmed. So every message that is published after the confirmation arrives. A
// message that is published before it stands behind it in the output, because the reply gets its
// place when the command runs.
#include "commands/pubsub/pubsub.h"
#include "engine/client/session.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <memory>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ChannelKind;
using engine::Session;
using engine::Shard;
using engine::SubscriptionChange;

constexpr std::string_view kJoined[] = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::string_view kLeft[] = {"unsubscribe", "punsubscribe", "sunsubscribe"};

// The number of subscriptions that a confirmation shows: shard channels are counted separately.
size_t subscriptions_of(const Session& session, ChannelKind kind) {
  if (kind == ChannelKind::kShardChannel) return session.subscription_count(kind);
  return session.subscription_count(ChannelKind::kChannel) +
         session.subscription_count(ChannelKind::kPattern);
}

// One change of a session's subscriptions, added name by name, and its confirmations.
class Changing {
 public:
  Changing(Call& call, ChannelKind kind, bool joins)
      : call_(&call),
        change_{.kind = kind,
                .joins = joins,
                .session_id = call.caller().client_id,
                .home = call.caller().home,
                .names = {}},
        held_sources_(call.holds_all() ? call.home().pubsub().sources_held(joins)
                                       : engine::Sources()),
        writer_(confirmations_, call.caller().resp) {}

  void add(std::string_view name) {
    engine::PubSub& home = call_->home().pubsub();
    const engine::Sources sources =
        call_->holds_all() ? held_sources_ : home.sources_of(change_.kind, name);
    Session& session = call_->session();
    const bool is_change = change_.joins
                               ? home.subscriptions().join(session, change_.kind, name, sources)
                               : home.subscriptions().leave(session, change_.kind, name, sources);
    if (is_change) change_.names.emplace_back(name);
    begin_confirmation();
    writer_.bulk(name);
    writer_.integer(static_cast<int64_t>(subscriptions_of(session, change_.kind)));
  }

  // Writes the confirmation of an UNSUBSCRIBE when there is no subscription.
  void confirm_nothing() {
    begin_confirmation();
    writer_.null();
    writer_.integer(static_cast<int64_t>(subscriptions_of(call_->session(), change_.kind)));
  }

  // Has the publishing shards count the change, then replies.
  void finish() {
    if (change_.names.empty()) {
      call_->reply().raw(confirmations_.view());
      return;
    }
    const std::vector<size_t> sources = engine::source_shards(change_, call_->shards());
    const auto change = std::make_shared<const SubscriptionChange>(std::move(change_));
    const auto answer = std::make_shared<const std::string>(confirmations_.view());
    call_->tell(
        sources,
        [change, at_once = call_->holds_all()](Shard& source) {
          if (at_once) {
            source.pubsub().count(*change);
          } else {
            source.pubsub().count_and_settle(*change);
          }
        },
        [answer](resp::ReplyWriter& to) { to.raw(*answer); });
    if (held_sources_.expected != 0)
      call_->home().pubsub().settle_when_home(*change, held_sources_.join_number, call_->worker());
  }

 private:
  void begin_confirmation() {
    const auto kind = static_cast<size_t>(change_.kind);
    writer_.push(3);
    writer_.bulk(change_.joins ? kJoined[kind] : kLeft[kind]);
  }

  Call* call_;
  SubscriptionChange change_;
  engine::Sources held_sources_;  // Sources of every name, if all shards are held.
  resp::ReplyBuffer confirmations_;
  resp::ReplyWriter writer_;
};

// Whether the client left while its transaction was under way. Its subscriptions were removed then.
bool has_left(Call& call) {
  if (!call.session().is_closed) return false;
  call.reply().null();
  return true;
}

Status join(Call& call, ChannelKind kind) {
  if (has_left(call)) return {};
  Changing changing(call, kind, true);
  for (const std::string_view name : call.args_from(1))
    changing.add(name);
  changing.finish();
  return {};
}

Status leave(Call& call, ChannelKind kind) {
  if (has_left(call)) return {};
  Changing changing(call, kind, false);
  for (const std::string_view name : call.args_from(1))
    changing.add(name);
  if (call.argc() == 1) {
    std::vector<std::string> all;
    if (const Session& session = call.session(); session.is_subscriber()) {
      for (const auto& [name, subscription] : session.subscriptions->names(kind))
        all.emplace_back(name);
    }
    for (const std::string& name : all)
      changing.add(name);
    if (all.empty()) changing.confirm_nothing();
  }
  changing.finish();
  return {};
}

}  // namespace

Status subscribe(Call& call) {
  return join(call, ChannelKind::kChannel);
}

Status psubscribe(Call& call) {
  return join(call, ChannelKind::kPattern);
}

Status ssubscribe(Call& call) {
  // Inside EXEC a client expects one reply for each command. Redis permits SUBSCRIBE and PSUBSCRIBE
  // there nevertheless, but not SSUBSCRIBE.
  if (call.caller().in_transaction)
    return Error::literal("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  return join(call, ChannelKind::kShardChannel);
}

Status unsubscribe(Call& call) {
  return leave(call, ChannelKind::kChannel);
}

Status punsubscribe(Call& call) {
  return leave(call, ChannelKind::kPattern);
}

Status sunsubscribe(Call& call) {
  return leave(call, ChannelKind::kShardChannel);
}

}  // namespace kvstash::commands
