// Geo shapes: circles and rectangles on Earth, the distance between two points, and the cells of
// the map that a search in a shape has to visit.
//
// Earth is a sphere, and distances are along great circles (the haversine formula,
// https://en.wikipedia.org/wiki/Haversine_formula). Numbers and the order of arithmetic are
// Redis's, so that a search finds the same places at the same distances. The functions are pure and
// may run on any thread.
#pragma once

#include "store/geohash.h"

#include <array>
#include <optional>

namespace kvstash::store {

double geo_distance_m(const GeoPoint& a, const GeoPoint& b);

// A circle, or a rectangle whose sides run north and east. Lengths are in units of `unit_m` metres,
// not negative, and may be infinite.
struct GeoShape {
  enum class Kind : uint8_t { kCircle, kBox };

  Kind kind = Kind::kCircle;
  GeoPoint center{};
  double unit_m = 1;
  double radius = 0;  // kCircle
  double width = 0;   // kBox
  double height = 0;
};

// Returns the distance of a point from the centre in metres, or nothing if it is outside the shape.
std::optional<double> distance_within_m(const GeoShape& shape, const GeoPoint& point);

// The cells that together contain the shape, or the part of it that is on the map, in the order of
// a search: the cell of the centre, then some of the eight cells around it.
class GeoCover {
 public:
  explicit GeoCover(const GeoShape& shape);

  const GeoCell* begin() const { return cells_.data(); }
  const GeoCell* end() const { return cells_.data() + size_; }

 private:
  void add(const GeoCell& cell) { cells_[size_++] = cell; }

  std::array<GeoCell, 9> cells_;
  size_t size_ = 0;
};

}  // namespace kvstash::store
