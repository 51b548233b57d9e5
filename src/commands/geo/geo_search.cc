// GEOSEARCH, GEORADIUS and their variants. Declared in geo.h.
//
// The places in one cell of the map have consecutive scores, so a search walks over a few ranges of
// scores and keeps the places that lie in its shape.
#include "commands/geo/geo.h"
#include "commands/geo/geo_arguments.h"
#include "commands/geo/geo_query.h"
#include "commands/shared/container_options.h"
#include "commands/sorted_set/sorted_set_reply.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::GeoCell;
using store::GeoPoint;
using store::GeoShape;
using store::RankRange;
using store::SortedSet;
using Order = GeoQuery::Order;

struct FoundPlace {
  size_t rank;  // The rank in the set that is searched.
  double score;
  double distance_m;
  GeoPoint point;
};
using FoundPlaces = std::vector<FoundPlace>;

// Appends the places that lie both in the cell and in the shape, until there are `limit` places.
void search_cell(const SortedSet& set, const GeoCell& cell, const GeoShape& shape, size_t limit,
                 FoundPlaces& found) {
  const store::GeoScores scores = store::scores_of(cell);
  RankRange left = set.ranks_of({.min = scores.min, .max = scores.end, .max_exclusive = true});
  if (left.count == 0) return;
  SortedSet::Iterator at = set.at(left.first);
  for (; left.count != 0 && found.size() < limit; ++left.first, --left.count) {
    const double score = at.score();
    const GeoPoint point = store::geo_point(score);
    if (const std::optional<double> distance_m = store::distance_within_m(shape, point)) {
      found.push_back(
          {.rank = left.first, .score = score, .distance_m = *distance_m, .point = point});
    }
    if (left.count > 1) at.next();
  }
}

FoundPlaces search(const SortedSet& set, const GeoQuery& query) {
  const size_t limit = query.any ? query.count : std::numeric_limits<size_t>::max();
  FoundPlaces found;
  for (const GeoCell& cell : store::GeoCover(query.shape))
    search_cell(set, cell, query.shape, limit, found);
  return found;
}

// Sorts the places and keeps only the number that the query wants. Places at the same distance stay
// in the order in which they were found.
void select(FoundPlaces& found, const GeoQuery& query) {
  const size_t wanted = query.count == 0 ? found.size() : std::min(query.count, found.size());
  const auto is_before = [&](const FoundPlace& a, const FoundPlace& b) {
    return query.order == Order::kNearestFirst ? a.distance_m < b.distance_m
                                               : a.distance_m > b.distance_m;
  };
  if (query.order != Order::kAsFound) std::stable_sort(found.begin(), found.end(), is_before);
  found.resize(wanted);
}

void reply_found(resp::ReplyWriter& to, const SortedSet& set, const FoundPlaces& found,
                 const GeoQuery& query) {
  const size_t parts =
      1u + (query.with_distance ? 1 : 0) + (query.with_hash ? 1 : 0) + (query.with_point ? 1 : 0);
  to.array(found.size());
  for (const FoundPlace& place : found) {
    if (parts > 1) to.array(parts);
    to.bulk(set.at(place.rank).member());
    if (query.with_distance) reply_distance(to, place.distance_m / query.shape.unit_m);
    if (query.with_hash) to.integer(static_cast<int64_t>(place.score));
    if (query.with_point) reply_geo_point(to, place.point);
  }
}

SortedSet copy_found(const SortedSet& set, const FoundPlaces& found, const GeoQuery& query,
                     const store::SortedSetOptions& limits) {
  SortedSet copy;
  for (const FoundPlace& place : found) {
    const double score =
        query.stores_distance ? place.distance_m / query.shape.unit_m : place.score;
    copy.add(set.at(place.rank).member(), score, limits);
  }
  return copy;
}

// Records the stored sorted set itself, with a bounded number of members in each record. The search
// is not recorded, because the places in a shape and their distances depend on the machine's
// mathematical library.
void record_stored(Call& call, std::string_view name, const SortedSet& stored, bool was_there) {
  constexpr size_t kMembersMax = 512;
  if (!call.wants_effects()) return;
  if (was_there) call.record({"DEL", name});
  if (stored.empty()) return;
  SortedSet::Iterator at = stored.first();
  for (size_t i = 0; i < stored.size(); ++i) {
    if (i != 0) at.next();
    if (i % kMembersMax == 0) call.record({"ZADD", name});
    char score[kDoubleCharsMax];
    call.records().add({score, format_double_17(score, at.score())});
    call.records().add(at.member());
  }
}

void store_found(Call& call, const GeoCommand& command, size_t destination_at, SortedSet found) {
  const size_t count = found.size();
  call.reply().integer(static_cast<int64_t>(count));
  Key key = call.write(destination_at);
  record_stored(call, key.name(), found, key.exists());
  store_sorted_set(key, found,
                   command.form == GeoForm::kSearch ? "geosearchstore" : "georadiusstore", count);
}

// Parses the command, and runs its search of the set at argument `source_at`.
Status run(Call& call, size_t source_at, const GeoCommand& command) {
  const Key source = call.read(source_at);
  if (Status status = source.expect(SortedSet::kType); !status.ok()) return status;
  LocateMember locate;
  if (source.exists()) {
    locate = [&source](std::string_view member) -> std::optional<GeoPoint> {
      const std::optional<double> score = source.view<SortedSet>()->score(member);
      if (!score) return std::nullopt;
      return store::geo_point(*score);
    };
  }
  GeoQuery query;
  if (Status status = parse_geo_query(call.args(), command, locate, query); !status.ok())
    return status;

  SortedSet copy;
  if (source.exists()) {
    const auto set = source.view<SortedSet>();
    FoundPlaces found = search(*set, query);
    select(found, query);
    if (query.destination_at != 0) {
      copy = copy_found(*set, found, query, sorted_set_options(call));
    } else {
      reply_found(call.reply(), *set, found, query);
    }
  } else if (query.destination_at == 0) {
    call.reply().array(0);
  }
  if (query.destination_at != 0) store_found(call, command, query.destination_at, std::move(copy));
  return {};
}

constexpr GeoCommand kRadius{.form = GeoForm::kRadius, .may_store = true};
constexpr GeoCommand kRadiusByMember{.form = GeoForm::kRadiusByMember, .may_store = true};

// Finds the source key, and the key of the last STORE or STOREDIST. It can do so without the set:
// whether a member exists decides only which error the command reports.
engine::KeysFound find_keys(std::span<const std::string_view> argv, const GeoCommand& command,
                            std::vector<engine::KeyAt>& keys) {
  GeoQuery query;
  static_cast<void>(parse_geo_query(argv, command, nullptr, query));
  keys.push_back({1, engine::kKeyRO | engine::kKeyAccess});
  if (query.destination_at != 0) {
    keys.push_back(
        {static_cast<uint32_t>(query.destination_at), engine::kKeyOW | engine::kKeyUpdate});
  }
  return engine::KeysFound::kAll;
}

}  // namespace

Status georadius(Call& call) {
  return run(call, 1, kRadius);
}

Status georadius_ro(Call& call) {
  return run(call, 1, {.form = GeoForm::kRadius});
}

Status georadiusbymember(Call& call) {
  return run(call, 1, kRadiusByMember);
}

Status georadiusbymember_ro(Call& call) {
  return run(call, 1, {.form = GeoForm::kRadiusByMember});
}

Status geosearch(Call& call) {
  return run(call, 1, {.form = GeoForm::kSearch});
}

Status geosearchstore(Call& call) {
  return run(call, 2, {.form = GeoForm::kSearch, .is_store = true});
}

engine::KeysFound georadius_keys(std::span<const std::string_view> argv,
                                 std::vector<engine::KeyAt>& keys) {
  return find_keys(argv, kRadius, keys);
}

engine::KeysFound georadiusbymember_keys(std::span<const std::string_view> argv,
                                         std::vector<engine::KeyAt>& keys) {
  return find_keys(argv, kRadiusByMember, keys);
}

}  // namespace kvstash::commands
