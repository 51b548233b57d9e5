// GeoQuery: the parsed arguments of a geo search, for GEOSEARCH, GEORADIUS and their variants.
//
// Texts are views of the arguments. One thread.
#pragma once

#include "base/result.h"
#include "store/geo_shape.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::commands {

enum class GeoForm : uint8_t {
  kRadius,          // GEORADIUS key longitude latitude radius unit ...
  kRadiusByMember,  // GEORADIUSBYMEMBER key member radius unit ...
  kSearch,          // GEOSEARCH key ..., GEOSEARCHSTORE destination key ...
};

struct GeoCommand {
  GeoForm form;
  bool may_store = false;  // STORE and STOREDIST name a destination.
  bool is_store = false;   // GEOSEARCHSTORE.
};

struct GeoQuery {
  enum class Order : uint8_t { kAsFound, kNearestFirst, kFarthestFirst };

  store::GeoShape shape;
  Order order = Order::kAsFound;
  size_t count = 0;  // 0: all.
  bool any = false;  // Stop when `count` places are found.
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  size_t destination_at = 0;  // Index of the destination's argument; 0: none.
  bool stores_distance = false;
};

// Returns the position of a member; nothing if there is no such member.
using LocateMember = std::function<std::optional<store::GeoPoint>(std::string_view member)>;

// Parses the whole command. If `locate` is null there is no set to search: the arguments are
// checked as far as Redis checks them then. After an error `query` has what was parsed before it.
Status parse_geo_query(std::span<const std::string_view> argv, const GeoCommand& command,
                       const LocateMember& locate, GeoQuery& query);

}  // namespace kvstash::commands
