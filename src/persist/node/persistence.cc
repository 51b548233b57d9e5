#include "persist/node/persistence.h"

#include "base/log.h"
#include "engine/data/databases.h"
#include "engine/shard.h"

#include <chrono>
#include <utility>

namespace kvstash::persist {
namespace {

using engine::Hold;
using engine::Shard;

// The saving thread looks so often whether a save point or a rewrite is due.
constexpr int64_t kLookPeriodNs = 100'000'000;
constexpr std::chrono::milliseconds kLogPollPeriod{1};

}  // namespace

Persistence::Persistence(Setup setup, const PersistOptions& options)
    : node_(*setup.set, *setup.scripting, std::move(setup.redis_version), *setup.history, options),
      do_reads_wait_(options.appendfsync == FsyncPolicy::kAlways),
      waits_(node_.set()),
      refusal_(node_),
      journal_(node_),
      cuts_(node_, waits_, journal_),
      load_(node_, waits_),
      log_(node_, waits_, journal_, cuts_, refusal_),
      saves_(node_, cuts_),
      mover_(node_.set(), waits_) {
  node_.set().set_persistence(*this);
  node_.set().set_turn_work(this);
}

Persistence::~Persistence() {
  finish();
}

void Persistence::take_up_options(const PersistOptions& options) {
  node_.set_options(options);
  do_reads_wait_ = options.appendfsync == FsyncPolicy::kAlways;
  log_.take_up_options();
  load_.take_up_options();
  refusal_.update();
  save_thread_.wake();
}

// ---- The start and the end.

void Persistence::start(std::function<void(Status)> loaded) {
  if (has_nothing_to_load()) {
    start_jobs();
    loaded({});
    return;
  }
  node_.set().set_loading(true);
  load_thread_ = node_.set().ports().threads->start("kv-load", [this, loaded = std::move(loaded)] {
    Status done = load();
    if (done.ok()) {
      node_.set().set_loading(false);
      start_jobs();
    }
    loaded(std::move(done));
  });
}

// Whether the server can serve at once: an empty server should never tell anybody that it loads.
bool Persistence::has_nothing_to_load() const {
  const PersistOptions now = node_.options();
  if (now.appendonly) return false;
  const Result<std::optional<Disk::FileInfo>> found = node_.disk().find(now.dbfilename);
  return found.ok() && !*found;
}

Status Persistence::load() {
  const int64_t began_ns = node_.now_ns();
  const bool is_log = node_.options().appendonly;
  Status done = is_log ? log_.load(load_) : load_rdb();
  if (!done.ok()) return done;
  const LoadProgress& progress = load_.progress();
  if (progress.bytes_loaded == 0) return {};
  log(LogLevel::kNotice, is_log ? "DB loaded from append only file" : "DB loaded from disk",
      {{"seconds", std::to_string(static_cast<double>(node_.now_ns() - began_ns) / 1e9)},
       {"keys", std::to_string(progress.keys_loaded)},
       {"keys_expired", std::to_string(progress.keys_expired)}});
  return {};
}

// If the file says where the stream stood, replicas can go on from there.
Status Persistence::load_rdb() {
  const Result<std::optional<LoadedStream>> stream = load_.load_rdb({});
  if (!stream.ok()) return stream.error();
  if (!*stream) return {};
  journal_.begin_at((*stream)->offset, *stream);
  waits_.hold_all([this](const Hold&) { journal_.attach(NodeJournal::User::kReplicas); });
  return {};
}

void Persistence::start_jobs() {
  save_thread_.start("kv-save", node_.set().ports(), [this] { return run_jobs(); });
}

void Persistence::finish() {
  if (load_thread_ != nullptr) load_thread_->join();
  load_thread_ = nullptr;
  waits_.end();
  cuts_.give_up("the server ends");
  cuts_.give_up_sending("the server ends");
  mover_.stop();
  save_thread_.stop();
  log_.finish();
  journal_.finish();
  cuts_.finish();
  node_.set().set_turn_work(nullptr);
}

bool Persistence::step(Shard& shard, uint64_t turn_ns) {
  saves_.publish(shard);
  return cuts_.step(shard, turn_ns);
}

// ---- Commands.

void Persistence::save(engine::LaterAnswer answer) {
  {
    const std::lock_guard guard(lock_);
    if (save_job_.is_running || save_job_.is_wanted) {
      answer([](resp::ReplyWriter& to) { to.error("ERR Background save already in progress"); });
      return;
    }
  }
  save_then([answer = std::move(answer)](const Status& done) {
    const bool is_ok = done.ok();
    answer([is_ok](resp::ReplyWriter& to) {
      if (is_ok) {
        to.ok();
      } else {
        to.error("ERR");
      }
    });
  });
}

void Persistence::save_at_end(Done done) {
  cuts_.give_up("the server ends, and saves once more");
  save_then(std::move(done));
}

void Persistence::save_emptied() {
  saves_.count_as_saved();
  const std::lock_guard guard(lock_);
  if (save_job_.is_running) cuts_.give_up("FLUSHALL has dropped what it saves");
  save_job_.is_wanted = true;
  save_thread_.wake();
}

void Persistence::save_then(Done done) {
  {
    const std::lock_guard guard(lock_);
    save_job_.is_wanted = true;
    save_waits_.push_back(std::move(done));
  }
  save_thread_.wake();
}

Result<std::string_view> Persistence::save_in_background(bool schedules, bool in_transaction) {
  const std::lock_guard guard(lock_);
  if (save_job_.is_running) return Error::literal("ERR Background save already in progress");
  const bool is_busy = rewrite_job_.is_running || in_transaction;
  if (is_busy && !schedules && !in_transaction) {
    return Error::literal(
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE "
        "in order to schedule a BGSAVE whenever possible.");
  }
  is_save_background_ = true;
  save_job_ = {.is_wanted = true, .is_running = !is_busy, .began_s = node_.unix_s()};
  save_thread_.wake();
  return std::string_view(is_busy ? "Background saving scheduled" : "Background saving started");
}

Result<std::string_view> Persistence::rewrite_in_background(bool in_transaction) {
  const std::lock_guard guard(lock_);
  if (rewrite_job_.is_running) {
    return Error::literal("ERR Background append only file rewriting already in progress");
  }
  const bool is_busy = save_job_.is_running || in_transaction;
  rewrite_job_ = {.is_wanted = true, .is_running = !is_busy, .began_s = node_.unix_s()};
  save_thread_.wake();
  return std::string_view(is_busy ? "Background append only file rewriting scheduled"
                                  : "Background append only file rewriting started");
}

void Persistence::reload(Reload reload, engine::LaterAnswer answer) {
  {
    const std::lock_guard guard(lock_);
    wants_reload_ = reload;
    reload_waits_.push_back([answer = std::move(answer)](const Status& done) {
      const std::string error = done.ok() ? "" : "ERR " + std::string(done.error().message());
      answer([error](resp::ReplyWriter& to) {
        if (error.empty()) {
          to.ok();
        } else {
          to.error(error);
        }
      });
    });
  }
  save_thread_.wake();
}

// ---- A full synchronization.

void Persistence::suspend_log() {
  is_log_quiet_ = false;
  is_log_suspended_ = true;
  cuts_.give_up("a full synchronization replaces the data");
  save_thread_.wake();
  while (!is_log_quiet_ && !waits_.has_ended())
    waits_.rest(kLogPollPeriod);
}

void Persistence::resume_log() {
  is_log_suspended_ = false;
  save_thread_.wake();
}

// ---- Jobs.

std::optional<int64_t> Persistence::run_jobs() {
  turn_log_on_or_off();
  // A primary's snapshot is being loaded: there is nothing whole to be saved.
  if (node_.set().is_loading()) return node_.now_ns() + kLookPeriodNs;
  bool saves;
  bool rewrites;
  bool reloads;
  {
    const std::lock_guard guard(lock_);
    saves = std::exchange(save_job_.is_wanted, false);
    rewrites = !saves && std::exchange(rewrite_job_.is_wanted, false);
    reloads = wants_reload_.has_value();
  }
  if (saves || is_save_due()) {
    run_save();
  } else if (rewrites || log_.is_rewrite_due()) {
    run_rewrite();
  } else if (reloads) {
    run_reload();
  } else {
    return node_.now_ns() + kLookPeriodNs;
  }
  return node_.now_ns();
}

void Persistence::begin(Job& job) {
  const std::lock_guard guard(lock_);
  job.is_running = true;
  job.began_s = node_.unix_s();
}

bool Persistence::is_save_due() {
  if (!saves_.is_due(refusal_.was_save_ok())) return false;
  const std::lock_guard guard(lock_);
  is_save_background_ = true;
  return true;
}

void Persistence::run_save() {
  begin(save_job_);
  const Status done = saves_.save();
  bool is_background;
  std::vector<Done> waits;
  {
    const std::lock_guard guard(lock_);
    save_job_.is_running = false;
    is_background = std::exchange(is_save_background_, false);
    waits = std::exchange(save_waits_, {});
  }
  if (done.ok() || is_background) refusal_.note_save(done.ok());
  for (const Done& wait : waits)
    wait(done.ok() ? Status() : Status(Error::text(std::string(done.error().message()))));
}

void Persistence::run_rewrite() {
  begin(rewrite_job_);
  static_cast<void>(log_.rewrite().ok());  // It has told the log of the server.
  const std::lock_guard guard(lock_);
  rewrite_job_.is_running = false;
}

void Persistence::turn_log_on_or_off() {
  const bool wants = node_.options().appendonly && !is_log_suspended_;
  if (wants == log_.is_on()) {
    log_.note_turned(wants);
  } else if (!wants) {
    log_.turn_off();
  } else if (!log_.is_rewrite_put_off()) {
    run_rewrite();
  }
  if (!wants) is_log_quiet_ = true;
}

void Persistence::run_reload() {
  Reload reload;
  std::vector<Done> waits;
  {
    const std::lock_guard guard(lock_);
    reload = *std::exchange(wants_reload_, std::nullopt);
    waits = std::exchange(reload_waits_, {});
  }
  const Status done = load_again(reload);
  if (!done.ok()) log(LogLevel::kWarning, std::string(done.error().message()));
  for (const Done& wait : waits)
    wait(done.ok()
             ? Status()
             : Status(Error::literal("Error trying to load the RDB dump, check server logs")));
}

Status Persistence::load_again(const Reload& reload) {
  engine::ShardSet& set = node_.set();
  if (reload.from_aof && !log_.is_on()) return Error::literal("Error trying to load the AOF files");
  if (!reload.from_aof && reload.saves_first) {
    if (Status saved = saves_.write(); !saved.ok()) return saved;
  }
  if (reload.from_aof) log_.wait_until_written();
  set.set_loading(true);
  if (reload.flushes_first) {
    waits_.hold_all([&set](const Hold& hold) {
      for (int64_t db = 0; db < set.options().databases; ++db)
        engine::flush_db(hold, engine::DbIndex{static_cast<uint32_t>(db)},
                         engine::FlushMode::kAsync);
    });
  }
  Status done;
  if (reload.from_aof) {
    done = log_.load_again(load_);
  } else if (const auto loaded =
                 load_.load_rdb({.is_fresh = reload.flushes_first, .may_be_missing = false});
             !loaded.ok()) {
    done = loaded.error();
  }
  set.set_loading(false);
  return done;
}

// ---- What is told.

PersistFacts Persistence::facts() const {
  PersistFacts facts;
  {
    const std::lock_guard guard(lock_);
    facts.is_saving = save_job_.is_running;
    facts.is_save_scheduled = save_job_.is_wanted && !save_job_.is_running;
    facts.save_began_s = save_job_.began_s;
    facts.is_rewriting = rewrite_job_.is_running;
    facts.is_rewrite_scheduled = rewrite_job_.is_wanted && !rewrite_job_.is_running;
    facts.rewrite_began_s = rewrite_job_.began_s;
  }
  load_.tell(facts);
  refusal_.tell(facts);
  cuts_.tell(facts);
  saves_.tell(facts);
  journal_.tell(facts);
  log_.tell(facts);
  facts.uncounted_bytes = uncounted_bytes();
  return facts;
}

}  // namespace kvstash::persist
