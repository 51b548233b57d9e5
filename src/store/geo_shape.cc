#include "store/geo_shape.h"

#include <algorithm>
#include <cmath>

namespace kvstash::store {
namespace {

constexpr double kEarthRadiusM = 6372797.560856;
constexpr double kMapHalfWidthM = 20037726.37;  // Of the Web Mercator projection, as Redis has it.
constexpr double kRadiansPerDegree = 3.14159265358979323846 / 180.0;

double radians(double degrees) {
  return degrees * kRadiansPerDegree;
}

double degrees(double radians) {
  return radians / kRadiansPerDegree;
}

double distance_of_latitudes_m(double a, double b) {
  return kEarthRadiusM * std::fabs(radians(b) - radians(a));
}

// How often the map is halved until a cell and its eight neighbours just contain a circle.
unsigned steps_for(double radius_m, double latitude) {
  if (radius_m == 0) return GeoCell::kStepsMax;
  int steps = 1;
  for (; radius_m < kMapHalfWidthM; radius_m *= 2)
    ++steps;
  steps -= 2;  // The circle may begin at the edge of its cell.
  const double pole_distance = std::fabs(latitude);
  if (pole_distance > 66) --steps;  // Towards the poles cells are narrower.
  if (pole_distance > 80) --steps;
  return static_cast<unsigned>(std::clamp<int>(steps, 1, GeoCell::kStepsMax));
}

// The edges of the shape; for a circle, of the square around it. The side nearer to a pole is
// longer in degrees than the opposite side.
GeoBox bounds_of(const GeoShape& shape) {
  const bool is_circle = shape.kind == GeoShape::Kind::kCircle;
  const double half_height = shape.unit_m * (is_circle ? shape.radius : shape.height / 2);
  const double half_width = shape.unit_m * (is_circle ? shape.radius : shape.width / 2);
  const GeoPoint& center = shape.center;
  const double up = degrees(half_height / kEarthRadiusM);
  const double towards_pole = center.latitude < 0 ? center.latitude - up : center.latitude + up;
  const double aside = degrees(half_width / kEarthRadiusM / std::cos(radians(towards_pole)));
  return {.min = {.longitude = center.longitude - aside, .latitude = center.latitude - up},
          .max = {.longitude = center.longitude + aside, .latitude = center.latitude + up}};
}

// The distance from the centre to the farthest point.
double reach_m(const GeoShape& shape) {
  const double half_width = shape.width / 2;
  const double half_height = shape.height / 2;
  const double reach = shape.kind == GeoShape::Kind::kCircle
                           ? shape.radius
                           : std::sqrt(half_width * half_width + half_height * half_height);
  return reach * shape.unit_m;
}

// Whether a cell and its neighbours reach the bounds on all sides.
bool contains(const GeoCell& cell, const GeoBox& bounds) {
  return !(box_of(neighbour(cell, 0, 1)).max.latitude < bounds.max.latitude) &&
         !(box_of(neighbour(cell, 0, -1)).min.latitude > bounds.min.latitude) &&
         !(box_of(neighbour(cell, 1, 0)).max.longitude < bounds.max.longitude) &&
         !(box_of(neighbour(cell, -1, 0)).min.longitude > bounds.min.longitude);
}

struct Direction {
  int east;
  int north;
};
constexpr Direction kSearchOrder[] = {{0, 1}, {0, -1}, {1, 0},  {-1, 0},
                                      {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};

// Whether the cells in a direction can be left out, because the middle cell already reaches past
// the bounds on that side.
bool is_needless(const Direction& to, const GeoBox& middle, const GeoBox& bounds) {
  return (to.north < 0 && middle.min.latitude < bounds.min.latitude) ||
         (to.north > 0 && middle.max.latitude > bounds.max.latitude) ||
         (to.east < 0 && middle.min.longitude < bounds.min.longitude) ||
         (to.east > 0 && middle.max.longitude > bounds.max.longitude);
}

}  // namespace

double geo_distance_m(const GeoPoint& a, const GeoPoint& b) {
  const double v = std::sin((radians(b.longitude) - radians(a.longitude)) / 2);
  if (v == 0) return distance_of_latitudes_m(a.latitude, b.latitude);
  const double latitude_a = radians(a.latitude);
  const double latitude_b = radians(b.latitude);
  const double u = std::sin((latitude_b - latitude_a) / 2);
  const double haversine = u * u + std::cos(latitude_a) * std::cos(latitude_b) * v * v;
  return 2.0 * kEarthRadiusM * std::asin(std::sqrt(haversine));
}

std::optional<double> distance_within_m(const GeoShape& shape, const GeoPoint& point) {
  const GeoPoint& center = shape.center;
  if (shape.kind == GeoShape::Kind::kCircle) {
    const double distance = geo_distance_m(center, point);
    if (distance > shape.radius * shape.unit_m) return std::nullopt;
    return distance;
  }
  if (distance_of_latitudes_m(point.latitude, center.latitude) > shape.height * shape.unit_m / 2)
    return std::nullopt;
  const GeoPoint abeam = {.longitude = center.longitude, .latitude = point.latitude};
  if (geo_distance_m(point, abeam) > shape.width * shape.unit_m / 2) return std::nullopt;
  return geo_distance_m(center, point);
}

GeoCover::GeoCover(const GeoShape& shape) {
  const GeoBox bounds = bounds_of(shape);
  unsigned steps = steps_for(reach_m(shape), shape.center.latitude);
  GeoCell middle = cell_at(shape.center, steps);
  if (steps > 1 && !contains(middle, bounds)) middle = cell_at(shape.center, --steps);

  add(middle);
  const GeoBox middle_box = box_of(middle);
  const GeoCell* last = nullptr;  // Never the middle cell: Redis compares cells from its second on.
  for (const Direction& to : kSearchOrder) {
    if (steps >= 2 && is_needless(to, middle_box, bounds)) continue;
    const GeoCell cell = neighbour(middle, to.east, to.north);
    if (last != nullptr && *last == cell) continue;  // On a map of few cells.
    add(cell);
    last = &cells_[size_ - 1];
  }
}

}  // namespace kvstash::store
