// ZRANGE and its older forms, and ZRANGESTORE. Declared in sorted_set.h.
#include "commands/shared/container_options.h"
#include "commands/shared/index_range.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/sorted_set/sorted_set_bounds.h"
#include "commands/sorted_set/sorted_set_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::RankRange;
using store::SortedSet;
namespace errors = engine::errors;

enum class RangeBy : uint8_t { kRank, kScore, kLex };

// What the name of a command decides. Options decide the fields that are not set here.
struct RangeForm {
  std::optional<RangeBy> by;
  std::optional<bool> is_reverse;
  bool is_stored = false;
};

struct RangeQuery {
  RangeBy by = RangeBy::kRank;
  bool is_reverse = false;
  bool with_scores = false;
  int64_t offset = 0;  // LIMIT's offset; if negative, the range is empty.
  int64_t limit = -1;  // LIMIT's count; if negative, there is no limit.

  // The bounds of the range. `by` says which of these fields are used: ranks, scores or members.
  int64_t first = 0;
  int64_t last = 0;
  store::ScoreRange scores{};
  store::LexRange members{};
};

Status parse_options(ArgReader args, const RangeForm& form, RangeQuery& query) {
  std::optional<RangeBy> by = form.by;
  std::optional<bool> is_reverse = form.is_reverse;
  while (!args.done()) {
    if (!form.is_stored && args.take("WITHSCORES")) {
      query.with_scores = true;
    } else if (args.take_with("LIMIT", 2)) {
      const Result<int64_t> offset = args.integer();
      if (!offset.ok()) return offset.error();
      const Result<int64_t> limit = args.integer();
      if (!limit.ok()) return limit.error();
      query.offset = *offset;
      query.limit = *limit;
    } else if (!is_reverse && args.take("REV")) {
      is_reverse = true;
    } else if (!by && args.take("BYLEX")) {
      by = RangeBy::kLex;
    } else if (!by && args.take("BYSCORE")) {
      by = RangeBy::kScore;
    } else {
      return errors::syntax();
    }
  }
  query.by = by.value_or(RangeBy::kRank);
  query.is_reverse = is_reverse.value_or(false);
  return {};
}

Status check_options(const RangeQuery& query) {
  if (query.limit != -1 && query.by == RangeBy::kRank) {
    return Error::literal(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (query.with_scores && query.by == RangeBy::kLex) {
    return Error::literal("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return {};
}

template <typename Range>
Status put(Result<Range> parsed, Range& into) {
  if (!parsed.ok()) return parsed.error();
  into = *parsed;
  return {};
}

// If the order is reversed, ranges of scores and members are given from max to min.
Status parse_bounds(std::string_view start, std::string_view stop, RangeQuery& query) {
  if (query.by == RangeBy::kRank) {
    const std::optional<int64_t> first = parse_int64(start);
    const std::optional<int64_t> last = parse_int64(stop);
    if (!first || !last) return errors::not_an_integer();
    query.first = *first;
    query.last = *last;
    return {};
  }
  if (query.is_reverse) std::swap(start, stop);
  if (query.by == RangeBy::kScore) return put(parse_score_range(start, stop), query.scores);
  return put(parse_lex_range(start, stop), query.members);
}

// `args` has the bounds, then options.
Result<RangeQuery> parse_query(Call::Args args, const RangeForm& form) {
  RangeQuery query;
  if (Status status = parse_options(ArgReader(args.subspan(2)), form, query); !status.ok())
    return status.error();
  if (Status status = check_options(query); !status.ok()) return status.error();
  if (Status status = parse_bounds(args[0], args[1], query); !status.ok()) return status.error();
  return query;
}

RankRange cut_to_limit(RankRange ranks, const RangeQuery& query) {
  if (query.offset < 0) return {};
  const size_t skipped = std::min(ranks.count, static_cast<size_t>(query.offset));
  const size_t left = ranks.count - skipped;
  const size_t count = query.limit < 0 ? left : std::min(left, static_cast<size_t>(query.limit));
  if (query.is_reverse) return {.first = ranks.first + left - count, .count = count};
  return {.first = ranks.first + skipped, .count = count};
}

RankRange ranks_of(const SortedSet& set, const RangeQuery& query) {
  switch (query.by) {
    case RangeBy::kRank: {
      const IndexRange range = index_range(query.first, query.last, set.size());
      const size_t before = query.is_reverse ? set.size() - range.first - range.count : range.first;
      return {.first = before, .count = range.count};
    }
    case RangeBy::kScore:
      return cut_to_limit(set.ranks_of(query.scores), query);
    case RangeBy::kLex:
      break;
  }
  return cut_to_limit(set.ranks_of(query.members), query);
}

Status range(Call& call, const RangeForm& form) {
  const Result<RangeQuery> query = parse_query(call.args_from(2), form);
  if (!query.ok()) return query.error();
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().array(0);
    return {};
  }
  const auto set = key.view<SortedSet>();
  reply_ranks(call.reply(), *set, ranks_of(*set, *query), query->is_reverse, query->with_scores);
  return {};
}

SortedSet copy_ranks(const SortedSet& set, const RankRange& ranks,
                     const store::SortedSetOptions& limits) {
  SortedSet copy(limits, ranks.count, 0);
  SortedSet::Iterator at = set.at(ranks.first);
  for (size_t left = ranks.count; left != 0; --left, at.next())
    copy.append(at.member(), at.score(), limits);
  return copy;
}

}  // namespace

Status zrange(Call& call) {
  return range(call, {.by = std::nullopt, .is_reverse = std::nullopt});
}

Status zrevrange(Call& call) {
  return range(call, {.by = RangeBy::kRank, .is_reverse = true});
}

Status zrangebyscore(Call& call) {
  return range(call, {.by = RangeBy::kScore, .is_reverse = false});
}

Status zrevrangebyscore(Call& call) {
  return range(call, {.by = RangeBy::kScore, .is_reverse = true});
}

Status zrangebylex(Call& call) {
  return range(call, {.by = RangeBy::kLex, .is_reverse = false});
}

Status zrevrangebylex(Call& call) {
  return range(call, {.by = RangeBy::kLex, .is_reverse = true});
}

Status zrangestore(Call& call) {
  const Result<RangeQuery> query = parse_query(
      call.args_from(3), {.by = std::nullopt, .is_reverse = std::nullopt, .is_stored = true});
  if (!query.ok()) return query.error();
  SortedSet stored;
  {
    const Key source = call.read(2);
    if (Status status = source.expect(SortedSet::kType); !status.ok()) return status;
    if (source.exists()) {
      const auto set = source.view<SortedSet>();
      stored = copy_ranks(*set, ranks_of(*set, *query), sorted_set_options(call));
    }
  }
  call.reply().integer(static_cast<int64_t>(stored.size()));
  Key destination = call.write(1);
  store_sorted_set(destination, stored, "zrangestore");
  return {};
}

}  // namespace kvstash::commands
