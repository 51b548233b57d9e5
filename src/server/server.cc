#include "server/server.h"

#include "admin/metrics_page.h"
#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "commands/client/client_line.h"
#include "commands/tables.h"
#include "engine/shard.h"
#include "net/listener.h"
#include "net/signals.h"
#include "net/socket.h"
#include "net/timer.h"
#include "net/tls.h"
#include "net/transport.h"
#include "net/usable_cores.h"
#include "persist/commands/persist_table.h"
#include "persist/node/persistence.h"
#include "replication/commands/primary_table.h"
#include "replication/commands/role.h"
#include "replication/node/replication.h"
#include "scripting/scripting.h"
#include "scripting/scripting_table.h"
#include "server/acl_file.h"
#include "server/directives.h"
#include "server/process.h"
#include "server/sentinel_commands.h"
#include "server/sentinel_node.h"
#include "server/server_commands.h"
#include "server/shard_shell.h"
#include "server/snapshot.h"
#include "server/usable_memory.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace kvstash::server {
namespace {

constexpr std::chrono::milliseconds kShutdownCheckPeriod{10};

std::vector<std::span<const engine::CommandSpec>> command_tables(const ServerOptions& options) {
  if (options.is_sentinel) return {sentinel_commands()};
  const auto rows = commands::all_commands();
  std::vector<std::span<const engine::CommandSpec>> tables(rows.begin(), rows.end());
  tables.push_back(scripting::scripting_commands());
  tables.push_back(persist::persist_commands());
  tables.push_back(replication::primary_commands());
  tables.push_back(replication::role_commands());
  tables.push_back(server_commands());
  return tables;
}

Error no_acl_file() {
  return Error::literal(
      "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
      "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
      "configuration file set) in order to store users in the Redis configuration.");
}

constexpr std::string_view kReadyMessage = "READY=1\nSTATUS=Ready to accept connections\n";
constexpr std::string_view kShutdownAbortedError =
    "-ERR Errors trying to SHUTDOWN. Check logs.\r\n";
constexpr std::string_view kMaxClientsError = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtectedModeError =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is "
    "set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to Redis you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. "
    "Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the "
    "protected mode by editing the Redis configuration file, and setting the protected mode option "
    "to "
    "'no', and then restarting the server. 3) If you started the server manually just for testing, "
    "restart it with the '--protected-mode no' option. 4) Setup a an authentication password for "
    "the "
    "default user. NOTE: You only need to do one of the above things in order for the server to "
    "start "
    "accepting connections from the outside.\r\n";

void refuse(int fd, std::string_view message) {
  // The socket is new and its buffer empty, so one write takes the whole message, or the client is
  // gone.
  static_cast<void>(!::write(fd, message.data(), message.size()));
  ::close(fd);
}

std::string random_hex(size_t digits) {
  std::string bytes(digits / 2, '\0');
  random_bytes(bytes.data(), bytes.size());
  std::string text;
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string executable_path() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof(path));
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : std::string();
}

size_t shard_count(const ServerOptions& options) {
  if (options.is_sentinel) return 1;
  if (options.engine.shards > 0) return static_cast<size_t>(options.engine.shards);
  const size_t cores = net::usable_cores();
  return cores <= 2 ? 1 : cores;
}

bool has_same_listeners(const net::NetOptions& a, const net::NetOptions& b) {
  return a.bind == b.bind && a.port == b.port && a.tls.port == b.tls.port &&
         a.unixsocket == b.unixsocket && a.unixsocketperm == b.unixsocketperm;
}

// The error of a CONFIG SET whose listeners cannot be opened.
Error cannot_listen(const net::NetOptions& wanted, const net::NetOptions& now) {
  if (wanted.bind != now.bind) return Error::literal("Failed to bind to specified addresses.");
  if (has_same_listeners(wanted, now))
    return Error::literal("Unable to update TLS configuration. Check server logs.");
  return Error::literal("Unable to listen on this port. Check server logs.");
}

}  // namespace

Server::Server(ServerOptions options)
    : options_(std::move(options)), commands_(command_tables(options_)) {
  run_info_ = {.run_id = random_hex(40),
               .started_ms = to_ms(wall_now()),
               .pid = ::getpid(),
               .executable = executable_path()};
}

Server::~Server() = default;

Status Server::start() {
  for (const RenamedCommand& line : options_.renamed_commands) {
    if (Status renamed = commands_.rename({line.from, line.to}); !renamed.ok()) return renamed;
  }
  options_.net.maxclients = fit_descriptor_limit(options_.net.maxclients);
  shards_ = std::make_unique<engine::ShardSet>(shard_count(options_), commands_, options_.engine);
  shards_->set_server(*this);
  scripting_ =
      std::make_unique<scripting::Scripting>(shards_->size(), kRedisVersion, shards_->ports());
  shards_->set_scripting(*scripting_);
  shards_->set_core_count(net::usable_cores());
  shards_->set_usable_memory(usable_memory());
  if (Status loaded = load_users(options_, shards_->acl()); !loaded.ok()) return loaded;
  history_ = std::make_unique<replication::NodeHistory>(*shards_->ports().entropy);
  persistence_ = std::make_unique<persist::Persistence>(
      persist::Persistence::Setup{.set = shards_.get(),
                                  .scripting = scripting_.get(),
                                  .redis_version = std::string(kRedisVersion),
                                  .history = history_.get()},
      options_.persist);
  replication_ = std::make_unique<replication::Replication>(
      replication::Replication::Setup{
          .set = shards_.get(), .persistence = persistence_.get(), .history = history_.get()},
      options_.replication, options_.net);
  for (size_t id = 0; id < shards_->size(); ++id)
    shells_.push_back(std::make_unique<ShardShell>(shards_->at(id), options_.net));
  if (options_.is_sentinel) {
    Result<std::unique_ptr<SentinelNode>> made = SentinelNode::make(*this, shells_[0]->loop());
    if (!made.ok()) return made.error();
    sentinel_ = *std::move(made);
    set_log_role('X');
  }
  if (Status opened = open_listeners(options_); !opened.ok()) return opened;

  shells_[0]->set_acceptor([this] {
    for (const auto& listener : listeners_)
      listener->accept_waiting();
  });
  net::ignore_sigpipe();
  signals_ = std::make_unique<net::Signals>(shells_[0]->loop(),
                                            std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP},
                                            [this](int signal) { on_signal(signal); });
  shutdown_timer_ = std::make_unique<net::Timer>(shells_[0]->loop(), [this] { check_shutdown(); });
  if (options_.net.metrics_port != 0) {
    metrics_ = std::make_unique<admin::MetricsPage>(
        admin::MetricsOptions{.bind = options_.net.bind,
                              .port = static_cast<uint16_t>(options_.net.metrics_port)},
        [this](auto done) { collect_snapshot(*this, std::move(done)); });
    if (Status started = metrics_->start(); !started.ok()) return started;
  }
  return {};
}

// Loads the certificates, and replaces all listeners if their options differ. If that fails there
// are no listeners left; if the certificates fail, nothing changes. Shard 0's thread, or with shard
// 0 held.
Status Server::open_listeners(const ServerOptions& wanted) {
  std::shared_ptr<net::TlsContext> tls;
  if (wanted.net.tls.port != 0) {
    Result<std::shared_ptr<net::TlsContext>> made = net::TlsContext::server(wanted.net.tls);
    if (!made.ok()) return made.error();
    tls = *made;
  }
  if (has_same_listeners(wanted.net, options_.net) && !listeners_.empty()) {
    tls_ = std::move(tls);
    return {};
  }
  // The old sockets must be closed before the new ones can bind to their addresses.
  listeners_.clear();
  tcp_port_ = 0;
  if (Status listening = listen_on_all(wanted); !listening.ok()) {
    listeners_.clear();
    return listening;
  }
  tls_ = std::move(tls);
  return {};
}

Status Server::listen_on_all(const ServerOptions& wanted) {
  net::Loop& loop = shells_[0]->loop();
  const auto listen = [&](int64_t port, bool is_tls) -> Status {
    if (port == 0) return {};
    Result<std::unique_ptr<net::Listener>> listener = net::Listener::tcp(
        loop,
        {.bind = wanted.net.bind,
         .port = static_cast<uint16_t>(port),
         .backlog = static_cast<int>(wanted.net.tcp_backlog),
         .mark = static_cast<int>(wanted.net.socket_mark_id)},
        [this, is_tls](int fd, const net::Address& peer) { accept(fd, peer, is_tls); });
    if (!listener.ok()) {
      return Error::text("Failed listening on port " + std::to_string(port) + " (" +
                         (is_tls ? "TLS" : "TCP") + "), aborting. " +
                         std::string(listener.error().message()));
    }
    if (!is_tls) tcp_port_ = (*listener)->port();
    listeners_.push_back(*std::move(listener));
    return {};
  };
  if (Status plain = listen(wanted.net.port, false); !plain.ok()) return plain;
  if (Status secure = listen(wanted.net.tls.port, true); !secure.ok()) return secure;
  if (!wanted.net.unixsocket.empty()) {
    Result<std::unique_ptr<net::Listener>> listener = net::Listener::unix_socket(
        loop,
        {.path = wanted.net.unixsocket,
         .mode = static_cast<unsigned>(wanted.net.unixsocketperm),
         .backlog = static_cast<int>(wanted.net.tcp_backlog)},
        [this](int fd, const net::Address& peer) { accept(fd, peer, false); });
    if (!listener.ok())
      return Error::text("Failed opening Unix socket: " + std::string(listener.error().message()));
    listeners_.push_back(*std::move(listener));
  }
  return {};
}

void Server::accept(int fd, const net::Address& peer, bool is_tls) {
  if (shards_->session_count.load(std::memory_order_relaxed) >=
      static_cast<size_t>(options_.net.maxclients)) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    refuse(fd, is_tls ? std::string_view() : kMaxClientsError);
    return;
  }
  if (options_.net.protected_mode && shards_->acl().default_user()->needs_no_password &&
      !peer.is_loopback()) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    refuse(fd, is_tls ? std::string_view() : kProtectedModeError);
    return;
  }
  net::set_no_delay(fd);
  if (options_.net.tcp_keepalive_s > 0) {
    // A connection without keepalive probes is served all the same.
    if (Status set = net::set_keepalive(fd, std::chrono::seconds(options_.net.tcp_keepalive_s));
        !set.ok())
      log(LogLevel::kVerbose, set.error().message());
  }
  const auto fewest = std::ranges::min_element(
      shells_, {}, [](const auto& shell) { return shell->connection_count(); });
  const auto id = static_cast<size_t>(fewest - shells_.begin());
  shells_[id]->expect_connection();
  shards_->session_count.fetch_add(1, std::memory_order_relaxed);

  const net::Address local = net::local_address(fd);
  auto client = std::make_shared<ShardShell::NewClient>(ShardShell::NewClient{
      .transport = is_tls ? net::Transport::tls(fd, *tls_) : net::Transport::plain(fd),
      .address = peer.is_unix() ? local.host() + ":0" : peer.text(),
      .local_address = peer.is_unix() ? local.host() + ":0" : local.text(),
      .is_unix_socket = peer.is_unix(),
      .is_local = peer.is_loopback()});
  if (id == 0) {
    shells_[0]->open(std::move(*client));
    return;
  }
  ShardShell* shell = shells_[id].get();
  shards_->submit(id, [shell, client](engine::Shard&) { shell->open(std::move(*client)); });
}

int Server::run() {
  std::vector<std::thread> threads;
  for (size_t id = 1; id < shells_.size(); ++id) {
    threads.push_back(start_thread("kv-shard-" + std::to_string(id),
                                   [shell = shells_[id].get()] { shell->run(); }));
  }
  log(LogLevel::kNotice, "Server initialized",
      {{"shards", std::to_string(shards_->size())}, {"version", std::string(kVersion)}});
  begin_serving();
  shells_[0]->run();

  metrics_.reset();
  sentinel_.reset();
  for (std::thread& thread : threads)
    thread.join();
  replication_->finish();
  persistence_->finish();
  listeners_.clear();
  signals_.reset();
  shutdown_timer_.reset();
  log(LogLevel::kWarning, "kvstash is now ready to exit, bye bye...");
  return exit_code_;
}

void Server::begin_serving() {
  if (sentinel_ == nullptr) {
    persistence_->start([this](const Status& loaded) { on_loaded(loaded); });
    return;
  }
  log(LogLevel::kNotice, "Running mode=sentinel, port=" + std::to_string(options_.net.port) + ".");
  sentinel_->shell().start();
  on_loaded({});  // There is no data.
}

// Called on the loading thread. Without its data the server must not go on.
void Server::on_loaded(const Status& loaded) {
  if (!loaded.ok()) {
    log(LogLevel::kWarning, loaded.error().message());
    log(LogLevel::kWarning, "Fatal error loading the DB, check server logs. Exiting.");
    std::_Exit(1);  // Other threads still run, so nothing of theirs may be destroyed.
  }
  has_loaded_ = true;
  replication_->start();
  log(LogLevel::kNotice, "Ready to accept connections");
  // Shard 0 reads options that clients may change now.
  shards_->submit(0, [this](engine::Shard&) { tell_supervisor(kReadyMessage); });
}

std::string Server::describe(const engine::Session& session, int64_t now_ms) const {
  std::string line = commands::client_line(session, now_ms);
  line.pop_back();  // The line feed.
  return line;
}

Status Server::load_acl() {
  if (options_.engine.aclfile.empty()) return no_acl_file();
  Status loaded = load_acl_file(options_.engine.aclfile, shards_->acl());
  if (loaded.ok()) return loaded;
  return Error::text("ERR " + std::string(loaded.error().message()));
}

Status Server::save_acl() {
  if (options_.engine.aclfile.empty()) return no_acl_file();
  const Status saved = save_acl_file(options_.engine.aclfile, shards_->acl());
  if (saved.ok()) return {};
  log(LogLevel::kWarning, saved.error().message());
  return Error::literal(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more "
      "information");
}

Status Server::set_primary(std::string_view host, uint16_t port) {
  ServerOptions next = options_;
  next.replication.primary_host = host;
  next.replication.primary_port = port;
  return change_options(std::move(next), false);
}

void Server::flushed_all() {
  if (!options_.persist.save.empty()) persistence_->save_emptied();
}

std::optional<Instant> Server::tls_not_after() const {
  return tls_ == nullptr ? std::nullopt : tls_->not_after();
}

uint16_t Server::tcp_port() const {
  return tcp_port_;
}

Status Server::change_options(ServerOptions next, bool reads_certificates) {
  // At start, fewer clients than asked for are better than no server; at run time the change is
  // refused.
  if (next.net.maxclients > options_.net.maxclients) {
    const int64_t fits = fit_descriptor_limit(next.net.maxclients);
    if (fits < next.net.maxclients)
      return Error::text(
          "The operating system is not able to handle the specified number of clients, try with " +
          std::to_string(fits));
  }
  if (next.process.dir != options_.process.dir && ::chdir(next.process.dir.c_str()) != 0)
    return Error::literal("Can't chdir to the directory");
  const bool has_new_tls = reads_certificates || !(next.net.tls == options_.net.tls);
  if (has_new_tls || !has_same_listeners(next.net, options_.net)) {
    if (Status opened = open_listeners(next); !opened.ok()) {
      log(LogLevel::kWarning, opened.error().message());
      if (Status back = open_listeners(options_); !back.ok())
        log(LogLevel::kWarning, back.error().message());
      // The directory existed a moment ago; a failure here affects only relative paths used later.
      if (::chdir(options_.process.dir.c_str()) != 0)
        log(LogLevel::kWarning, "Can't go back to the working directory");
      return cannot_listen(next.net, options_.net);
    }
  }
  set_log_level(next.process.loglevel);
  const bool has_new_password = next.engine.requirepass != options_.engine.requirepass;
  options_ = std::move(next);
  ++options_version_;
  persistence_->take_up_options(options_.persist);
  replication_->take_up_options(options_.replication, options_.net);
  if (has_new_password) shards_->acl().set_default_password(options_.engine.requirepass);
  for (size_t id = 0; id < shards_->size(); ++id)
    shards_->at(id).take_up_options();
  return {};
}

void Server::change_log_level(std::string_view level) {
  const std::string_view words[] = {"loglevel", level};
  Result<ServerOptions> changed = apply(options_, words, {});
  ensure(changed.ok());
  options_.process.loglevel = changed->process.loglevel;
  set_log_level(options_.process.loglevel);
}

// ---- Stopping.

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
    return;
  }
  const bool is_int = signal == SIGINT;
  if (shutdown_ && is_int) {
    log(LogLevel::kWarning, "You insist... exiting now.");
    std::_Exit(1);  // Other threads still run, so nothing of theirs may be destroyed.
  }
  log(LogLevel::kWarning, is_int ? "Received SIGINT scheduling shutdown..."
                                 : "Received SIGTERM scheduling shutdown...");
  const ProcessOptions& process = options_.process;
  const auto mode = is_int ? process.shutdown_on_sigint : process.shutdown_on_sigterm;
  begin_shutdown({.is_now = (mode & shutdown_mode::kNow) != 0,
                  .is_forced = (mode & shutdown_mode::kForce) != 0,
                  .saves = (mode & shutdown_mode::kSave) != 0,
                  .forbids_saving = (mode & shutdown_mode::kNoSave) != 0},
                 0);
}

void Server::tell_supervisor(std::string_view message) const {
  if (has_systemd(options_.process)) notify_supervisor(message);
}

void Server::begin_shutdown(ShutdownRequest request, uint64_t asker) {
  if (asker != 0) shutdown_askers_.push_back(asker);
  if (shutdown_) {
    if (request.is_now) shutdown_at_ms_ = 0;
    return;
  }
  shutdown_ = request;
  log(LogLevel::kWarning, "User requested shutdown...");
  if (!has_loaded_) {
    log(LogLevel::kWarning, "Data is being loaded, so nothing has changed. Exiting now.");
    std::_Exit(0);  // Other threads still run, so nothing of theirs may be destroyed.
  }
  tell_supervisor("STOPPING=1\n");
  is_stopping_.store(true, std::memory_order_relaxed);
  listeners_.clear();
  const int64_t patience_ms = request.is_now ? 0 : options_.process.shutdown_timeout_s * 1000;
  shutdown_at_ms_ = to_ms(wall_now()) + patience_ms;
  // Nothing is written any more, and replicas get what was.
  replication_->primary_end().hold_pings(true);
  const replication::PrimaryEnd::InSync replicas = replication_->primary_end().in_sync();
  if (patience_ms != 0 && replicas.in_sync < replicas.online)
    log(LogLevel::kNotice, "Waiting for replicas before shutting down.");
  for (size_t id = 0; id < shells_.size(); ++id)
    shards_->submit(id, [shell = shells_[id].get()](engine::Shard&) { shell->drain(); });
  shutdown_timer_->start_repeating(kShutdownCheckPeriod);
}

bool Server::abort_shutdown() {
  if (!shutdown_ || has_stopped_ || is_saving_at_end_) return false;
  if (!give_up_shutdown(kShutdownAbortedError)) return false;
  log(LogLevel::kNotice, "Shutdown manually aborted.");
  return true;
}

// The server goes on; those who asked for the shutdown get `error`. False: it cannot go on.
bool Server::give_up_shutdown(std::string_view error) {
  // Without its listeners the server is of no use, so the shutdown goes on.
  if (Status opened = open_listeners(options_); !opened.ok()) {
    log(LogLevel::kWarning, opened.error().message());
    return false;
  }
  shutdown_.reset();
  replication_->primary_end().hold_pings(false);
  shutdown_timer_->stop();
  is_stopping_.store(false, std::memory_order_relaxed);
  for (size_t id = 0; id < shells_.size(); ++id) {
    shards_->submit(id, [shell = shells_[id].get(), askers = shutdown_askers_,
                         error = std::string(error)](engine::Shard& on) {
      for (const uint64_t asker : askers) {
        engine::Session* session = on.clients().find(asker);
        if (session == nullptr) continue;
        session->replies.push(error);
        on.clients().note_ready(*session);
      }
      shell->undrain();
    });
  }
  shutdown_askers_.clear();
  tell_supervisor(kReadyMessage);
  return true;
}

void Server::check_shutdown() {
  if (has_stopped_) {
    if (replication_->has_ended()) end_shards();
    return;
  }
  const bool is_drained =
      std::ranges::all_of(shells_, [](const auto& shell) { return shell->is_drained(); });
  const bool is_late = to_ms(wall_now()) >= shutdown_at_ms_;
  if (is_saving_at_end_ || (!is_drained && !is_late)) return;
  const replication::PrimaryEnd::InSync replicas = replication_->primary_end().in_sync();
  if (replicas.in_sync < replicas.online && !is_late) return;
  if (replicas.online != 0)
    log(LogLevel::kNotice, std::to_string(replicas.in_sync) + " of " +
                               std::to_string(replicas.online) +
                               " replicas are in sync when shutting down.");
  if (!saves_at_shutdown()) {
    stop_shards();
    return;
  }
  is_saving_at_end_ = true;
  log(LogLevel::kNotice, "Saving the final RDB snapshot before exiting.");
  persistence_->save_at_end([this](const Status& saved) {
    shards_->submit(0, [this, is_saved = saved.ok()](engine::Shard&) { end_saving(is_saved); });
  });
}

bool Server::saves_at_shutdown() const {
  if (sentinel_ != nullptr) return false;
  if (shards_->is_loading()) return false;  // A primary's snapshot: half of it is of no use.
  if (shutdown_->saves) return true;
  return !shutdown_->forbids_saving && !options_.persist.save.empty();
}

// Data is never lost silently: a shutdown that cannot save ends, unless it is forced.
void Server::end_saving(bool is_saved) {
  is_saving_at_end_ = false;
  if (!shutdown_) return;
  if (is_saved || shutdown_->is_forced) {
    stop_shards();
    return;
  }
  log(LogLevel::kWarning, "Error trying to save the DB, can't exit.");
  give_up_shutdown("-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
}

// The thread that follows a primary needs the shards until it has ended.
void Server::stop_shards() {
  has_stopped_ = true;
  replication_->begin_end();
}

void Server::end_shards() {
  shutdown_timer_->stop();
  // Shard 0 is told last: it runs this function, and its loop must run until the others have been
  // told.
  for (size_t id = shells_.size(); id-- > 0;)
    shards_->submit(id, [shell = shells_[id].get()](engine::Shard&) { shell->stop(); });
}

}  // namespace kvstash::server
