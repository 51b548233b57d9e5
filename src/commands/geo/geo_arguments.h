// Coordinates, units and distances as the geo commands read and write them.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"
#include "resp/reply_writer.h"
#include "store/geohash.h"

#include <string_view>

namespace kvstash::commands {

// The next two arguments, which must be there: longitude and latitude of a point on the map.
Result<store::GeoPoint> parse_geo_point(engine::ArgReader& args);

// Metres of one m, km, ft or mi.
Result<double> parse_geo_unit(std::string_view name);

// With four digits after the point, as a bulk string.
void reply_distance(resp::ReplyWriter& to, double distance);
// A pair of doubles.
void reply_geo_point(resp::ReplyWriter& to, const store::GeoPoint& point);

}  // namespace kvstash::commands
