// ZRANDMEMBER: members drawn at random, with or without repeats. Declared in sorted_set.h.
#include "base/limits.h"
#include "base/text.h"
#include "commands/sorted_set/sorted_set.h"
#include "commands/sorted_set/sorted_set_reply.h"
#include "engine/execution/call.h"
#include "engine/shard.h"

#include <limits>
#include <unordered_set>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::SortedSet;
namespace errors = engine::errors;

// If fewer than one in so many members are drawn, drawing ranks is faster than walking over the
// set.
constexpr size_t kSparse = 4;

void reply_at(resp::ReplyWriter& to, const SortedSet::Iterator& at, bool with_scores) {
  reply_element(to, at.member(), at.score(), with_scores);
}

// Draws members independently, so a member may be drawn several times.
void draw_with_repeats(resp::ReplyWriter& to, const SortedSet& set, size_t count, Random& random,
                       bool with_scores) {
  for (; count != 0; --count)
    reply_at(to, set.sample(random), with_scores);
}

// Draws `count` different members, each choice equally likely. Walks over the set in its order, and
// takes each member with the probability (members still wanted) / (members still left).
void draw_walking(resp::ReplyWriter& to, const SortedSet& set, size_t count, Random& random,
                  bool with_scores) {
  SortedSet::Iterator at = set.first();
  for (size_t left = set.size(); count != 0; --left, at.next()) {
    if (random.below(left) >= count) continue;
    reply_at(to, at, with_scores);
    --count;
  }
}

// Draws `count` different members in random order. `count` is far below the size, so few draws hit
// a member that is drawn already.
void draw_ranks(resp::ReplyWriter& to, const SortedSet& set, size_t count, Random& random,
                bool with_scores) {
  std::unordered_set<size_t> drawn;
  drawn.reserve(count);
  while (drawn.size() < count) {
    const size_t rank = random.below(set.size());
    if (drawn.insert(rank).second) reply_at(to, set.at(rank), with_scores);
  }
}

void draw(resp::ReplyWriter& to, const SortedSet& set, int64_t count, Random& random,
          bool with_scores) {
  if (count < 0) {
    const auto repeats = static_cast<size_t>(-count);
    reply_element_count(to, repeats, with_scores);
    draw_with_repeats(to, set, repeats, random, with_scores);
    return;
  }
  const size_t wanted = std::min(static_cast<size_t>(count), set.size());
  reply_element_count(to, wanted, with_scores);
  if (wanted < set.size() / kSparse) {
    draw_ranks(to, set, wanted, random, with_scores);
  } else {
    draw_walking(to, set, wanted, random, with_scores);
  }
}

Result<int64_t> parse_count(Call& call, bool with_scores) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::optional<int64_t> count = parse_int64(call.arg(2));
  if (!count) return errors::not_an_integer();
  if (*count < -kMax) {
    return Error::literal(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  if (call.argc() > 3 && !with_scores) return errors::syntax();
  if (with_scores && (*count < -(kMax / 2) || *count > kMax / 2)) return errors::out_of_range();
  return *count;
}

Status draw_one(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (key.exists()) {
    call.reply().bulk(key.view<SortedSet>()->sample(call.hold().random()).member());
  } else {
    call.reply().null();
  }
  return {};
}

}  // namespace

Status zrandmember(Call& call) {
  if (call.argc() == 2) return draw_one(call);
  const bool with_scores = call.argc() == 4 && equals_ignore_case(call.arg(3), "WITHSCORES");
  const Result<int64_t> count = parse_count(call, with_scores);
  if (!count.ok()) return count.error();
  const Key key = call.read(1);
  if (Status status = key.expect(SortedSet::kType); !status.ok()) return status;
  if (key.exists()) {
    if (*count < -int64_t{kRandomRepeatsMax}) return errors::out_of_range();
    draw(call.reply(), *key.view<SortedSet>(), *count, call.hold().random(), with_scores);
  } else {
    call.reply().array(0);
  }
  return {};
}

}  // namespace kvstash::commands
