#include "commands/set/set.h"

#include "commands/shared/container_options.h"
#include "commands/shared/packed_reply.h"
#include "commands/shared/scan_elements.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

namespace kvstash::commands {
namespace {

using engine::Key;
using store::PackedValue;
using store::Set;
namespace notify = engine::notify;

// Whether the key is a set that contains the member.
bool contains(const Key& key, std::string_view member) {
  return key.exists() && key.view<Set>()->contains(member);
}

bool add_member(Call& call, Key& key, std::string_view member) {
  const store::SetOptions options = set_options(call);
  const bool is_new = !key.exists();
  auto set = key.open<Set>();
  if (is_new) *set = Set(member, 1, options);
  return set->add(member, options);
}

}  // namespace

// ---- Changing.

Status sadd(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  const store::SetOptions options = set_options(call);
  const size_t count = call.argc() - 2;
  const bool is_new = !key.exists();
  auto set = key.open<Set>();
  if (is_new) {
    *set = Set(call.arg(2), count, options);
  } else {
    set->expect(count, options);
  }
  uint64_t added = 0;
  for (const std::string_view member : call.args_from(2))
    added += set->add(member, options) ? 1 : 0;
  set.close();
  if (added != 0) key.changed(notify::kSet, "sadd", added);
  call.reply().integer(static_cast<int64_t>(added));
  return {};
}

Status srem(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  uint64_t removed = 0;
  if (key.exists()) {
    auto set = key.open<Set>();
    for (const std::string_view member : call.args_from(2))
      removed += set->erase(member) ? 1 : 0;
  }
  if (removed != 0) {
    key.changed(notify::kSet, "srem", removed);
    if (!key.exists()) key.also(notify::kGeneric, "del");
  }
  call.reply().integer(static_cast<int64_t>(removed));
  return {};
}

Status smove(Call& call) {
  Key from = call.write(1);
  Key to = call.write(2);
  const std::string_view member = call.arg(3);
  if (!from.exists()) {  // As in Redis, the target's type is not checked then.
    call.reply().integer(0);
    return {};
  }
  if (Status status = from.expect(Set::kType); !status.ok()) return status;
  if (Status status = to.expect(Set::kType); !status.ok()) return status;
  if (from.name() == to.name()) {
    call.reply().integer(contains(from, member) ? 1 : 0);
    return {};
  }
  const bool was_there = from.open<Set>()->erase(member);
  if (was_there) {
    from.changed(notify::kSet, "srem");
    if (!from.exists()) from.also(notify::kGeneric, "del");
    if (add_member(call, to, member)) to.changed(notify::kSet, "sadd");
  }
  call.reply().integer(was_there ? 1 : 0);
  return {};
}

// ---- Reading.

Status sismember(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  call.reply().integer(contains(key, call.arg(2)) ? 1 : 0);
  return {};
}

Status smismember(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  call.reply().array(call.argc() - 2);
  for (const std::string_view member : call.args_from(2))
    call.reply().integer(contains(key, member) ? 1 : 0);
  return {};
}

Status scard(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  call.reply().integer(key.exists() ? static_cast<int64_t>(key.view<Set>()->size()) : 0);
  return {};
}

Status smembers(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Set::kType); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().set(0);
    return {};
  }
  const auto set = key.view<Set>();
  call.reply().set(set->size());
  set->for_each([&call](PackedValue member) { reply_value(call.reply(), member); });
  return {};
}

Status sscan(Call& call) {
  const auto step = [](const Set& set, ElementScan& scan, const ElementScanOptions&,
                       store::ScanPosition at) {
    return set.scan(at, [&scan](PackedValue member) {
      if (scan.wants(member)) scan.add(member);
    });
  };
  return scan_elements<Set>(call, NoValues::kRefused, step);
}

}  // namespace kvstash::commands
