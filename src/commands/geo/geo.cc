#include "commands/geo/geo.h"

#include "commands/geo/geo_arguments.h"
#include "commands/shared/digits.h"
#include "commands/sorted_set/sorted_set_add.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/geo_shape.h"

#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::GeoPoint;
using store::SortedSet;
namespace errors = engine::errors;

AddOptions parse_add_options(ArgReader& args) {
  AddOptions options;
  for (;;) {
    if (args.take("NX")) {
      options.rule.only_new = true;
    } else if (args.take("XX")) {
      options.rule.only_existing = true;
    } else if (args.take("CH")) {
      options.count_changed = true;
    } else {
      return options;
    }
  }
}

std::optional<double> score_of(const Key& key, std::string_view member) {
  return key.exists() ? key.view<SortedSet>()->score(member) : std::nullopt;
}

// Records GEOADD as a ZADD with the computed scores, as Redis does.
void record_as_zadd(Call& call, const AddOptions& options, std::span<const Addition> additions) {
  if (!call.wants_effects()) return;
  call.record({"ZADD", call.arg(1)});
  engine::RecordWords& words = call.records();
  if (options.rule.only_new) words.add("NX");
  if (options.rule.only_existing) words.add("XX");
  if (options.count_changed) words.add("CH");
  for (const Addition& addition : additions) {
    words.add(Digits(static_cast<int64_t>(addition.score)).view());  // A whole number of 52 bits.
    words.add(addition.member);
  }
}

}  // namespace

Status geoadd(Call& call) {
  constexpr size_t kArgumentsEach = 3;  // Longitude, latitude, member.
  ArgReader args(call.args_from(2));
  const AddOptions options = parse_add_options(args);
  if (args.left() % kArgumentsEach != 0 || (options.rule.only_new && options.rule.only_existing))
    return errors::syntax();
  const size_t count = args.left() / kArgumentsEach;
  Additions additions(count);
  for (size_t i = 0; i < count; ++i) {
    const Result<GeoPoint> point = parse_geo_point(args);
    if (!point.ok()) return point.error();
    additions[i] = {.score = store::geo_score(*point), .member = args.next()};
  }
  if (count == 0) return errors::syntax();
  if (Status status = add_members(call, options, additions.span()); !status.ok()) return status;
  if (call.effects().has_changes()) record_as_zadd(call, options, additions.span());
  return {};
}

Status geodist(Call& call) {
  constexpr size_t kUnitAt = 4;
  double unit_m = 1;
  if (call.argc() == kUnitAt + 1) {
    const Result<double> unit = parse_geo_unit(call.arg(kUnitAt));
    if (!unit.ok()) return unit.error();
    unit_m = *unit;
  } else if (call.argc() > kUnitAt + 1) {
    return errors::syntax();
  }
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  const std::optional<double> from = score_of(key, call.arg(2));
  const std::optional<double> to = score_of(key, call.arg(3));
  if (!from || !to) {
    call.reply().null();
    return {};
  }
  const double distance_m = store::geo_distance_m(store::geo_point(*from), store::geo_point(*to));
  reply_distance(call.reply(), distance_m / unit_m);
  return {};
}

Status geohash(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  call.reply().array(call.argc() - 2);
  for (const std::string_view member : call.args_from(2)) {
    if (const std::optional<double> score = score_of(key, member)) {
      const store::GeohashText text = store::geohash_text(store::geo_point(*score));
      call.reply().bulk({text.data(), text.size()});
    } else {
      call.reply().null();
    }
  }
  return {};
}

Status geopos(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  call.reply().array(call.argc() - 2);
  for (const std::string_view member : call.args_from(2)) {
    if (const std::optional<double> score = score_of(key, member)) {
      reply_geo_point(call.reply(), store::geo_point(*score));
    } else {
      call.reply().null_array();
    }
  }
  return {};
}

}  // namespace kvstash::commands
