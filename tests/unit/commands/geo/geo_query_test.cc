#include "commands/geo/geo_query.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace kvstash::commands {
namespace {

using Args = std::vector<std::string_view>;

const LocateMember kAnywhere = [](std::string_view member) {
  return member == "here" ? std::optional(store::GeoPoint{1, 2}) : std::nullopt;
};

Result<GeoQuery> parse(const GeoCommand& command, const Args& argv) {
  GeoQuery query;
  if (Status status = parse_geo_query(argv, command, kAnywhere, query); !status.ok())
    return status.error();
  return query;
}

constexpr GeoCommand kSearch{.form = GeoForm::kSearch};
constexpr GeoCommand kSearchStore{.form = GeoForm::kSearch, .is_store = true};
constexpr GeoCommand kRadius{.form = GeoForm::kRadius, .may_store = true};
constexpr GeoCommand kByMember{.form = GeoForm::kRadiusByMember, .may_store = true};

}  // namespace

TEST_CASE("a search is described by words in any order") {
  const auto query = parse(kSearch, {"GEOSEARCH", "k", "bybox", "2", "3", "KM", "count", "5", "any",
                                     "desc", "frommember", "here", "withhash"});
  REQUIRE(query.ok());
  CHECK(query->shape.kind == store::GeoShape::Kind::kBox);
  CHECK(query->shape.width == 2);
  CHECK(query->shape.height == 3);
  CHECK(query->shape.unit_m == 1000);
  CHECK(query->shape.center.latitude == 2);
  CHECK(query->count == 5);
  CHECK(query->any);
  CHECK(query->order == GeoQuery::Order::kFarthestFirst);
  CHECK(query->with_hash);
  CHECK_FALSE(query->with_distance);
  CHECK(query->destination_at == 0);
}

TEST_CASE("a count without ANY wants the nearest") {
  const Args words = {"GEORADIUS", "k", "1", "2", "3", "m", "COUNT", "1"};
  CHECK(parse(kRadius, words)->order == GeoQuery::Order::kNearestFirst);
  CHECK(parse(kRadius, {"GEORADIUS", "k", "1", "2", "3", "m", "COUNT", "1", "ANY"})->order ==
        GeoQuery::Order::kAsFound);
}

TEST_CASE("the last destination counts") {
  const auto query = parse(kByMember, {"GEORADIUSBYMEMBER", "k", "here", "3", "ft", "STORE", "a",
                                       "STOREDIST", "b", "STORE", "c"});
  REQUIRE(query.ok());
  CHECK(query->destination_at == 10);
  CHECK_FALSE(query->stores_distance);
  const auto stored = parse(kSearchStore, {"GEOSEARCHSTORE", "d", "k", "FROMMEMBER", "here",
                                           "BYRADIUS", "1", "m", "STOREDIST"});
  REQUIRE(stored.ok());
  CHECK(stored->destination_at == 1);
  CHECK(stored->stores_distance);
}

TEST_CASE("without a set members are taken as they come") {
  const GeoCommand by_member{.form = GeoForm::kRadiusByMember};
  const Args words = {"GEORADIUSBYMEMBER_RO", "k", "nowhere", "x", "y"};
  GeoQuery query;
  CHECK(parse_geo_query(words, by_member, nullptr, query).ok());
  CHECK(parse(by_member, words).error().message() == "ERR could not decode requested zset member");
}

TEST_CASE("what contradicts itself is refused") {
  const Args both = {"GEOSEARCH",  "k",    "FROMLONLAT", "1", "2",
                     "FROMMEMBER", "here", "BYRADIUS",   "1", "m"};
  CHECK(parse(kSearch, both).error().message() == "ERR syntax error");
  CHECK(parse(kSearch, {"GeoSearch", "k", "BYRADIUS", "1", "m"}).error().message() ==
        "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GeoSearch");
  CHECK(parse(kRadius, {"GEORADIUS", "k", "1", "2", "3", "m", "ANY"}).error().message() ==
        "ERR the ANY argument requires COUNT argument");
  CHECK(parse(kRadius, {"GEORADIUS", "k", "1", "2", "3", "m", "STORE", "d", "WITHDIST"})
            .error()
            .message() ==
        "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD "
        "options");
}

}  // namespace kvstash::commands
