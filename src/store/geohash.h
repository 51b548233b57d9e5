// Geohash: places on Earth as 52-bit numbers that a sorted set can keep as scores, so that places
// near each other mostly have scores near each other.
//
// Longitude and latitude are each cut in half 26 times. The choices of halves, as interleaved bits,
// are the number (G. Niemeyer's geohash, https://en.wikipedia.org/wiki/Geohash, with the bits of
// latitude in the even positions):
//
//     bit 51   50   49   48   ...   1    0
//         lon  lat  lon  lat        lon  lat
//
// The first bits alone name a larger cell that contains the place. Latitudes are those of the Web
// Mercator projection (EPSG:3857) and end at 85.05 degrees. Ranges and the order of arithmetic are
// the ones that Redis uses for its geo commands, so that scores and coordinates come out as the
// same bits. The functions are pure and may run on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kvstash::store {

// In degrees.
inline constexpr double kLongitudeMax = 180;
inline constexpr double kLatitudeMax = 85.05112878;

struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

inline bool is_on_map(const GeoPoint& point) {
  return point.longitude >= -kLongitudeMax && point.longitude <= kLongitudeMax &&
         point.latitude >= -kLatitudeMax && point.latitude <= kLatitudeMax;
}

struct GeoBox {
  GeoPoint min;
  GeoPoint max;
};

// A rectangle of the map: all places whose hashes begin with these 2 * steps bits.
struct GeoCell {
  static constexpr unsigned kStepsMax = 26;

  uint64_t bits = 0;
  unsigned steps = 0;

  bool operator==(const GeoCell&) const = default;
};

// The cell that contains a point. The point must be on the map, and `steps` from 1 to kStepsMax.
GeoCell cell_at(const GeoPoint& point, unsigned steps);
GeoBox box_of(const GeoCell& cell);
// The cell that is `east` columns to the east and `north` rows to the north (each -1, 0 or 1). Past
// an edge of the map it continues at the opposite edge.
GeoCell neighbour(const GeoCell& cell, int east, int north);

// The score that stands for a point on the map, and the middle of the cell that a score stands for.
// Any number is the score of some point.
double geo_score(const GeoPoint& point);
GeoPoint geo_point(double score);

// The scores of the places in a cell: at least `min` and below `end`.
struct GeoScores {
  double min;
  double end;
};
GeoScores scores_of(const GeoCell& cell);

// The eleven letters that other programs know as the geohash of a point, made with latitudes that
// end at 90 degrees. The last letter is always 0, because the bits are enough for ten letters only.
using GeohashText = std::array<char, 11>;
GeohashText geohash_text(const GeoPoint& point);

}  // namespace kvstash::store
