#include "commands/geo/geo_arguments.h"

#include "base/numbers.h"
#include "base/text.h"

#include <cstdio>
#include <string>

namespace kvstash::commands {
namespace {

namespace errors = engine::errors;
using store::GeoPoint;

Error not_on_map(const GeoPoint& point) {
  constexpr size_t kCharsMax = 700;  // Twice the 316 of the largest double, and the words.
  char text[kCharsMax];
  std::snprintf(text, sizeof text, "ERR invalid longitude,latitude pair %f,%f", point.longitude,
                point.latitude);
  return Error::text(text);
}

struct Unit {
  std::string_view name;
  double metres;
};

constexpr Unit kUnits[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

void reply_coordinate(resp::ReplyWriter& to, double degrees) {
  char digits[kLongDoubleCharsMax];
  const std::string_view text(digits, format_long_double_human(digits, degrees));
  if (!to.is_resp3()) return to.bulk(text);
  to.raw(",");
  to.raw(text);
  to.raw("\r\n");
}

}  // namespace

Result<GeoPoint> parse_geo_point(engine::ArgReader& args) {
  const std::optional<double> longitude = parse_double(args.next());
  if (!longitude) return errors::not_a_float();
  const std::optional<double> latitude = parse_double(args.next());
  if (!latitude) return errors::not_a_float();
  const GeoPoint point{.longitude = *longitude, .latitude = *latitude};
  if (!store::is_on_map(point)) return not_on_map(point);
  return point;
}

Result<double> parse_geo_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (equals_ignore_case(name, unit.name)) return unit.metres;
  }
  return Error::literal("ERR unsupported unit provided. please use M, KM, FT, MI");
}

void reply_distance(resp::ReplyWriter& to, double distance) {
  char digits[kDoubleCharsMax];
  to.bulk({digits, format_double_4(digits, distance)});
}

void reply_geo_point(resp::ReplyWriter& to, const GeoPoint& point) {
  to.array(2);
  reply_coordinate(to, point.longitude);
  reply_coordinate(to, point.latitude);
}

}  // namespace kvstash::commands
