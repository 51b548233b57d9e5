// HGETEX, HSETEX and HGETDEL: several fields at once, with their deadlines or their removal.
// Declared in hash.h.
#include "commands/hash/hash.h"
#include "commands/hash/hash_fields.h"
#include "commands/shared/container_options.h"
#include "commands/shared/packed_reply.h"
#include "engine/execution/call.h"

#include <limits>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::FieldDeadlineRule;
using store::Hash;
namespace errors = engine::errors;
namespace notify = engine::notify;

void reply_field(Call& call, const Hash& hash, std::string_view field) {
  const auto value = hash.find(field, call.horizon_ms());
  value ? reply_value(call.reply(), *value) : call.reply().null();
}

void reply_all_null(Call& call, size_t count) {
  call.reply().array(count);
  for (size_t i = 0; i < count; ++i)
    call.reply().null();
}

// ---- HGETEX

struct GetexOptions {
  std::optional<int64_t> deadline_ms;
  bool persist = false;
  FieldNames fields;

  bool deletes(const Call& call) const { return deadline_ms && call.is_past(*deadline_ms); }
};

Result<GetexOptions> parse_getex(Call& call) {
  ArgReader args(call.args_from(2));
  GetexOptions options;
  if (args.take("PERSIST")) {
    options.persist = true;
  } else {
    const auto deadline_ms = take_field_expiry(args, call.now_ms(), "hgetex");
    if (!deadline_ms.ok()) return deadline_ms.error();
    options.deadline_ms = *deadline_ms;
  }
  if (args.left() < 2) return errors::wrong_arity("hgetex");
  const Result<FieldNames> fields = parse_fields(args);
  if (!fields.ok()) return fields.error();
  options.fields = *fields;
  return options;
}

// Sets or removes the deadline of one field, or deletes it. True if that changed anything.
bool apply_getex(Call& call, Hash& hash, std::string_view field, const GetexOptions& options) {
  if (!hash.contains(field, call.horizon_ms())) return false;
  if (options.persist) return hash.clear_deadline(field);
  if (options.deletes(call)) return hash.erase(field);
  return hash.set_deadline(field, *options.deadline_ms, hash_options(call));
}

void note_getex(Call& call, Key& key, const GetexOptions& options, FieldNames changed) {
  const bool deletes = options.deletes(call);
  if (deletes) {
    note_fields_deleted(key, changed.size());
  } else {
    key.changed(notify::kHash, options.persist ? "hpersist" : "hexpire", changed.size());
  }
  if (deletes) return record_deletion(call, key, changed);
  if (options.persist) return record_fields(call, {"HPERSIST", key.name()}, changed);
  record_deadline(call, key, *options.deadline_ms, changed);
}

// ---- HSETEX

struct SetexOptions {
  enum class Condition : uint8_t { kNone, kAllAbsent, kAllPresent };

  Condition condition = Condition::kNone;
  std::optional<int64_t> deadline_ms;
  bool keep_deadlines = false;
  FieldNames pairs;  // Alternating names and values.
};

// Parses the pairs, after "FIELDS" has been read.
Result<FieldNames> parse_pairs(ArgReader args) {
  if (args.done()) return errors::wrong_arity("hsetex");
  const std::optional<int64_t> count = parse_int64(args.next());
  if (!count || *count < 1 || *count > std::numeric_limits<int32_t>::max())
    return Error::literal("ERR invalid number of fields");
  if (static_cast<uint64_t>(*count) * 2 != args.left()) return errors::wrong_arity("hsetex");
  return args.rest();
}

bool is_expiry_word(ArgReader args) {
  return args.take("EX") || args.take("PX") || args.take("EXAT") || args.take("PXAT");
}

Result<SetexOptions> parse_setex(Call& call) {
  using Condition = SetexOptions::Condition;
  SetexOptions options;
  ArgReader args(call.args_from(2));
  while (!args.take("FIELDS")) {
    if (args.done()) return errors::wrong_arity("hsetex");
    const bool is_fnx = args.take("FNX");
    if (is_fnx || args.take("FXX")) {
      if (options.condition != Condition::kNone)
        return Error::literal("ERR Only one of FXX or FNX arguments can be specified");
      options.condition = is_fnx ? Condition::kAllAbsent : Condition::kAllPresent;
      continue;
    }
    const bool keeps = args.take("KEEPTTL");
    if (!keeps && !is_expiry_word(args))
      return Error::text("ERR unknown argument: " + std::string(args.next()));
    if (options.keep_deadlines || options.deadline_ms) {
      return Error::literal(
          "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    }
    options.keep_deadlines = keeps;
    if (keeps) continue;
    const auto deadline_ms = take_field_expiry(args, call.now_ms(), "hsetex");
    if (!deadline_ms.ok()) return deadline_ms.error();
    if (!*deadline_ms) return errors::wrong_arity("hsetex");
    options.deadline_ms = *deadline_ms;
  }
  const Result<FieldNames> pairs = parse_pairs(args);
  if (!pairs.ok()) return pairs.error();
  options.pairs = *pairs;
  return options;
}

bool holds(Call& call, const Key& key, const SetexOptions& options) {
  using Condition = SetexOptions::Condition;
  if (options.condition == Condition::kNone) return true;
  const bool wanted = options.condition == Condition::kAllPresent;
  if (!key.exists()) return !wanted;
  const auto hash = key.view<Hash>();
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    if (hash->contains(options.pairs[i], call.horizon_ms()) != wanted) return false;
  }
  return true;
}

void store_pairs(Call& call, Key& key, const SetexOptions& options) {
  const store::HashOptions limits = hash_options(call);
  const auto rule = options.keep_deadlines ? FieldDeadlineRule::kKeep : FieldDeadlineRule::kDrop;
  auto hash = key.open<Hash>();
  hash->expect(options.pairs.size() / 2, limits);
  for (size_t i = 0; i < options.pairs.size(); i += 2) {
    hash->set(options.pairs[i], options.pairs[i + 1], limits, rule);
    if (options.deadline_ms) hash->set_deadline(options.pairs[i], *options.deadline_ms, limits);
  }
}

std::vector<std::string_view> names_of(const SetexOptions& options) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < options.pairs.size(); i += 2)
    names.push_back(options.pairs[i]);
  return names;
}

// HSETEX with a deadline that has passed: deletes the fields that exist. The events are sent even
// if no field existed.
void delete_pairs(Call& call, Key& key, const SetexOptions& options) {
  std::vector<std::string_view> deleted;
  if (key.exists()) {
    auto hash = key.open<Hash>();
    for (const std::string_view name : names_of(options)) {
      if (hash->erase(name)) deleted.push_back(name);
    }
  }
  key.changed(notify::kHash, "hset", deleted.size());
  key.also(notify::kHash, "hdel");
  if (!key.exists()) key.also(notify::kGeneric, "del");
  if (!deleted.empty()) record_deletion(call, key, deleted);
}

// Records HSETEX as HSET and HPEXPIREAT. Redis 7.0 has no HSETEX; HPEXPIREAT exists only in later
// versions, but there is no other command for the deadlines.
void record_setex(Call& call, const Key& key, const SetexOptions& options) {
  if (!call.wants_effects()) return;
  call.record({"HSET", key.name()}, options.pairs);
  const std::vector<std::string_view> names = names_of(options);
  if (options.deadline_ms) return record_deadline(call, key, *options.deadline_ms, names);
  if (!options.keep_deadlines) return;
  const auto hash = key.view<Hash>();
  for (const std::string_view name : names) {
    if (const std::optional<int64_t> deadline_ms = hash->deadline_ms(name))
      record_deadline(call, key, *deadline_ms, std::span(&name, 1));
  }
}

}  // namespace

Status hgetex(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  const Result<GetexOptions> options = parse_getex(call);
  if (!options.ok()) return options.error();
  const FieldNames fields = options->fields;
  for (const std::string_view field : fields)
    key.expire_field(field);
  if (!key.exists()) {
    reply_all_null(call, fields.size());
    return {};
  }
  call.reply().array(fields.size());
  std::vector<std::string_view> changed;
  {
    auto hash = key.open<Hash>();
    for (const std::string_view field : fields) {
      reply_field(call, *hash, field);
      if (!options->persist && !options->deadline_ms) continue;
      if (apply_getex(call, *hash, field, *options)) changed.push_back(field);
    }
  }
  if (!changed.empty()) note_getex(call, key, *options, changed);
  return {};
}

Status hsetex(Call& call) {
  const Result<SetexOptions> options = parse_setex(call);
  if (!options.ok()) return options.error();
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  for (size_t i = 0; i < options->pairs.size(); i += 2)
    key.expire_field(options->pairs[i]);
  if (!holds(call, key, *options)) {
    call.reply().integer(0);
    return {};
  }
  call.reply().integer(1);
  if (options->deadline_ms && call.is_past(*options->deadline_ms)) {
    delete_pairs(call, key, *options);
    return {};
  }
  store_pairs(call, key, *options);
  key.changed(notify::kHash, "hset", options->pairs.size() / 2);
  if (options->deadline_ms) key.also(notify::kHash, "hexpire");
  record_setex(call, key, *options);
  return {};
}

Status hgetdel(Call& call) {
  Key key = call.write(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  const Result<FieldNames> fields = parse_fields(ArgReader(call.args_from(2)));
  if (!fields.ok()) return fields.error();
  for (const std::string_view field : *fields)
    key.expire_field(field);
  if (!key.exists()) {
    reply_all_null(call, fields->size());
    return {};
  }
  call.reply().array(fields->size());
  std::vector<std::string_view> deleted;
  {
    auto hash = key.open<Hash>();
    for (const std::string_view field : *fields) {
      reply_field(call, *hash, field);
      if (hash->erase(field)) deleted.push_back(field);
    }
  }
  if (deleted.empty()) return {};
  note_fields_deleted(key, deleted.size());
  record_deletion(call, key, deleted);
  return {};
}

}  // namespace kvstash::commands
