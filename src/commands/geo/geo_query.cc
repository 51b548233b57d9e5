#include "commands/geo/geo_query.h"

#include "base/numbers.h"
#include "commands/geo/geo_arguments.h"
#include "engine/command/arg_reader.h"

#include <string>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using store::GeoPoint;
using store::GeoShape;
namespace errors = engine::errors;
using Order = GeoQuery::Order;

Result<GeoPoint> locate_member(const LocateMember& locate, std::string_view member) {
  const std::optional<GeoPoint> point = locate(member);
  if (!point) return Error::literal("ERR could not decode requested zset member");
  return *point;
}

Status parse_unit(ArgReader& args, GeoShape& shape) {
  const Result<double> unit = parse_geo_unit(args.next());
  if (!unit.ok()) return unit.error();
  shape.unit_m = *unit;
  return {};
}

// Parses: radius unit.
Status parse_circle(ArgReader& args, GeoShape& shape) {
  const std::optional<double> radius = parse_double(args.next());
  if (!radius) return Error::literal("ERR need numeric radius");
  if (*radius < 0) return Error::literal("ERR radius cannot be negative");
  shape.kind = GeoShape::Kind::kCircle;
  shape.radius = *radius;
  return parse_unit(args, shape);
}

// Parses: width height unit.
Status parse_box(ArgReader& args, GeoShape& shape) {
  const std::optional<double> width = parse_double(args.next());
  if (!width) return Error::literal("ERR need numeric width");
  const std::optional<double> height = parse_double(args.next());
  if (!height) return Error::literal("ERR need numeric height");
  if (*width < 0 || *height < 0) return Error::literal("ERR height or width cannot be negative");
  shape.kind = GeoShape::Kind::kBox;
  shape.width = *width;
  shape.height = *height;
  return parse_unit(args, shape);
}

Status parse_count(ArgReader& args, GeoQuery& query) {
  const std::optional<int64_t> count = parse_int64(args.next());
  if (!count) return errors::not_an_integer();
  if (*count <= 0) return Error::literal("ERR COUNT must be > 0");
  query.count = static_cast<size_t>(*count);
  return {};
}

class Parser {
 public:
  Parser(std::span<const std::string_view> argv, const GeoCommand& command,
         const LocateMember& locate, GeoQuery& query)
      : argv_(argv), command_(&command), locate_(&locate), query_(query) {}

  Status parse() {
    ArgReader args(argv_);
    if (Status status = take_fixed(args); !status.ok()) return status;
    while (!args.done()) {
      if (take_flag(args)) continue;
      if (Status status = take_option(args); !status.ok()) return status;
    }
    if (Status status = check(); !status.ok()) return status;
    if (query_.count != 0 && query_.order == Order::kAsFound && !query_.any)
      query_.order = Order::kNearestFirst;
    return {};
  }

 private:
  bool is_search() const { return command_->form == GeoForm::kSearch; }

  // Parses the arguments at fixed places, which come before the options.
  Status take_fixed(ArgReader& args) {
    args.next();
    if (command_->is_store) take_destination(args);
    args.next();
    if (command_->form == GeoForm::kRadius) {
      const Result<GeoPoint> center = parse_geo_point(args);
      if (!center.ok()) return center.error();
      query_.shape.center = *center;
      return parse_circle(args, query_.shape);
    }
    if (command_->form == GeoForm::kRadiusByMember) {
      const std::string_view member = args.next();
      if (*locate_ == nullptr) {  // Redis ignores radius and unit then.
        args.next();
        args.next();
        return {};
      }
      const Result<GeoPoint> center = locate_member(*locate_, member);
      if (!center.ok()) return center.error();
      query_.shape.center = *center;
      return parse_circle(args, query_.shape);
    }
    return {};
  }

  void take_destination(ArgReader& args) {
    query_.destination_at = argv_.size() - args.left();
    args.next();
  }

  // Takes an option that has no value.
  bool take_flag(ArgReader& args) {
    if (args.take("WITHDIST")) return query_.with_distance = true;
    if (args.take("WITHHASH")) return query_.with_hash = true;
    if (args.take("WITHCOORD")) return query_.with_point = true;
    if (args.take("ANY")) return query_.any = true;
    if (command_->is_store && args.take("STOREDIST")) return query_.stores_distance = true;
    if (args.take("ASC")) {
      query_.order = Order::kNearestFirst;
      return true;
    }
    if (args.take("DESC")) {
      query_.order = Order::kFarthestFirst;
      return true;
    }
    return false;
  }

  // Takes an option that has values.
  Status take_option(ArgReader& args) {
    if (args.take_with("COUNT")) return parse_count(args, query_);
    if (command_->may_store && args.take_with("STORE")) {
      take_destination(args);
      query_.stores_distance = false;
      return {};
    }
    if (command_->may_store && args.take_with("STOREDIST")) {
      take_destination(args);
      query_.stores_distance = true;
      return {};
    }
    if (is_search() && !from_point_ && args.take_with("FROMMEMBER")) return take_member(args);
    if (is_search() && !from_member_ && args.take_with("FROMLONLAT", 2)) return take_point(args);
    if (is_search() && !by_box_ && args.take_with("BYRADIUS", 2)) {
      by_radius_ = true;
      return parse_circle(args, query_.shape);
    }
    if (is_search() && !by_radius_ && args.take_with("BYBOX", 3)) {
      by_box_ = true;
      return parse_box(args, query_.shape);
    }
    return errors::syntax();
  }

  Status take_member(ArgReader& args) {
    from_member_ = true;
    const std::string_view member = args.next();
    if (*locate_ == nullptr) return {};
    const Result<GeoPoint> center = locate_member(*locate_, member);
    if (!center.ok()) return center.error();
    query_.shape.center = *center;
    return {};
  }

  Status take_point(ArgReader& args) {
    from_point_ = true;
    const Result<GeoPoint> center = parse_geo_point(args);
    if (!center.ok()) return center.error();
    query_.shape.center = *center;
    return {};
  }

  // Checks the rules that concern several options together.
  Status check() const {
    if (query_.destination_at != 0 &&
        (query_.with_distance || query_.with_hash || query_.with_point)) {
      return Error::text(std::string("ERR ") +
                         (is_search() ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS") +
                         " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
    }
    if (is_search() && !from_member_ && !from_point_) {
      return Error::text("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " +
                         std::string(argv_[0]));
    }
    if (is_search() && !by_radius_ && !by_box_) {
      return Error::text("ERR exactly one of BYRADIUS and BYBOX can be specified for " +
                         std::string(argv_[0]));
    }
    if (query_.any && query_.count == 0)
      return Error::literal("ERR the ANY argument requires COUNT argument");
    return {};
  }

  std::span<const std::string_view> argv_;
  const GeoCommand* command_;
  const LocateMember* locate_;
  GeoQuery& query_;
  bool from_member_ = false;
  bool from_point_ = false;
  bool by_radius_ = false;
  bool by_box_ = false;
};

}  // namespace

Status parse_geo_query(std::span<const std::string_view> argv, const GeoCommand& command,
                       const LocateMember& locate, GeoQuery& query) {
  return Parser(argv, command, locate, query).parse();
}

}  // namespace kvstash::commands
