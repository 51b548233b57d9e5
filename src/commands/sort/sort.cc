#include "commands/sort/sort.h"

#include "base/collation.h"
#include "base/text.h"
#include "commands/shared/container_options.h"
#include "commands/shared/packed_reply.h"
#include "commands/sort/sort_elements.h"
#include "commands/sort/sort_options.h"
#include "engine/acl/acl_user.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/hash.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::Hash;
using store::List;
using store::ListEnd;
using store::PackedValue;
namespace notify = engine::notify;

// Reads the values that patterns name, one key at a time.
class PatternReader {
 public:
  explicit PatternReader(Call& call) : call_(&call) {}

  // Calls use(PackedValue) if the value exists.
  template <typename Use>
  void read(const SortPattern& pattern, std::string_view element, Use&& use) {
    if (pattern.is_element()) return use(PackedValue(element));
    if (!pattern.names_keys()) return;
    pattern.key_for(element, name_);
    Key key = call_->read_unnamed(name_);
    if (!key.exists()) return;
    if (!pattern.has_field()) {
      if (key.expect_string().ok()) use(PackedValue(key.string()));
    } else if (key.expect(Hash::kType).ok()) {
      const auto hash = key.view<Hash>();
      if (const std::optional<PackedValue> value = hash->find(pattern.field(), call_->horizon_ms()))
        use(*value);
    }
  }

 private:
  Call* call_;
  std::string name_;
};

// Parses a score as strtod does. The whole text up to its NUL must be a number; "" is 0. NaN: it is
// no number, or out of range.
double read_score(const char* text) {
  char* end = nullptr;
  errno = 0;
  const double score = std::strtod(text, &end);
  return *end != '\0' || errno == ERANGE ? std::nan("") : score;
}

// Finds the weight by which each element is sorted. False: a weight is not a number.
bool load_weights(Call& call, const SortOptions& options, SortElements& elements) {
  PatternReader reader(call);
  bool all_numbers = true;
  for (SortElement& element : elements.all()) {
    std::optional<std::string_view> weight;
    if (options.by) {
      reader.read(*options.by, element.text,
                  [&](PackedValue value) { weight = elements.keep(value); });
    } else {
      weight = element.text;
    }
    element.has_weight = weight.has_value();
    if (!weight) continue;
    element.weight = *weight;
    if (options.is_alpha) continue;
    element.score = read_score(weight->data());
    all_numbers = all_numbers && !std::isnan(element.score);
  }
  return all_numbers;
}

// Calls `use` for each value of the result, with a PackedValue or with nothing if the value does
// not exist.
template <typename Use>
void for_each_result(Call& call, const SortOptions& options, std::span<const SortElement> elements,
                     Use&& use) {
  PatternReader reader(call);
  for (const SortElement& element : elements) {
    if (options.gets.empty()) use(std::optional<PackedValue>(element.text));
    for (const SortPattern& pattern : options.gets) {
      bool is_there = false;
      reader.read(pattern, element.text, [&](PackedValue value) {
        is_there = true;
        use(std::optional<PackedValue>(value));
      });
      if (!is_there) use(std::optional<PackedValue>());
    }
  }
}

size_t result_size(const SortOptions& options, std::span<const SortElement> elements) {
  return elements.size() * std::max<size_t>(options.gets.size(), 1);
}

void reply_result(Call& call, const SortOptions& options, std::span<const SortElement> elements) {
  call.reply().array(result_size(options, elements));
  for_each_result(call, options, elements, [&call](std::optional<PackedValue> value) {
    if (value) {
      reply_value(call.reply(), *value);
    } else {
      call.reply().null();
    }
  });
}

// Records the stored list itself, with a bounded number of elements in each record. SORT is not
// recorded, because the order of text depends on the machine's locale.
void record_list(Call& call, std::string_view name, const List& list, bool was_there) {
  constexpr size_t kElementsMax = 1024;
  if (!call.wants_effects()) return;
  if (was_there) call.record({"DEL", name});
  store::ListCursor cursor(list, ListEnd::kHead);
  char scratch[kInt64CharsMax];
  size_t count = 0;
  for (PackedValue value{int64_t{0}}; cursor.take(value); ++count) {
    if (count % kElementsMax == 0) call.record({"RPUSH", name});
    call.records().add(value.string(scratch));
  }
}

// Stores the result at the destination, in place of any old value. An empty result removes the key.
void store_result(Call& call, const SortOptions& options, std::span<const SortElement> elements) {
  List list;
  const store::ListLimits limits = list_limits(call);
  for_each_result(call, options, elements, [&](std::optional<PackedValue> value) {
    char scratch[kInt64CharsMax];
    const std::string_view text = value ? value->string(scratch) : "";
    list.push(ListEnd::kTail, std::span(&text, 1), limits);
  });
  const size_t size = list.size();
  Key key = call.write(options.store_at);
  const bool was_there = key.exists();
  if (size != 0) record_list(call, key.name(), list, was_there);
  if (was_there) key.erase();
  if (size != 0) {
    *key.open<List>() = std::move(list);
    key.changed(notify::kList, "sortstore", size);
  } else if (was_there) {
    key.changed(notify::kGeneric, "del");
    call.record({"DEL", key.name()});
  }
  call.reply().integer(static_cast<int64_t>(size));
}

// Patterns could read any key, so they are allowed only to users who may read every key.
SortPatterns patterns_for(Call& call) {
  const engine::AclUser* user = call.caller().user;
  const bool may_read_all =
      user == nullptr || user->may_use_every_key(call.command(), call.args(), engine::kAclReadsKey);
  return may_read_all ? SortPatterns::kAllowed : SortPatterns::kRefused;
}

Status sort_key(Call& call, SortStore store) {
  SortOptions options;
  if (Status status = parse_sort_options(call.args(), store, patterns_for(call), options);
      !status.ok())
    return status;
  const Key key = call.read(1);
  SortElements elements;
  if (key.exists()) {
    // A set has no order of its own, so it is sorted where the order has lasting effects: in a
    // stored list, and in a script.
    const bool needs_order = options.store_at != 0 || call.caller().in_script;
    if (options.keeps_order && key.type() == store::ValueType::kSet && needs_order) {
      options.keeps_order = false;
      options.is_alpha = true;
    }
    if (Status status = elements.load(key, options); !status.ok()) return status;
  }
  if (!options.keeps_order) {
    if (!load_weights(call, options, elements))
      return Error::literal("ERR One or more scores can't be converted into double");
    elements.sort(options, call.options().locale_collate);
  }
  if (options.store_at != 0) {
    store_result(call, options, elements.range());
  } else {
    reply_result(call, options, elements.range());
  }
  return {};
}

// All shards if there are patterns. A command with wrong arguments reads no keys.
engine::Scope scope_of(std::span<const std::string_view> argv, SortStore store) {
  SortOptions options;
  const bool is_refused =
      argv.size() < 2 || !parse_sort_options(argv, store, SortPatterns::kAllowed, options).ok();
  return !is_refused && options.reads_other_keys() ? engine::Scope::kAllShards
                                                   : engine::Scope::kKeys;
}

}  // namespace

Status sort(Call& call) {
  return sort_key(call, SortStore::kAllowed);
}

Status sort_ro(Call& call) {
  return sort_key(call, SortStore::kRefused);
}

engine::Scope sort_scope(std::span<const std::string_view> argv, engine::Shard&) {
  return scope_of(argv, SortStore::kAllowed);
}

engine::Scope sort_ro_scope(std::span<const std::string_view> argv, engine::Shard&) {
  return scope_of(argv, SortStore::kRefused);
}

// Finds the key, and the key of the last STORE. Keys that patterns name are not arguments; the
// command itself checks whether the user may read every key.
engine::KeysFound sort_keys(std::span<const std::string_view> argv,
                            std::vector<engine::KeyAt>& keys) {
  SortOptions options;
  static_cast<void>(parse_sort_options(argv, SortStore::kAllowed, SortPatterns::kAllowed, options));
  keys.push_back({1, engine::kKeyRO | engine::kKeyAccess});
  if (options.store_at != 0)
    keys.push_back({static_cast<uint32_t>(options.store_at), engine::kKeyOW | engine::kKeyUpdate});
  return engine::KeysFound::kAll;
}

engine::KeysFound sort_ro_keys(std::span<const std::string_view>,
                               std::vector<engine::KeyAt>& keys) {
  keys.push_back({1, engine::kKeyRO | engine::kKeyAccess});
  return engine::KeysFound::kAll;
}

}  // namespace kvstash::commands
