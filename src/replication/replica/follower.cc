#include "replication/replica/follower.h"

#include "base/ensure.h"
#include "base/log.h"
#include "engine/execution/command_runner.h"
#include "engine/shard.h"
#include "net/tls.h"
#include "persist/node/persistence.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>
#include <variant>

namespace kvstash::replication {
namespace {

using engine::DbIndex;
using engine::Hold;
using std::chrono::milliseconds;

constexpr size_t kReadBytes = size_t{256} << 10;
constexpr int64_t kTimerPeriodMs = 100;
// While shards have something to apply it is looked so often whether they have done so.
constexpr int64_t kApplyPeriodMs = 5;
constexpr int64_t kNsPerMs = 1'000'000;

void run_record(const Hold& all, std::initializer_list<std::string_view> argv) {
  engine::CommandRunner runner(all);
  const Status done = runner.run(DbIndex{}, std::span(argv.begin(), argv.size()));
  ensure(done.ok());
}

uint64_t keys_of(const Hold& all) {
  uint64_t keys = 0;
  all.each([&](engine::ShardData& shard) {
    shard.each_keyspace([&](DbIndex, const store::Keyspace& space) { keys += space.size(); });
  });
  return keys;
}

}  // namespace

Follower::Follower(const Node& node, FollowOptions options, std::optional<StreamPosition> from)
    : node_(node),
      host_(options.replication.primary_host),
      port_(static_cast<uint16_t>(options.replication.primary_port)),
      options_(std::move(options)),
      has_place_(from.has_value()),
      link_(link_options()),
      dialed_(is_over_),
      buffer_(kReadBytes, '\0'),
      applier_(*node.set, node.persistence->journal().journal(), is_over_),
      take_over_(std::exchange(options_.take_over, {})) {
  if (from) applier_.begin(*from);
  facts_ = {.host = host_, .port = port_};
  node_.set->role().set_stale(!options_.replication.replica_serve_stale_data);
}

// ---- Options.

FollowOptions Follower::options() const {
  const std::lock_guard guard(lock_);
  return options_;
}

void Follower::take_up_options(FollowOptions options) {
  const std::lock_guard guard(lock_);
  options_ = std::move(options);
  node_.set->role().set_stale(!facts_.is_up() && !options_.replication.replica_serve_stale_data);
}

LinkOptions Follower::link_options() const {
  const FollowOptions now = options();
  const bool is_tls = now.net.tls.replication && now.net.tls.port != 0;
  const int64_t port = is_tls ? now.net.tls.port : now.net.port;
  const int64_t announced = now.replication.replica_announce_port;
  return {.user = now.replication.masteruser,
          .password = now.replication.masterauth,
          .listening_port = static_cast<uint16_t>(announced != 0 ? announced : port),
          .announced_ip = now.replication.replica_announce_ip,
          .version = {},
          .timeout_ms = now.replication.repl_timeout_s * 1000};
}

milliseconds Follower::timeout() const {
  const std::lock_guard guard(lock_);
  return std::chrono::seconds(options_.replication.repl_timeout_s);
}

// At a start the node takes a new name, and the one that its files have becomes the second: its
// primary knows that one, as long as nothing was recorded since.
StreamPlace Follower::place() const {
  const History history = node_.history->get();
  const uint64_t offset = applier_.handed();
  const bool has_only_second = !history.second_replid.empty() && history.second_end == offset;
  return {.replid = has_only_second ? history.second_replid : history.replid, .offset = offset};
}

ReplicaProgress Follower::progress() const {
  return {.applied = applier_.applied(), .durable = node_.persistence->durable_offset()};
}

int64_t Follower::now_ms() const {
  return node_.set->clock().monotonic_ns() / kNsPerMs;
}

// ---- The end.

std::optional<StreamPosition> Follower::leave(const Hold& all) {
  give_up();
  const StreamPosition end = applier_.end(all);
  return has_place_ ? std::optional<StreamPosition>(end) : std::nullopt;
}

void Follower::give_up() {
  is_over_ = true;
  over_word_ = 1;
  node_.set->ports().parking->wake(over_word_);
}

// ---- Turns.

void Follower::run() {
  step(LinkStarts{});
  publish();
  while (!is_over()) {
    turn();
    publish();
  }
  receiver_.reset();
  dialed_.close();
}

void Follower::turn() {
  if (dialed_.is_open()) {
    receive();
  } else {
    node_.set->ports().parking->wait_for(over_word_, 0, kTimerPeriodMs * kNsPerMs);
  }
  if (is_over() || now_ms() < timer_at_ms_) return;
  timer_at_ms_ = now_ms() + kTimerPeriodMs;
  link_.set_options(link_options());
  step(LinkTimer{progress()});
}

void Follower::receive() {
  const bool is_behind = applier_.applied() != applier_.handed();
  const int64_t most_ms = is_behind ? kApplyPeriodMs : kTimerPeriodMs;
  const milliseconds time(std::clamp<int64_t>(timer_at_ms_ - now_ms(), 1, most_ms));
  const Result<std::optional<size_t>> received = dialed_.receive_within(buffer_, time);
  if (is_over()) return;
  if (!received.ok()) return lose(received.error().message());
  if (!*received) return;
  if (**received == 0) return lose("the primary has closed it");
  step(LinkReceived{std::string_view(buffer_).substr(0, **received)});
  if (!applier_.take_ack_wish()) return;
  applier_.wait_until_applied();
  step(AckAsked{progress()});
}

void Follower::carry_out(const std::vector<LinkAction>& actions) {
  bool was_open = dialed_.is_open();
  for (const LinkAction& action : actions) {
    if (is_over()) return;
    std::visit([this](const auto& what) { act(what); }, action);
    // The connection was lost by an action, and what else was to be done was about it.
    if (was_open && !dialed_.is_open() && !std::holds_alternative<HangUp>(action)) return;
    was_open = dialed_.is_open();
  }
}

void Follower::lose(std::string_view why) {
  hang_up();
  step(LinkLost{why});
}

void Follower::hang_up() {
  dialed_.close();
  applier_.drop_rest();
}

// Tells other threads how far the link has come.
void Follower::publish() {
  const LinkState state = link_.state();
  const std::lock_guard guard(lock_);
  facts_.state = state;
  if (dialed_.is_open()) facts_.heard_ms = link_.heard_ms();
  if (has_followed_) facts_.down_since_ms = link_.down_since_ms();
  facts_.sync_bytes_total = snapshot_bytes_.value_or(0);
  facts_.sync_bytes_read = receiver_ == nullptr ? 0 : receiver_->bytes();
  if (is_over()) return;
  node_.set->role().set_stale(state != LinkState::kStreaming &&
                              !options_.replication.replica_serve_stale_data);
}

PrimaryFacts Follower::facts() const {
  PrimaryFacts facts;
  {
    const std::lock_guard guard(lock_);
    facts = facts_;
  }
  facts.read = applier_.handed();
  facts.applied = applier_.applied();
  return facts;
}

// ---- Actions.

void Follower::act(const DialPrimary&) {
  log(LogLevel::kNotice, fmt::format("Connecting to MASTER {}:{}", host_, port_));
  publish();
  const FollowOptions now = options();
  net::Dialed::Way way{.source_address = now.net.bind_source_addr};
  std::shared_ptr<net::TlsContext> tls;
  if (now.net.tls.replication) {
    Result<std::shared_ptr<net::TlsContext>> made = net::TlsContext::client(now.net.tls);
    if (!made.ok()) return lose(made.error().message());
    tls = *made;
    way.tls = tls.get();
  }
  if (Status made = dialed_.connect(host_, port_, timeout(), way); !made.ok()) {
    if (!is_over()) lose(made.error().message());
    return;
  }
  std::optional<StreamPlace> have;
  if (has_place_) have = place();
  asked_replid_ = have ? have->replid : "";
  step(LinkDialed{.have = std::move(have), .takes_over = static_cast<bool>(take_over_)});
}

void Follower::act(const HangUp&) {
  hang_up();
}

void Follower::act(const SendToPrimary& action) {
  const Status sent = dialed_.send(action.bytes, timeout());
  // While a snapshot is loaded, the connection is not needed; later it is found lost.
  if (!sent.ok() && !is_over() && !is_loading_) lose(sent.error().message());
}

void Follower::act(const SnapshotBegins& action) {
  snapshot_place_ = action.place;
  snapshot_bytes_ = action.bytes;
  const int64_t unix_s = node_.set->clock().wall_now_us() / 1'000'000;
  Result<std::unique_ptr<SnapshotReceiver>> made = SnapshotReceiver::create(
      *node_.set->ports().disk, fmt::format("temp-{}.{}.rdb", unix_s, ::getpid()),
      node_.persistence->options().rdbchecksum);
  if (!made.ok()) return step(SnapshotRefused{made.error().message()});
  receiver_ = *std::move(made);
}

void Follower::act(const SnapshotBytes& action) {
  const Status taken = receiver_->take(action.bytes);
  if (taken.ok()) return;
  receiver_.reset();
  step(SnapshotRefused{taken.error().message()});
}

void Follower::act(const SnapshotEnds&) {
  publish();
  const Status replaced = replace_data();
  receiver_.reset();
  snapshot_bytes_.reset();
  node_.persistence->resume_log();
  if (is_over()) return;
  if (!replaced.ok()) return step(SnapshotRefused{replaced.error().message()});
  {
    const std::lock_guard guard(lock_);
    ++facts_.full_syncs;
  }
  step(SnapshotLoaded{progress()});
}

void Follower::act(const SnapshotDropped&) {
  receiver_.reset();
  snapshot_bytes_.reset();
}

void Follower::act(const StreamContinues& action) {
  if (node_.history->get().replid != action.replid)
    node_.persistence->change_history([&] { take_name(action.replid); });
  has_followed_ = true;
  const std::lock_guard guard(lock_);
  facts_.refuses_empty = false;
  ++facts_.partial_syncs;
}

// The history is that of the primary from now on. What it was asked for is the same history, up to
// here. Every shard is held.
void Follower::take_name(const std::string& replid) {
  if (is_over()) return;
  History history{.replid = replid};
  if (asked_replid_ != replid) {
    history.second_replid = asked_replid_;
    history.second_end = applier_.handed();
  }
  node_.history->set(std::move(history));
  node_.primary_end->drop_replicas("the history has a new name");
}

// After damage nobody knows what has been missed, so everything is taken anew.
void Follower::act(const StreamBytes& action) {
  const Status taken = applier_.take(action.bytes);
  if (taken.ok() || is_over()) return;
  log(LogLevel::kWarning, taken.error().message());
  has_place_ = false;
  lose(taken.error().message());
}

void Follower::act(const TakeOverAnswered& action) {
  if (take_over_) std::exchange(take_over_, {})(action.is_accepted);
}

void Follower::act(const LinkTells& action) {
  log(action.level, action.text);
}

// ---- A full synchronization.

Status Follower::replace_data() {
  if (Status whole = receiver_->finish(); !whole.ok()) return whole;
  if (Status refused = refuse_empty(); !refused.ok()) return refused;
  applier_.wait_until_applied();
  log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Flushing old data");
  node_.persistence->suspend_log();
  is_loading_ = true;
  if (!drop_data()) return Error::literal("the replica is to do something else");
  log(LogLevel::kNotice, "MASTER <-> REPLICA sync: Loading DB in memory");
  Status loaded =
      node_.persistence->load_snapshot(receiver_->path(), [this] { return stay_alive(); });
  is_loading_ = false;
  if (is_over()) return loaded;  // The node ends; half of the data must not be saved.
  node_.waits->hold_all([&](const Hold& all) {
    if (!loaded.ok()) run_record(all, {"FLUSHALL", "ASYNC"});
    if (loaded.ok()) begin_history();
    node_.set->set_loading(false);
  });
  if (loaded.ok()) return loaded;
  return Error::text(
      "Failed trying to load the MASTER synchronization DB from disk, the databases are empty: " +
      std::string(loaded.error().message()));
}

// A primary that comes back without data would have its replicas drop theirs, which may be the last
// copy.
Status Follower::refuse_empty() {
  if (receiver_->content().keys != 0 || !has_followed_) return {};
  if (options().replication.replica_accept_empty_primary || accepts_empty_once_.exchange(false))
    return {};
  uint64_t keys = 0;
  node_.waits->hold_all([&](const Hold& all) { keys = keys_of(all); });
  if (keys == 0) return {};
  {
    const std::lock_guard guard(lock_);
    facts_.refuses_empty = true;
  }
  return Error::text(fmt::format(
      "The primary {}:{} has come back empty, and this replica has {} keys: they are kept. Say "
      "REPLICAOF again to take the empty data, or set replica-accept-empty-primary",
      host_, port_, keys));
}

// False: the role has changed meanwhile, or the node ends.
bool Follower::drop_data() {
  const bool is_lazy = options().replication.replica_lazy_flush;
  bool is_dropped = false;
  node_.waits->hold_all([&](const Hold& all) {
    if (is_over()) return;
    node_.set->set_loading(true);
    has_place_ = false;
    // What is loaded is not recorded, and what replicas of this node have is of another history.
    node_.primary_end->drop_replicas("a full synchronization replaces the data");
    node_.persistence->journal().end_following();
    node_.persistence->journal().detach(persist::NodeJournal::User::kReplicas);
    run_record(all, {"FLUSHALL", is_lazy ? "ASYNC" : "SYNC"});
    run_record(all, {"FUNCTION", "FLUSH", "SYNC"});
    is_dropped = true;
  });
  return is_dropped;
}

// Called now and then while a snapshot is loaded. False: the load is to be given up.
bool Follower::stay_alive() {
  if (now_ms() >= timer_at_ms_) {
    timer_at_ms_ = now_ms() + kTimerPeriodMs;
    step(LinkTimer{progress()});
    publish();
  }
  return !is_over();
}

// The data is the primary's now. Every shard is held.
void Follower::begin_history() {
  History history = node_.history->get();
  history.replace(snapshot_place_.replid);
  node_.history->set(std::move(history));
  const auto db = static_cast<DbIndex>(receiver_->content().stream_db.value_or(0));
  node_.persistence->journal().restart_at(snapshot_place_.offset, db);
  applier_.begin({.offset = snapshot_place_.offset, .db = db});
  has_place_ = true;
  has_followed_ = true;
  const std::lock_guard guard(lock_);
  facts_.refuses_empty = false;
}

}  // namespace kvstash::replication
