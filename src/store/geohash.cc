#include "store/geohash.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::store {
namespace {

constexpr uint64_t kEvenBits = 0x5555555555555555;  // The bits of the latitude.
constexpr uint64_t kOddBits = 0xaaaaaaaaaaaaaaaa;   // The bits of the longitude.

// Moves the bits of a number to the even positions, by halving the groups of bits that stay
// together: see S. E. Anderson, Bit Twiddling Hacks, "Interleave bits by Binary Magic Numbers".
uint64_t spread(uint32_t number) {
  uint64_t bits = number;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & kEvenBits;
}

// The inverse of `spread`: collects the bits at the even positions.
uint32_t gather(uint64_t bits) {
  bits &= kEvenBits;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(bits | bits >> 16);
}

// How far a value lies between -max and max, in parts of 1 / 2^steps.
uint32_t part_of(double value, double max, unsigned steps) {
  const double share = (value + max) / (max + max);
  return static_cast<uint32_t>(share * static_cast<double>(uint64_t{1} << steps));
}

double edge_of(uint32_t part, double max, unsigned steps) {
  const double share = part * 1.0 / static_cast<double>(uint64_t{1} << steps);
  return -max + share * (max + max);
}

GeoCell cell_between(const GeoPoint& point, double latitude_max, unsigned steps) {
  return {.bits = spread(part_of(point.latitude, latitude_max, steps)) |
                  spread(part_of(point.longitude, kLongitudeMax, steps)) << 1,
          .steps = steps};
}

double middle(double min, double max, double limit) {
  return std::clamp((min + max) / 2, -limit, limit);
}

// Takes one step along one coordinate, whose bits are those in `own`. The bits of the other
// coordinate are set meanwhile, so that a carry runs over them; at the edge of the map the carry is
// dropped.
uint64_t moved(uint64_t bits, uint64_t own, unsigned unused, int by) {
  bits &= own;
  if (by == 0) return bits;
  const uint64_t others = ~own >> unused;
  bits = by > 0 ? bits + (others + 1) : (bits | others) - (others + 1);
  return bits & own >> unused;
}

// Converts as x86-64 does: below zero modulo 2^64, and to a fixed number if the score does not fit.
uint64_t bits_of_score(double score) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (score >= 2 * kTwo63) return 0;
  if (score >= kTwo63) return static_cast<uint64_t>(score);
  if (score >= -kTwo63) return static_cast<uint64_t>(static_cast<int64_t>(score));
  return uint64_t{1} << 63;
}

constexpr unsigned kHashBits = 2 * GeoCell::kStepsMax;

}  // namespace

GeoCell cell_at(const GeoPoint& point, unsigned steps) {
  ensure(is_on_map(point) && steps >= 1 && steps <= GeoCell::kStepsMax);
  return cell_between(point, kLatitudeMax, steps);
}

GeoBox box_of(const GeoCell& cell) {
  const uint32_t row = gather(cell.bits);
  const uint32_t column = gather(cell.bits >> 1);
  return {.min = {.longitude = edge_of(column, kLongitudeMax, cell.steps),
                  .latitude = edge_of(row, kLatitudeMax, cell.steps)},
          .max = {.longitude = edge_of(column + 1, kLongitudeMax, cell.steps),
                  .latitude = edge_of(row + 1, kLatitudeMax, cell.steps)}};
}

GeoCell neighbour(const GeoCell& cell, int east, int north) {
  const unsigned unused = 64 - 2 * cell.steps;
  return {
      .bits = moved(cell.bits, kOddBits, unused, east) | moved(cell.bits, kEvenBits, unused, north),
      .steps = cell.steps};
}

double geo_score(const GeoPoint& point) {
  return static_cast<double>(cell_at(point, GeoCell::kStepsMax).bits);
}

GeoPoint geo_point(double score) {
  const GeoBox box = box_of({.bits = bits_of_score(score), .steps = GeoCell::kStepsMax});
  return {.longitude = middle(box.min.longitude, box.max.longitude, kLongitudeMax),
          .latitude = middle(box.min.latitude, box.max.latitude, kLatitudeMax)};
}

GeoScores scores_of(const GeoCell& cell) {
  const unsigned below = kHashBits - 2 * cell.steps;
  return {.min = static_cast<double>(cell.bits << below),
          .end = static_cast<double>((cell.bits + 1) << below)};
}

GeohashText geohash_text(const GeoPoint& point) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr double kPole = 90;
  constexpr unsigned kBitsPerLetter = 5;
  const uint64_t bits = cell_between(point, kPole, GeoCell::kStepsMax).bits;
  GeohashText text;
  text.fill(kAlphabet[0]);
  for (unsigned i = 0; i + 1 < text.size(); ++i)
    text[i] = kAlphabet[(bits >> (kHashBits - (i + 1) * kBitsPerLetter)) & 31];
  return text;
}

}  // namespace kvstash::store
