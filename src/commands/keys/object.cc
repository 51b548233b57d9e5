// OBJECT: how a value is kept and how much it is used. Also MEMORY USAGE. Declared in keys.h.
#include "commands/keys/keys.h"
#include "commands/shared/help.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/eviction.h"

#include <limits>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::EngineOptions;
using engine::EvictionPolicy;
using engine::Key;
namespace errors = engine::errors;

// Redis shares the objects of integers from 0 to kSharedIntegers - 1, and shows kSharedReferences
// as their reference count.
constexpr int64_t kSharedIntegers = 10'000;
constexpr int64_t kSharedReferences = std::numeric_limits<int32_t>::max();

bool is_lfu(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLfu || policy == EvictionPolicy::kAllkeysLfu;
}

bool is_lru(EvictionPolicy policy) {
  return policy == EvictionPolicy::kVolatileLru || policy == EvictionPolicy::kAllkeysLru;
}

// Small integers are not shared if each entry needs an access clock of its own.
bool shares_integers(const EngineOptions& options) {
  const EvictionPolicy policy = options.maxmemory_policy;
  return options.maxmemory_bytes == 0 || (!is_lfu(policy) && !is_lru(policy));
}

bool is_small_integer(const store::Entry& entry) {
  return entry.type() == store::ValueType::kString && entry.encoding() == store::Encoding::kInt &&
         entry.integer() >= 0 && entry.integer() < kSharedIntegers;
}

}  // namespace

Status object_encoding(Call& call) {
  const Key key = call.inspect(2);
  if (key.exists()) {
    call.reply().bulk(store::encoding_name(key.entry().encoding()));
  } else {
    call.reply().null();
  }
  return {};
}

Status object_freq(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  const EngineOptions& options = call.options();
  if (!is_lfu(options.maxmemory_policy)) {
    return Error::literal(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
  }
  call.reply().integer(
      store::lfu_counter(key.entry().access(), call.now_ms(), options.lfu_decay_time_min));
  return {};
}

Status object_help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "IDLETIME <key>",
      "    Return the idle time of the <key>, that is the approximated number of",
      "    seconds elapsed since the last access to the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>.",
  };
  return reply_help(call, kLines);
}

Status object_idletime(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  if (is_lfu(call.options().maxmemory_policy)) {
    return Error::literal(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  call.reply().integer(store::idle_ms(key.entry().access(), call.now_ms()) / 1000);
  return {};
}

Status object_refcount(Call& call) {
  const Key key = call.inspect(2);
  if (!key.exists()) {
    call.reply().null();
    return {};
  }
  const bool is_shared = shares_integers(call.options()) && is_small_integer(key.entry());
  call.reply().integer(is_shared ? kSharedReferences : 1);
  return {};
}

// MEMORY USAGE counts every byte, so SAMPLES is parsed and otherwise ignored.
Status memory_usage(Call& call) {
  for (ArgReader args(call.args_from(3)); !args.done();) {
    if (!args.take_with("SAMPLES")) return errors::syntax();
    const Result<int64_t> samples = args.integer();
    if (!samples.ok()) return samples.error();
    if (*samples < 0) return errors::syntax();
  }
  const Key key = call.inspect(2);
  if (key.exists()) {
    call.reply().integer(static_cast<int64_t>(store::Keyspace::bytes_of(key.entry())));
  } else {
    call.reply().null();
  }
  return {};
}

}  // namespace kvstash::commands
