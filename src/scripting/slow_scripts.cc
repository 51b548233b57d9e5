#include "scripting/slow_scripts.h"

#include "engine/command/errors.h"

#include <algorithm>

namespace kvstash::scripting {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

Error busy_with(const SlowScript& script) {
  return Error::literal(engine::errors::busy(script.is_function ? engine::BusyWith::kFunction
                                                                : engine::BusyWith::kScript));
}

}  // namespace

void SlowScripts::enter(SlowScript& script) {
  const std::lock_guard guard(lock_);
  scripts_.push_back(&script);
  count_.store(scripts_.size(), std::memory_order_relaxed);
}

void SlowScripts::leave(SlowScript& script) {
  const std::lock_guard guard(lock_);
  std::erase(scripts_, &script);
  count_.store(scripts_.size(), std::memory_order_relaxed);
}

Status SlowScripts::kill(bool functions) {
  const std::lock_guard guard(lock_);
  if (scripts_.empty()) return Error::literal("NOTBUSY No scripts in execution right now.");
  bool has_killed = false;
  const SlowScript* writer = nullptr;
  for (SlowScript* script : scripts_) {
    if (script->has_written.load(std::memory_order_relaxed)) {
      writer = script;
    } else if (script->is_function == functions) {
      auto none = SlowScript::Wish::kNone;
      script->wish.compare_exchange_strong(none, SlowScript::Wish::kKill);
      has_killed = true;
    }
  }
  if (has_killed) return {};
  if (writer == nullptr) return busy_with(*scripts_.front());
  return Error::literal(
      "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
      "either wait the script termination or kill the server in a hard way using the SHUTDOWN "
      "NOSAVE command.");
}

bool SlowScripts::begin_writing(SlowScript& script) {
  const std::lock_guard guard(lock_);
  if (script.wish.load() != SlowScript::Wish::kNone) return false;
  script.has_written.store(true);
  return true;
}

void SlowScripts::end_all() {
  const std::lock_guard guard(lock_);
  for (SlowScript* script : scripts_)
    script->wish.store(SlowScript::Wish::kShutdown);
}

Status SlowScripts::describe(resp::ReplyWriter& to, int64_t now_ns) const {
  const std::lock_guard guard(lock_);
  const auto function =
      std::ranges::find_if(scripts_, [](const SlowScript* script) { return script->is_function; });
  if (function == scripts_.end()) {
    if (!scripts_.empty()) return busy_with(*scripts_.front());
    to.null();
    return {};
  }
  to.map(3);
  to.bulk("name");
  to.bulk((*function)->name);
  to.bulk("command");
  to.array((*function)->command.size());
  for (const std::string& arg : (*function)->command)
    to.bulk(arg);
  to.bulk("duration_ms");
  to.integer((now_ns - (*function)->began_ns) / kNsPerMs);
  return {};
}

Status SlowScripts::refuse_saving() const {
  const std::lock_guard guard(lock_);
  if (scripts_.empty()) return {};
  return busy_with(*scripts_.front());
}

}  // namespace kvstash::scripting
