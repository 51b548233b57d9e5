// LPOS: the positions of an element. Declared in list.h.
#include "commands/list/list.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/list.h"

#include <limits>
#include <optional>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::List;
using store::ListCursor;
using store::ListEnd;
using store::PackedNeedle;
using store::PackedValue;
namespace errors = engine::errors;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

struct PosOptions {
  ListEnd from = ListEnd::kHead;
  int64_t rank = 1;              // The match to begin with, counted from the end `from`.
  std::optional<int64_t> count;  // How many matches to reply, as an array; none: only the first.
  int64_t looks = kNoLimit;      // How many elements to look at.
};

Status set_rank(PosOptions& options, int64_t rank) {
  if (rank == 0) {
    return Error::literal(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
        "negative to start from the end of the list");
  }
  if (rank == std::numeric_limits<int64_t>::min()) {
    return Error::literal(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  options.from = rank < 0 ? ListEnd::kTail : ListEnd::kHead;
  options.rank = rank < 0 ? -rank : rank;
  return {};
}

// Parses a number that is not negative; 0 means no limit.
Result<int64_t> parse_limit(ArgReader& args, Error otherwise) {
  Result<int64_t> limit = args.integer(otherwise);
  if (!limit.ok()) return limit;
  if (*limit < 0) return otherwise;
  return *limit == 0 ? kNoLimit : *limit;
}

Result<PosOptions> parse_pos_options(ArgReader args) {
  PosOptions options;
  while (!args.done()) {
    if (args.take_with("RANK")) {
      const Result<int64_t> rank = args.integer();
      if (!rank.ok()) return rank.error();
      if (Status status = set_rank(options, *rank); !status.ok()) return status.error();
    } else if (args.take_with("COUNT")) {
      const Result<int64_t> count =
          parse_limit(args, Error::literal("ERR COUNT can't be negative"));
      if (!count.ok()) return count.error();
      options.count = *count;
    } else if (args.take_with("MAXLEN")) {
      const Result<int64_t> looks =
          parse_limit(args, Error::literal("ERR MAXLEN can't be negative"));
      if (!looks.ok()) return looks.error();
      options.looks = *looks;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

// Writes the positions of the wanted matches as integers. Returns how many it wrote.
size_t reply_matches(const List& list, std::string_view element, const PosOptions& options,
                     resp::ReplyWriter& to) {
  const PackedNeedle needle(element);
  const auto length = static_cast<int64_t>(list.size());
  const int64_t wanted = options.count.value_or(1);
  ListCursor cursor(list, options.from);
  PackedValue value{int64_t{0}};
  int64_t passed = 0;  // Matches so far, to be compared with the rank.
  int64_t found = 0;
  for (int64_t i = 0; i < options.looks && found < wanted && cursor.take(value); ++i) {
    if (!needle.matches(value) || ++passed < options.rank) continue;
    to.integer(options.from == ListEnd::kHead ? i : length - 1 - i);
    ++found;
  }
  return static_cast<size_t>(found);
}

}  // namespace

Status lpos(Call& call) {
  const Result<PosOptions> options = parse_pos_options(ArgReader(call.args_from(3)));
  if (!options.ok()) return options.error();
  const Key key = call.read(1);
  if (Status status = key.expect(store::ValueType::kList); !status.ok()) return status;
  resp::ReplyWriter& reply = call.reply();
  const resp::ReplyWriter::Mark begin = reply.begin();
  const size_t found =
      key.exists() ? reply_matches(*key.view<List>(), call.arg(2), *options, reply) : 0;
  if (options->count) {
    reply.end_array(begin, found);
  } else if (found == 0) {
    reply.null();
  }
  return {};
}

}  // namespace kvstash::commands
