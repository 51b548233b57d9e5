#include "commands/sorted_set/sorted_set.h"

#include "base/text.h"
#include "commands/sorted_set/sorted_set_bounds.h"
#include "engine/execution/call.h"
#include "store/sorted_set.h"

namespace kvstash::commands {
namespace {

using engine::Key;
using store::SortedSet;
namespace errors = engine::errors;

// ZCOUNT and ZLEXCOUNT: the number of members in the range that `parse` reads from arguments 2 and
// 3.
template <typename Range>
Status count(Call& call, Result<Range> (&parse)(std::string_view, std::string_view)) {
  const Result<Range> range = parse(call.arg(2), call.arg(3));
  if (!range.ok()) return range.error();
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  const size_t members = key.exists() ? key.view<SortedSet>()->ranks_of(*range).count : 0;
  call.reply().integer(static_cast<int64_t>(members));
  return {};
}

void reply_score(resp::ReplyWriter& to, const std::optional<double>& score) {
  if (score) {
    to.dbl(*score);
  } else {
    to.null();
  }
}

// ZRANK and ZREVRANK.
Status rank(Call& call, bool is_reverse) {
  if (call.argc() > 4) return errors::wrong_arity(is_reverse ? "zrevrank" : "zrank");
  const bool with_score = call.argc() == 4;
  if (with_score && !equals_ignore_case(call.arg(3), "WITHSCORE")) return errors::syntax();
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;

  std::optional<size_t> found;
  if (key.exists()) {
    const auto set = key.view<SortedSet>();
    found = set->rank(call.arg(2));
    if (found && is_reverse) found = set->size() - 1 - *found;
  }
  resp::ReplyWriter& to = call.reply();
  if (!found) {
    with_score ? to.null_array() : to.null();
    return {};
  }
  if (with_score) to.array(2);
  to.integer(static_cast<int64_t>(*found));
  if (with_score) to.dbl(*key.view<SortedSet>()->score(call.arg(2)));
  return {};
}

}  // namespace

Status zcard(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  call.reply().integer(key.exists() ? static_cast<int64_t>(key.view<SortedSet>()->size()) : 0);
  return {};
}

Status zcount(Call& call) {
  return count(call, parse_score_range);
}

Status zlexcount(Call& call) {
  return count(call, parse_lex_range);
}

Status zscore(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  reply_score(call.reply(),
              key.exists() ? key.view<SortedSet>()->score(call.arg(2)) : std::nullopt);
  return {};
}

Status zmscore(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  call.reply().array(call.argc() - 2);
  for (const std::string_view member : call.args_from(2))
    reply_score(call.reply(), key.exists() ? key.view<SortedSet>()->score(member) : std::nullopt);
  return {};
}

Status zrank(Call& call) {
  return rank(call, false);
}

Status zrevrank(Call& call) {
  return rank(call, true);
}

}  // namespace kvstash::commands
