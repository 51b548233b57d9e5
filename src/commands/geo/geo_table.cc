#include "commands/geo/geo.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr ArgSpec kGeoaddCondition[] = {
    {.name = "nx", .type = kPureToken, .token = "NX"},
    {.name = "xx", .type = kPureToken, .token = "XX"},
};
constexpr ArgSpec kGeoaddLongitudeLatitudeMember[] = {
    {.name = "longitude", .type = kDouble},
    {.name = "latitude", .type = kDouble},
    {.name = "member"},
};
constexpr ArgSpec kGeoaddArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "condition",
     .type = kOneOf,
     .since = "6.2.0",
     .flags = kArgOptional,
     .arguments = kGeoaddCondition},
    {.name = "change", .type = kPureToken, .token = "CH", .since = "6.2.0", .flags = kArgOptional},
    {.name = "longitude_latitude_member",
     .type = kBlock,
     .flags = kArgMultiple,
     .arguments = kGeoaddLongitudeLatitudeMember},
};
constexpr HistoryNote kGeoaddHistory[] = {
    {"6.2.0", "Added the `CH`, `NX` and `XX` options."},
};
constexpr CommandSpec kGeoaddRow = {
    .name = "geoadd",
    .arity = -5,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kUpdatesFirst,
    .since = "3.2.0",
    .complexity =
        "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
    .summary =
        "Add one or more geospatial items in the geospatial index represented using a sorted set",
    .history = kGeoaddHistory,
    .arguments = kGeoaddArgs,
    .run = geoadd,
};

constexpr ArgSpec kGeodistUnit[] = {
    {.name = "m", .type = kPureToken, .token = "M"},
    {.name = "km", .type = kPureToken, .token = "KM"},
    {.name = "ft", .type = kPureToken, .token = "FT"},
    {.name = "mi", .type = kPureToken, .token = "MI"},
};
constexpr ArgSpec kGeodistArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member1"},
    {.name = "member2"},
    {.name = "unit", .type = kOneOf, .flags = kArgOptional, .arguments = kGeodistUnit},
};
constexpr CommandSpec kGeodistRow = {
    .name = "geodist",
    .arity = -4,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "3.2.0",
    .complexity = "O(log(N))",
    .summary = "Returns the distance between two members of a geospatial index",
    .arguments = kGeodistArgs,
    .run = geodist,
};

constexpr ArgSpec kGeohashArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member", .flags = kArgMultiple},
};
constexpr CommandSpec kGeohashRow = {
    .name = "geohash",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "3.2.0",
    .complexity =
        "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
    .summary = "Returns members of a geospatial index as standard geohash strings",
    .arguments = kGeohashArgs,
    .run = geohash,
};

constexpr CommandSpec kGeoposRow = {
    .name = "geopos",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "3.2.0",
    .complexity = "O(N) where N is the number of members requested.",
    .summary = "Returns longitude and latitude of members of a geospatial index",
    .arguments = kGeohashArgs,
    .run = geopos,
};

constexpr KeySpec kGeoradiusKeys[] = {
    key_at(1, kKeyRO | kKeyAccess),
    {.flags = kKeyOW | kKeyUpdate,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STORE",
     .start_from = 6},
    {.flags = kKeyOW | kKeyUpdate,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STOREDIST",
     .start_from = 6},
};
constexpr ArgSpec kGeoradiusCount[] = {
    {.name = "count", .type = kInteger, .token = "COUNT"},
    {.name = "any", .type = kPureToken, .token = "ANY", .since = "6.2.0", .flags = kArgOptional},
};
constexpr ArgSpec kGeoradiusOrder[] = {
    {.name = "asc", .type = kPureToken, .token = "ASC"},
    {.name = "desc", .type = kPureToken, .token = "DESC"},
};
constexpr ArgSpec kGeoradiusArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "longitude", .type = kDouble},
    {.name = "latitude", .type = kDouble},
    {.name = "radius", .type = kDouble},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
    {.name = "withcoord", .type = kPureToken, .token = "WITHCOORD", .flags = kArgOptional},
    {.name = "withdist", .type = kPureToken, .token = "WITHDIST", .flags = kArgOptional},
    {.name = "withhash", .type = kPureToken, .token = "WITHHASH", .flags = kArgOptional},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusCount},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
    {.name = "key", .type = kKey, .key_spec = 1, .token = "STORE", .flags = kArgOptional},
    {.name = "key", .type = kKey, .key_spec = 2, .token = "STOREDIST", .flags = kArgOptional},
};
constexpr HistoryNote kGeoradiusHistory[] = {
    {"6.2.0", "Added the `ANY` option for `COUNT`."},
    {"7.0.0", "Added support for uppercase unit names."},
};
constexpr CommandSpec kGeoradiusRow = {
    .name = "georadius",
    .arity = -6,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kGeoradiusKeys,
    .find_keys = georadius_keys,
    .since = "3.2.0",
    .complexity =
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular "
        "area delimited by center and radius and M is the number of items inside the index.",
    .summary =
        "Query a sorted set representing a geospatial index to fetch members matching a given "
        "maximum distance from a point",
    .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    .history = kGeoradiusHistory,
    .arguments = kGeoradiusArgs,
    .run = georadius,
};

constexpr ArgSpec kGeoradiusRoArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "longitude", .type = kDouble},
    {.name = "latitude", .type = kDouble},
    {.name = "radius", .type = kDouble},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
    {.name = "withcoord", .type = kPureToken, .token = "WITHCOORD", .flags = kArgOptional},
    {.name = "withdist", .type = kPureToken, .token = "WITHDIST", .flags = kArgOptional},
    {.name = "withhash", .type = kPureToken, .token = "WITHHASH", .flags = kArgOptional},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusCount},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
};
constexpr HistoryNote kGeoradiusRoHistory[] = {
    {"6.2.0", "Added the `ANY` option for `COUNT`."},
};
constexpr CommandSpec kGeoradiusRoRow = {
    .name = "georadius_ro",
    .arity = -6,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "3.2.10",
    .complexity =
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular "
        "area delimited by center and radius and M is the number of items inside the index.",
    .summary = "A read-only variant for GEORADIUS",
    .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
    .history = kGeoradiusRoHistory,
    .arguments = kGeoradiusRoArgs,
    .run = georadius_ro,
};

constexpr KeySpec kGeoradiusbymemberKeys[] = {
    key_at(1, kKeyRO | kKeyAccess),
    {.flags = kKeyOW | kKeyUpdate,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STORE",
     .start_from = 5},
    {.flags = kKeyOW | kKeyUpdate,
     .begin = KeySpec::Begin::kKeyword,
     .keyword = "STOREDIST",
     .start_from = 5},
};
constexpr ArgSpec kGeoradiusbymemberCount[] = {
    {.name = "count", .type = kInteger, .token = "COUNT"},
    {.name = "any", .type = kPureToken, .token = "ANY", .flags = kArgOptional},
};
constexpr ArgSpec kGeoradiusbymemberArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member"},
    {.name = "radius", .type = kDouble},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
    {.name = "withcoord", .type = kPureToken, .token = "WITHCOORD", .flags = kArgOptional},
    {.name = "withdist", .type = kPureToken, .token = "WITHDIST", .flags = kArgOptional},
    {.name = "withhash", .type = kPureToken, .token = "WITHHASH", .flags = kArgOptional},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusbymemberCount},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
    {.name = "key", .type = kKey, .key_spec = 1, .token = "STORE", .flags = kArgOptional},
    {.name = "key", .type = kKey, .key_spec = 2, .token = "STOREDIST", .flags = kArgOptional},
};
constexpr HistoryNote kGeoradiusbymemberHistory[] = {
    {"7.0.0", "Added support for uppercase unit names."},
};
constexpr CommandSpec kGeoradiusbymemberRow = {
    .name = "georadiusbymember",
    .arity = -5,
    .flags = kWrite | kDenyOom | kMovableKeys,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kGeoradiusbymemberKeys,
    .find_keys = georadiusbymember_keys,
    .since = "3.2.0",
    .complexity =
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular "
        "area delimited by center and radius and M is the number of items inside the index.",
    .summary =
        "Query a sorted set representing a geospatial index to fetch members matching a given "
        "maximum distance from a member",
    .deprecated_since = "6.2.0",
    .replaced_by =
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    .history = kGeoradiusbymemberHistory,
    .arguments = kGeoradiusbymemberArgs,
    .run = georadiusbymember,
};

constexpr ArgSpec kGeoradiusbymemberRoArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "member"},
    {.name = "radius", .type = kDouble},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
    {.name = "withcoord", .type = kPureToken, .token = "WITHCOORD", .flags = kArgOptional},
    {.name = "withdist", .type = kPureToken, .token = "WITHDIST", .flags = kArgOptional},
    {.name = "withhash", .type = kPureToken, .token = "WITHHASH", .flags = kArgOptional},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusbymemberCount},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
};
constexpr CommandSpec kGeoradiusbymemberRoRow = {
    .name = "georadiusbymember_ro",
    .arity = -5,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "3.2.10",
    .complexity =
        "O(N+log(M)) where N is the number of elements inside the bounding box of the circular "
        "area delimited by center and radius and M is the number of items inside the index.",
    .summary = "A read-only variant for GEORADIUSBYMEMBER",
    .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    .arguments = kGeoradiusbymemberRoArgs,
    .run = georadiusbymember_ro,
};

constexpr ArgSpec kGeosearchFromLongitudeLatitude[] = {
    {.name = "longitude", .type = kDouble},
    {.name = "latitude", .type = kDouble},
};
constexpr ArgSpec kGeosearchFrom[] = {
    {.name = "member", .token = "FROMMEMBER"},
    {.name = "longitude_latitude",
     .type = kBlock,
     .token = "FROMLONLAT",
     .arguments = kGeosearchFromLongitudeLatitude},
};
constexpr ArgSpec kGeosearchByCircle[] = {
    {.name = "radius", .type = kDouble, .token = "BYRADIUS"},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
};
constexpr ArgSpec kGeosearchByBox[] = {
    {.name = "width", .type = kDouble, .token = "BYBOX"},
    {.name = "height", .type = kDouble},
    {.name = "unit", .type = kOneOf, .arguments = kGeodistUnit},
};
constexpr ArgSpec kGeosearchBy[] = {
    {.name = "circle", .type = kBlock, .arguments = kGeosearchByCircle},
    {.name = "box", .type = kBlock, .arguments = kGeosearchByBox},
};
constexpr ArgSpec kGeosearchArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "from", .type = kOneOf, .arguments = kGeosearchFrom},
    {.name = "by", .type = kOneOf, .arguments = kGeosearchBy},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusbymemberCount},
    {.name = "withcoord", .type = kPureToken, .token = "WITHCOORD", .flags = kArgOptional},
    {.name = "withdist", .type = kPureToken, .token = "WITHDIST", .flags = kArgOptional},
    {.name = "withhash", .type = kPureToken, .token = "WITHHASH", .flags = kArgOptional},
};
constexpr HistoryNote kGeosearchHistory[] = {
    {"7.0.0", "Added support for uppercase unit names."},
};
constexpr CommandSpec kGeosearchRow = {
    .name = "geosearch",
    .arity = -7,
    .flags = kReadOnly,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.2.0",
    .complexity =
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area "
        "around the shape provided as the filter and M is the number of items inside the shape",
    .summary =
        "Query a sorted set representing a geospatial index to fetch members inside an area of a "
        "box or a circle.",
    .history = kGeosearchHistory,
    .arguments = kGeosearchArgs,
    .run = geosearch,
};

constexpr KeySpec kGeosearchstoreKeys[] = {
    key_at(1, kKeyOW | kKeyUpdate),
    key_at(2, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kGeosearchstoreArgs[] = {
    {.name = "destination", .type = kKey, .key_spec = 0},
    {.name = "source", .type = kKey, .key_spec = 1},
    {.name = "from", .type = kOneOf, .arguments = kGeosearchFrom},
    {.name = "by", .type = kOneOf, .arguments = kGeosearchBy},
    {.name = "order", .type = kOneOf, .flags = kArgOptional, .arguments = kGeoradiusOrder},
    {.name = "count", .type = kBlock, .flags = kArgOptional, .arguments = kGeoradiusbymemberCount},
    {.name = "storedist", .type = kPureToken, .token = "STOREDIST", .flags = kArgOptional},
};
constexpr HistoryNote kGeosearchstoreHistory[] = {
    {"7.0.0", "Added support for uppercase unit names."},
};
constexpr CommandSpec kGeosearchstoreRow = {
    .name = "geosearchstore",
    .arity = -8,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kGeo,
    .scope = Scope::kKeys,
    .keys = kGeosearchstoreKeys,
    .since = "6.2.0",
    .complexity =
        "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area "
        "around the shape provided as the filter and M is the number of items inside the shape",
    .summary =
        "Query a sorted set representing a geospatial index to fetch members inside an area of a "
        "box or a circle, and store the result in another key.",
    .history = kGeosearchstoreHistory,
    .arguments = kGeosearchstoreArgs,
    .run = geosearchstore,
};

constexpr CommandSpec kRows[] = {
    kGeoaddRow,    kGeodistRow,        kGeohashRow,           kGeoposRow,
    kGeoradiusRow, kGeoradiusRoRow,    kGeoradiusbymemberRow, kGeoradiusbymemberRoRow,
    kGeosearchRow, kGeosearchstoreRow,
};

}  // namespace

CommandRows geo_commands() {
  return kRows;
}

}  // namespace kvstash::commands
