// Coordinates, units and distances as the geo commands read and write them.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"
#include "resp/reply_writer.h"
#include "store/geohash.h"

#include <string_view>

namespace kvstash::commands {

// Parses the next two arguments, which must exist: longitude and latitude of a point on the map.
Result<store::GeoPoint> parse_geo_point(engine::ArgReader& args);

// The number of metres in one m, km, ft or mi.
Result<double> parse_geo_unit(std::string_view name);

// Writes the distance with four digits after the point, as a bulk string.
void reply_distance(resp::ReplyWriter& to, double distance);
// Writes the point as a pair of doubles.
void reply_geo_point(resp::ReplyWriter& to, const store::GeoPoint& point);

}  // namespace kvstash::commands
