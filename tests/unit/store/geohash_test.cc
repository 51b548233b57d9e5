#include "store/geohash.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

namespace kvstash::store {
namespace {

GeoPoint random_point(Random& random) {
  return {.longitude = (random.unit() * 2 - 1) * kLongitudeMax,
          .latitude = (random.unit() * 2 - 1) * kLatitudeMax};
}

std::string letters(const GeoPoint& point) {
  const GeohashText text = geohash_text(point);
  return {text.data(), text.size()};
}

bool is_inside(const GeoBox& box, const GeoPoint& point) {
  return point.longitude >= box.min.longitude && point.longitude <= box.max.longitude &&
         point.latitude >= box.min.latitude && point.latitude <= box.max.latitude;
}

}  // namespace

TEST_CASE("places have the scores that Redis gives them") {
  CHECK(geo_score({13.361389, 38.115556}) == 3479099956230698);
  CHECK(geo_score({15.087269, 37.502669}) == 3479447370796909);
  CHECK(geo_score({-180, -kLatitudeMax}) == 0);
}

TEST_CASE("a score gives its place back to within half a cell") {
  constexpr double kHalfCell = 180.0 / (1 << 26);
  Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    const GeoPoint point = random_point(random);
    const GeoPoint found = geo_point(geo_score(point));
    REQUIRE(std::abs(found.longitude - point.longitude) <= kHalfCell * 1.001);
    REQUIRE(std::abs(found.latitude - point.latitude) <= kHalfCell * 1.001);
    REQUIRE(geo_score(found) == geo_score(point));
  }
}

TEST_CASE("any score is some place on the map") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double score : {0.0, -0.0, -1.0, -5.5, 4503599627370496.0, 9e15, 1.8e19, 1e300, -1e300,
                             kInfinity, -kInfinity}) {
    CHECK(is_on_map(geo_point(score)));
  }
}

TEST_CASE("the letters are those of other programs") {
  CHECK(letters({-5.60302734375, 42.60498046875}) == "ezs42s00000");
  CHECK(letters(geo_point(geo_score({13.361389, 38.115556}))) == "sqc8b49rny0");
  CHECK(letters(geo_point(geo_score({15.087269, 37.502669}))) == "sqdtr74hyu0");
}

TEST_CASE("a point lies in its cell of any size, and in the scores of it") {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    const GeoPoint point = random_point(random);
    for (unsigned steps = 1; steps <= GeoCell::kStepsMax; ++steps) {
      const GeoCell cell = cell_at(point, steps);
      REQUIRE(is_inside(box_of(cell), point));
      const GeoScores scores = scores_of(cell);
      REQUIRE(scores.min <= geo_score(point));
      REQUIRE(geo_score(point) < scores.end);
    }
  }
}

TEST_CASE("neighbours lie beside each other, also round the edges of the map") {
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    const auto steps = static_cast<unsigned>(2 + random.below(GeoCell::kStepsMax - 1));
    const GeoCell cell = cell_at(random_point(random), steps);
    for (int east = -1; east <= 1; ++east) {
      for (int north = -1; north <= 1; ++north) {
        const GeoCell beside = neighbour(cell, east, north);
        REQUIRE((beside == cell) == (east == 0 && north == 0));
        REQUIRE(neighbour(beside, -east, -north) == cell);
      }
    }
    const GeoBox box = box_of(cell);
    const GeoBox to_east = box_of(neighbour(cell, 1, 0));
    REQUIRE(to_east.min.latitude == box.min.latitude);
    const bool is_at_edge = box.max.longitude == kLongitudeMax;
    REQUIRE(to_east.min.longitude == (is_at_edge ? -kLongitudeMax : box.max.longitude));
  }
}

}  // namespace kvstash::store
