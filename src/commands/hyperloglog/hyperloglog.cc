#include "commands/hyperloglog/hyperloglog.h"

#include "commands/hyperloglog/hyperloglog_key.h"
#include "engine/execution/call.h"

#include <string>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::HllEncoding;
using store::HllMark;
using store::HllRegisters;
using store::HllView;
namespace notify = engine::notify;

void make_empty(Key& key) {
  key.set_text(store::empty_hll(), store::Encoding::kRaw, std::nullopt);
}

// Opens the string for changes as raw bytes. Redis, too, keeps it raw once it was used.
std::span<char> open(Key& key) {
  return key.open_string(key.string_size());
}

// Raises the registers to those of the keys from argument `first` on; an absent key adds nothing.
// True if one of the HyperLogLogs is dense.
Result<bool> merge_keys(Call& call, size_t first, HllRegisters& registers) {
  bool has_dense = false;
  for (size_t i = first; i < call.argc(); ++i) {
    Key key = call.read(i);
    if (!key.exists()) continue;
    const Result<HllView> view = view_hll(key);
    if (!view.ok()) return view.error();
    if (!view->merge_into(registers)) return corrupt_hll();
    has_dense = has_dense || view->encoding() == HllEncoding::kDense;
  }
  return has_dense;
}

// Replies the cached count. If there is none it computes and caches one, which is a change without
// an event.
Status count_one(Call& call) {
  Key key = call.read(1);
  if (!key.exists()) {
    call.reply().integer(0);
    return {};
  }
  const Result<HllView> view = view_hll(key);
  if (!view.ok()) return view.error();
  std::optional<uint64_t> count = view->cached_count();
  if (!count) {
    HllRegisters registers;
    if (!view->read(registers)) return corrupt_hll();
    count = store::hll_count(registers);
    store::cache_hll_count(open(key), *count);
    key.changed(0, {});
  }
  call.reply().integer(static_cast<int64_t>(*count));
  return {};
}

}  // namespace

Status pfadd(Call& call) {
  Key key = call.write(1);
  const bool is_new = !key.exists();
  if (is_new) {
    make_empty(key);
  } else {
    const Result<HllView> view = view_hll(key);
    if (!view.ok()) return view.error();
    // With several elements, damage must be found before the first change.
    if (call.argc() > 3 && !view->is_sound()) return corrupt_hll();
    open(key);
  }
  uint64_t changes = is_new ? 1 : 0;
  for (const std::string_view element : call.args_from(2)) {
    const Result<bool> raised =
        raise_register(key, store::hll_mark_of(element), call.options().hll_sparse_max_bytes);
    if (!raised.ok()) return raised.error();
    changes += *raised ? 1 : 0;
  }
  if (changes != 0) {
    store::forget_hll_count(open(key));
    key.changed(notify::kString, "pfadd", changes);
  }
  call.reply().integer(changes != 0 ? 1 : 0);
  return {};
}

Status pfcount(Call& call) {
  if (call.argc() == 2) return count_one(call);
  HllRegisters registers{};
  if (const Result<bool> merged = merge_keys(call, 1, registers); !merged.ok())
    return merged.error();
  call.reply().integer(static_cast<int64_t>(store::hll_count(registers)));
  return {};
}

Status pfmerge(Call& call) {
  HllRegisters registers{};
  const Result<bool> has_dense = merge_keys(call, 1, registers);
  if (!has_dense.ok()) return has_dense.error();

  Key to = call.write(1);
  if (!to.exists()) make_empty(to);
  open(to);
  if (*has_dense) ensure(make_dense(to).ok());
  for (uint16_t i = 0; i < store::kHllRegisters; ++i) {
    if (registers[i] == 0) continue;
    const HllMark mark{.index = i, .value = registers[i]};
    ensure(raise_register(to, mark, call.options().hll_sparse_max_bytes).ok());
  }
  store::forget_hll_count(open(to));
  to.changed(notify::kString, "pfadd");
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
