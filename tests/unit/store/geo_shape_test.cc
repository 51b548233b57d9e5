#include "store/geo_shape.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace kvstash::store {
namespace {

bool is_covered(const GeoCover& cover, const GeoPoint& point) {
  const double score = geo_score(point);
  return std::any_of(cover.begin(), cover.end(), [&](const GeoCell& cell) {
    const GeoScores scores = scores_of(cell);
    return score >= scores.min && score < scores.end;
  });
}

GeoShape random_shape(Random& random) {
  GeoShape shape;
  shape.kind = random.one_in(2) ? GeoShape::Kind::kCircle : GeoShape::Kind::kBox;
  shape.center = {.longitude = random.unit() * 300 - 150, .latitude = random.unit() * 120 - 60};
  shape.unit_m = random.one_in(2) ? 1 : 1000;
  const double size_m = std::pow(10, random.unit() * 6);
  shape.radius = size_m / shape.unit_m;
  shape.width = size_m * random.unit() / shape.unit_m;
  shape.height = size_m * random.unit() / shape.unit_m;
  return shape;
}

}  // namespace

TEST_CASE("distances are along great circles of a sphere") {
  constexpr double kRadiusM = 6372797.560856;
  constexpr double kPi = 3.14159265358979323846;
  CHECK(geo_distance_m({0, 0}, {0, 0}) == 0);
  CHECK(geo_distance_m({0, 0}, {90, 0}) == doctest::Approx(kRadiusM * kPi / 2));
  CHECK(geo_distance_m({0, -45}, {0, 45}) == doctest::Approx(kRadiusM * kPi / 2));
  CHECK(geo_distance_m({179, 0}, {-179, 0}) == doctest::Approx(kRadiusM * kPi / 90));
  const GeoPoint palermo = geo_point(geo_score({13.361389, 38.115556}));
  const GeoPoint catania = geo_point(geo_score({15.087269, 37.502669}));
  CHECK(geo_distance_m(palermo, catania) == doctest::Approx(166274.1516).epsilon(1e-9));
}

TEST_CASE("a circle holds what is near enough, a box what is near enough both ways") {
  const GeoShape circle{.center = {}, .unit_m = 1000, .radius = 112};
  CHECK(distance_within_m(circle, {0, 1}).has_value());
  CHECK(distance_within_m(circle, {1, 0}).has_value());
  CHECK_FALSE(distance_within_m(circle, {1, 1}).has_value());
  const GeoShape box{.kind = GeoShape::Kind::kBox,
                     .center = {},
                     .unit_m = 1000,
                     .width = 2 * 112,
                     .height = 2 * 60};
  CHECK(distance_within_m(box, {1, 0.5}).has_value());
  CHECK_FALSE(distance_within_m(box, {0.5, 1}).has_value());
  CHECK_FALSE(distance_within_m(box, {1.1, 0}).has_value());
}

TEST_CASE("the cells of a search contain every point of the shape") {
  Random random(6);
  int inside = 0;
  for (int i = 0; i < 3000; ++i) {
    const GeoShape shape = random_shape(random);
    const GeoCover cover(shape);
    for (int j = 0; j < 20; ++j) {
      const double reach = (shape.kind == GeoShape::Kind::kCircle ? shape.radius : shape.height) *
                           shape.unit_m / 111'000;
      const GeoPoint point{
          .longitude = std::clamp(shape.center.longitude + (random.unit() * 4 - 2) * reach,
                                  -kLongitudeMax, kLongitudeMax),
          .latitude = std::clamp(shape.center.latitude + (random.unit() * 2 - 1) * reach,
                                 -kLatitudeMax, kLatitudeMax)};
      if (!distance_within_m(shape, point)) continue;
      ++inside;
      REQUIRE(is_covered(cover, point));
    }
  }
  CHECK(inside > 10'000);
}

TEST_CASE("a search of nowhere and of everywhere has cells") {
  for (const double radius : {0.0, 1e-300, 1e9, std::numeric_limits<double>::infinity()}) {
    for (const double latitude : {-kLatitudeMax, -70.0, 0.0, 70.0, kLatitudeMax}) {
      const GeoCover cover({.center = {kLongitudeMax, latitude}, .radius = radius});
      CHECK(cover.end() - cover.begin() >= 1);
      CHECK(cover.end() - cover.begin() <= 9);
    }
  }
}

}  // namespace kvstash::store
