#include "persist/commands/dump.h"

#include "base/log.h"
#include "base/numbers.h"
#include "commands/shared/container_options.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/key.h"
#include "engine/options.h"
#include "engine/shard.h"
#include "persist/rdb/access_clock.h"
#include "persist/rdb/payload.h"
#include "persist/rdb/value_reader.h"
#include "persist/rdb/value_writer.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvstash::persist {
namespace {

using engine::ArgReader;
using engine::Call;
using engine::EvictionPolicy;
using engine::Key;
namespace errors = engine::errors;
namespace notify = engine::notify;

// The version for an entry: what the operator chose; unless it is pinned to 10, what the value
// needs.
unsigned version_of(const engine::EngineOptions& options, const store::Entry& entry) {
  const auto chosen = static_cast<unsigned>(options.rdb_version);
  return chosen == rdb::kVersionUsual ? rdb::version_for(entry) : chosen;
}

// ---- RESTORE.

struct RestoreOptions {
  bool replaces = false;
  bool is_absolute = false;       // The ttl is a time, not a duration.
  std::optional<int64_t> idle_s;  // One of the two at most.
  std::optional<int64_t> frequency;
};

Result<RestoreOptions> parse_options(ArgReader args) {
  RestoreOptions options;
  while (!args.done()) {
    if (args.take("REPLACE")) {
      options.replaces = true;
    } else if (args.take("ABSTTL")) {
      options.is_absolute = true;
    } else if (!options.frequency && args.take_with("IDLETIME")) {
      const Result<int64_t> idle_s = args.integer();
      if (!idle_s.ok()) return idle_s.error();
      if (*idle_s < 0) return Error::literal("ERR Invalid IDLETIME value, must be >= 0");
      options.idle_s = *idle_s;
    } else if (!options.idle_s && args.take_with("FREQ")) {
      const Result<int64_t> frequency = args.integer();
      if (!frequency.ok()) return frequency.error();
      if (*frequency < 0 || *frequency > UINT8_MAX)
        return Error::literal("ERR Invalid FREQ value, must be >= 0 and <= 255");
      options.frequency = *frequency;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

Result<int64_t> parse_ttl(std::string_view text) {
  const std::optional<int64_t> ttl = parse_int64(text);
  if (!ttl) return errors::not_an_integer();
  if (*ttl < 0) return Error::literal("ERR Invalid TTL value, must be >= 0");
  return *ttl;
}

// The deadline that the ttl and the options mean; none: the key will not expire.
Result<Key::Deadline> deadline_of(const Call& call, int64_t ttl, bool is_absolute) {
  if (ttl == 0) return Key::Deadline();
  if (is_absolute) return Key::Deadline(ttl);
  const std::optional<int64_t> deadline_ms = checked_add(ttl, call.now_ms());
  if (!deadline_ms) return errors::invalid_expire(call.command().name);
  return Key::Deadline(*deadline_ms);
}

rdb::ReadOptions read_options(Call& call) {
  return {.hash = commands::hash_options(call),
          .set = commands::set_options(call),
          .sorted_set = commands::sorted_set_options(call),
          .list = commands::list_limits(call)};
}

// A payload is checked in full whatever sanitize-dump-payload says: clients can send any bytes.
Result<rdb::Value> value_of(Call& call, const rdb::Payload& payload) {
  Result<rdb::Value> value =
      rdb::read_value(payload.type, payload.dialect, payload.value, read_options(call));
  if (value.ok() && !value->is_empty()) return value;
  log(LogLevel::kVerbose,
      "RESTORE refused a payload: " +
          std::string(value.ok() ? "The value has no elements" : value.error().message()));
  return Error::literal("ERR Bad data format");
}

void store_value(Key& key, rdb::Value value, Key::Deadline deadline) {
  if (value.is_string()) {
    key.set_string(value.text(), deadline);
  } else {
    key.set_object(value.type(), value.release(), deadline);
  }
}

void set_access(const Call& call, Key& key, const RestoreOptions& options) {
  const EvictionPolicy policy = call.options().maxmemory_policy;
  const bool is_lfu =
      policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kAllkeysLfu;
  if (is_lfu && options.frequency) {
    key.entry().set_access(
        rdb::lfu_clock_of_frequency(static_cast<uint8_t>(*options.frequency), call.now_ms()));
  } else if (!is_lfu && options.idle_s) {
    key.entry().set_access(
        rdb::lru_clock_of_idle(static_cast<uint64_t>(*options.idle_s), call.now_ms()));
  }
}

// The payload for the log: as it was sent, unless its version is beyond what is written here. Then
// readers of the log might not know it, and the value is written anew if a lower version holds it.
std::string_view recorded_payload(const Call& call, const Key& key, unsigned version,
                                  std::string& scratch) {
  const unsigned written = version_of(call.options(), key.entry());
  if (version <= written || !rdb::check_writable(key.entry(), written).ok()) return call.arg(3);
  scratch = rdb::dump_payload(key.entry(), written, call.options().rdbcompression);
  return scratch;
}

// The log gets the deadline as a time.
void record_restore(Call& call, const Key& key, const RestoreOptions& options, unsigned version) {
  if (!call.wants_effects()) return;
  std::string scratch;
  const std::string_view payload = recorded_payload(call, key, version, scratch);
  const bool is_as_sent = !key.deadline() || options.is_absolute;
  if (is_as_sent && payload.data() == call.arg(3).data()) return;
  char digits[kInt64CharsMax];
  const size_t size = format_int64(digits, key.deadline().value_or(0));
  std::vector<std::string_view> rest(call.args_from(4).begin(), call.args_from(4).end());
  if (!is_as_sent) rest.emplace_back("ABSTTL");
  call.record({"RESTORE", key.name(), std::string_view(digits, size), payload}, rest);
}

// Removes the key that is to be replaced. Returns whether it was there.
bool remove_old(Call& call) {
  Key old = call.write(1);
  if (!old.exists()) return false;
  old.erase();
  return true;
}

}  // namespace

Result<std::string> payload_of(const engine::EngineOptions& options, const store::Entry& entry) {
  const unsigned version = version_of(options, entry);
  if (const Status writable = rdb::check_writable(entry, version); !writable.ok())
    return Error::text("ERR " + std::string(writable.error().message()) + " (rdb-version)");
  return rdb::dump_payload(entry, version, options.rdbcompression);
}

Status dump(Call& call) {
  const Key key = call.read(1);
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  const Result<std::string> payload = payload_of(call.options(), key.entry());
  if (!payload.ok()) return payload.error();
  call.reply().bulk(*payload);
  return {};
}

Status restore(Call& call) {
  const Result<RestoreOptions> options = parse_options(ArgReader(call.args_from(4)));
  if (!options.ok()) return options.error();
  if (!options->replaces && call.read(1).exists())
    return Error::literal("BUSYKEY Target key name already exists.");
  const Result<int64_t> ttl = parse_ttl(call.arg(2));
  if (!ttl.ok()) return ttl.error();
  const std::optional<rdb::Payload> payload =
      rdb::open_payload(call.arg(3), !call.worker().skips_dump_checksums);
  if (!payload) return Error::literal("ERR DUMP payload version or checksum are wrong");
  Result<rdb::Value> value = value_of(call, *payload);
  if (!value.ok()) return value.error();
  const Result<Key::Deadline> deadline = deadline_of(call, *ttl, options->is_absolute);
  if (!deadline.ok()) return deadline.error();

  const bool was_there = options->replaces && remove_old(call);
  Key key = call.write(1);
  call.reply().ok();
  if (*deadline && call.is_past(**deadline)) {
    if (was_there) {
      key.changed(notify::kGeneric, "del");
      call.record({"DEL", key.name()});
    }
    return {};
  }
  store_value(key, *std::move(value), *deadline);
  set_access(call, key, *options);
  key.changed(notify::kGeneric, "restore");
  record_restore(call, key, *options, payload->version);
  return {};
}

}  // namespace kvstash::persist
