// SCAN, KEYS and RANDOMKEY: the commands that search all shards for keys. Declared in keys.h.
#include "commands/keys/key_search.h"
#include "commands/keys/keys.h"
#include "commands/keys/scan_cursor.h"
#include "engine/command/arg_reader.h"
#include "engine/data/due_keys.h"
#include "engine/data/expiry.h"
#include "engine/execution/call.h"
#include "engine/shard_set.h"

#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::DbIndex;
using engine::Hold;
using engine::ShardData;
using resp::ReplyWriter;
namespace errors = engine::errors;

constexpr size_t kScanCount = 10;          // Used if there is no COUNT.
constexpr size_t kBucketsPerKey = 10;      // Most buckets that a call visits per key of COUNT.
constexpr unsigned kRandomKeyDraws = 100;  // Tries to find a key that has not expired.

// The parsed arguments of SCAN, to be sent to a shard. Owns its text.
struct ScanQuery {
  DbIndex db{};
  KeyFilter filter;
  size_t count = kScanCount;

  WalkLimit limit() const {
    size_t buckets;
    if (__builtin_mul_overflow(count, kBucketsPerKey, &buckets)) buckets = WalkLimit{}.buckets;
    return {.keys = count, .buckets = buckets};
  }
};

void set_type(KeyFilter& filter, std::string_view name) {
  for (uint8_t i = 0; i < static_cast<uint8_t>(store::ValueType::kCount); ++i) {
    const auto type = static_cast<store::ValueType>(i);
    if (equals_ignore_case(name, store::type_name(type))) {
      filter.type = type;
      filter.matches_nothing = false;
      return;
    }
  }
  filter.matches_nothing = true;
}

Result<ScanQuery> parse_scan(Call& call) {
  ScanQuery query{.db = call.db(), .filter = {}};
  for (ArgReader args(call.args_from(2)); !args.done();) {
    if (args.take_with("COUNT")) {
      const Result<int64_t> count = args.integer();
      if (!count.ok()) return count.error();
      if (*count < 1) return errors::syntax();
      query.count = static_cast<size_t>(*count);
    } else if (args.take_with("MATCH")) {
      query.filter.pattern = args.next();
    } else if (args.take_with("TYPE")) {
      set_type(query.filter, args.next());
    } else {
      return errors::syntax();
    }
  }
  return query;
}

void reply_keys(ReplyWriter& to, const FoundKeys& found) {
  to.array(found.count);
  to.raw(found.bulks);
}

void reply_scan(ReplyWriter& to, const ScanCursor& cursor, const FoundKeys& found) {
  char digits[kInt64CharsMax];
  to.array(2);
  to.bulk({digits, format_uint64(digits, cursor_number(cursor))});
  reply_keys(to, found);
}

// Walks over keys of one shard. Removes the matching keys whose deadline has passed, as readers do.
WalkResult walk_shard(const Hold& hold, ShardData& shard, const ScanQuery& query,
                      store::ScanPosition from) {
  const store::Keyspace* space = shard.keyspace_if_any(query.db);
  if (space == nullptr) return {};
  WalkResult result = walk_keys(*space, from, query.filter, query.limit(), hold.horizon_ms());
  if (engine::keeps_due_keys(hold, shard)) return result;
  for (const std::string& name : result.expired)
    engine::expire_due(hold, {shard, query.db, name}, space->find(shard.ref(name)));
  return result;
}

// One shard's part of a scan that begins at the start of a shard. None: the shard was not walked,
// because it comes before that shard, or has too many keys to be answered together with it.
using ScanPart = std::optional<WalkResult>;

// Replies the first shard's part, together with the parts of the following shards that are complete
// and fit the count. So a small database is answered in one call, however many shards it is spread
// over.
void finish_scan(std::vector<ScanPart>& parts, size_t first, size_t count, ReplyWriter& to) {
  WalkResult& total = *parts[first];
  ScanCursor cursor{.shard = first, .position = total.next};
  while (cursor.position == store::ScanPosition{}) {
    if (++cursor.shard == parts.size()) {
      cursor = {};
      break;
    }
    const ScanPart& part = parts[cursor.shard];
    if (!part || part->next != store::ScanPosition{} || total.seen + part->seen > count) break;
    total.found.append(part->found);
    total.seen += part->seen;
  }
  reply_scan(to, cursor, total.found);
}

// Scans from the beginning of a shard. Also asks the following shards, if they have few keys.
void scan_from_shard(Call& call, ScanQuery query, size_t first) {
  const size_t count = query.count;
  call.gather<ScanPart>(
      [query = std::move(query), first](const Hold& hold, ShardData& shard) -> ScanPart {
        if (shard.id() < first) return std::nullopt;
        const store::Keyspace* space = shard.keyspace_if_any(query.db);
        const bool is_small = space == nullptr || space->size() <= query.count;
        if (shard.id() > first && !is_small) return std::nullopt;
        return walk_shard(hold, shard, query, store::ScanPosition{});
      },
      [first, count](std::vector<ScanPart>& parts, ReplyWriter& to) {
        finish_scan(parts, first, count, to);
      });
}

// Scans from a position inside a shard. Asks only that shard.
void scan_within_shard(Call& call, ScanQuery query, ScanCursor cursor) {
  const size_t shards = call.shards().size();
  call.ask<WalkResult>(
      cursor.shard,
      [query = std::move(query), cursor](const Hold& hold, ShardData& shard) {
        return walk_shard(hold, shard, query, cursor.position);
      },
      [cursor, shards](WalkResult& part, ReplyWriter& to) {
        ScanCursor next{.shard = cursor.shard, .position = part.next};
        if (part.next == store::ScanPosition{} && ++next.shard == shards) next = {};
        reply_scan(to, next, part.found);
      });
}

// Looks up a literal pattern as a key, on the shard of that key.
void ask_for_literal(Call& call, DbIndex db, KeyFilter filter,
                     std::function<void(const FoundKeys&, ReplyWriter&)> reply) {
  const size_t shard = call.shards().shard_of(filter.pattern);
  call.ask<FoundKeys>(
      shard,
      [db, filter = std::move(filter)](const Hold& hold, ShardData& there) {
        const store::Keyspace* space = there.keyspace_if_any(db);
        return space == nullptr ? FoundKeys() : find_literal(*space, filter, hold.horizon_ms());
      },
      [reply = std::move(reply)](FoundKeys& found, ReplyWriter& to) { reply(found, to); });
}

struct RandomKeyPart {
  size_t size = 0;  // 0: the shard has no candidate.
  std::string key;
};

RandomKeyPart draw_key(const Hold& hold, ShardData& shard, DbIndex db) {
  const store::Keyspace* space = shard.keyspace_if_any(db);
  if (space == nullptr || space->size() == 0) return {};
  for (unsigned draw = 0; draw < kRandomKeyDraws; ++draw) {
    const store::Entry* entry = space->table().sample(hold.random());
    if (!entry->is_expired(hold.horizon_ms())) return {space->size(), std::string(entry->key())};
  }
  // While expired keys are not removed, an expired key is better than none.
  if (engine::keeps_due_keys(hold, shard))
    return {space->size(), std::string(space->table().sample(hold.random())->key())};
  return {};
}

// Replies one of the drawn keys. A shard's chance is proportional to its number of keys. `dice` is
// uniform over 64 bits.
void reply_drawn(const std::vector<RandomKeyPart>& parts, uint64_t dice, ReplyWriter& to) {
  uint64_t total = 0;
  for (const RandomKeyPart& part : parts)
    total += part.size;
  if (total == 0) {
    to.null();
    return;
  }
  uint64_t ticket = dice % total;
  size_t at = 0;
  while (ticket >= parts[at].size)
    ticket -= parts[at++].size;
  to.bulk(parts[at].key);
}

}  // namespace

Status scan(Call& call) {
  const Result<uint64_t> number = parse_cursor(call.arg(1));
  if (!number.ok()) return number.error();
  Result<ScanQuery> query = parse_scan(call);
  if (!query.ok()) return query.error();

  const ScanCursor cursor = cursor_of(*number);
  if (cursor.shard >= call.shards().size()) {  // No cursor of this server: the scan ends.
    reply_scan(call.reply(), {}, {});
  } else if (cursor.position != store::ScanPosition{}) {
    scan_within_shard(call, std::move(*query), cursor);
  } else if (cursor.shard == 0 && is_literal(query->filter.pattern)) {
    ask_for_literal(call, query->db, std::move(query->filter),
                    [](const FoundKeys& found, ReplyWriter& to) { reply_scan(to, {}, found); });
  } else {
    scan_from_shard(call, std::move(*query), cursor.shard);
  }
  return {};
}

Status keys(Call& call) {
  const DbIndex db = call.db();
  KeyFilter filter{.pattern = std::string(call.arg(1)), .type = std::nullopt};
  if (is_literal(filter.pattern)) {
    ask_for_literal(call, db, std::move(filter),
                    [](const FoundKeys& found, ReplyWriter& to) { reply_keys(to, found); });
    return {};
  }
  call.gather<FoundKeys>(
      [db, filter = std::move(filter)](const Hold& hold, ShardData& shard) {
        const store::Keyspace* space = shard.keyspace_if_any(db);
        if (space == nullptr) return FoundKeys();
        return walk_keys(*space, store::ScanPosition{}, filter, {}, hold.horizon_ms()).found;
      },
      [](std::vector<FoundKeys>& parts, ReplyWriter& to) {
        size_t count = 0;
        for (const FoundKeys& part : parts)
          count += part.count;
        to.array(count);
        for (const FoundKeys& part : parts)
          to.raw(part.bulks);
      });
  return {};
}

Status randomkey(Call& call) {
  const uint64_t dice = call.hold().random().next();
  call.gather<RandomKeyPart>(
      [db = call.db()](const Hold& hold, ShardData& shard) { return draw_key(hold, shard, db); },
      [dice](std::vector<RandomKeyPart>& parts, ReplyWriter& to) { reply_drawn(parts, dice, to); });
  return {};
}

}  // namespace kvstash::commands
