// GeoQuery: what a geo search was asked for: the words of GEOSEARCH, GEORADIUS and their forms,
// read into one struct.
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
  bool may_store = false;  // GEORADIUS and GEORADIUSBYMEMBER: STORE, STOREDIST
  bool is_store = false;   // GEOSEARCHSTORE
};

struct GeoQuery {
  enum class Order : uint8_t { kAsFound, kNearestFirst, kFarthestFirst };

  store::GeoShape shape;
  Order order = Order::kAsFound;
  size_t count = 0;  // 0: all.
  bool any = false;  // The first `count` found will do.
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  size_t destination_at = 0;  // Argument of the key to store to; 0: none.
  bool stores_distance = false;
};

// Where a member is; nothing if there is no such member.
using LocateMember = std::function<std::optional<store::GeoPoint>(std::string_view member)>;

// Reads the whole command. Without `locate` there is no set to search: the arguments are checked as
// far as they can be, as Redis does. An error leaves in `query` what stood before it.
Status parse_geo_query(std::span<const std::string_view> argv, const GeoCommand& command,
                       const LocateMember& locate, GeoQuery& query);

}  // namespace kvstash::commands
