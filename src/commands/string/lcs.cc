#include "store/lcs.h"

#include "commands/string/string.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

#include <algorithm>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
namespace errors = engine::errors;

struct LcsOptions {
  bool length_only = false;    // LEN.
  bool indexes = false;        // IDX.
  bool match_lengths = false;  // WITHMATCHLEN.
  size_t match_length_min = 0;
};

Result<LcsOptions> parse_options(ArgReader args) {
  LcsOptions options;
  while (!args.done()) {
    if (args.take("IDX")) {
      options.indexes = true;
    } else if (args.take("LEN")) {
      options.length_only = true;
    } else if (args.take("WITHMATCHLEN")) {
      options.match_lengths = true;
    } else if (args.take_with("MINMATCHLEN")) {
      const Result<int64_t> length = args.integer();
      if (!length.ok()) return length.error();
      options.match_length_min = static_cast<size_t>(std::max<int64_t>(*length, 0));
    } else {
      return errors::syntax();
    }
  }
  if (options.indexes && options.length_only)
    return Error::literal("ERR If you want both the length and indexes, please just use IDX.");
  return options;
}

// LCS needs time and memory in proportion to the product of the sizes. Redis bounds it by the size
// of its table of 32-bit lengths. kvstash has the same bound, though its own table is smaller.
Status check_sizes(const Call& call, std::string_view a, std::string_view b) {
  constexpr size_t kSizeMax = UINT32_MAX - 1;
  if (a.size() >= kSizeMax || b.size() >= kSizeMax)
    return Error::literal("ERR String too long for LCS");
  const auto cells = static_cast<unsigned __int128>(a.size() + 1) * (b.size() + 1);
  if (cells * sizeof(uint32_t) > call.options().proto_max_bulk_len)
    return Error::literal(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  return {};
}

void reply_range(resp::ReplyWriter& reply, size_t begin, size_t length) {
  reply.array(2);
  reply.integer(static_cast<int64_t>(begin));
  reply.integer(static_cast<int64_t>(begin + length - 1));
}

void reply_indexes(resp::ReplyWriter& reply, const store::Lcs& lcs, const LcsOptions& options) {
  reply.map(2);
  reply.bulk("matches");
  const resp::ReplyWriter::Mark mark = reply.begin();
  size_t count = 0;
  for (const store::LcsRun& run : lcs.runs) {
    if (run.length < options.match_length_min) continue;
    reply.array(options.match_lengths ? 3 : 2);
    reply_range(reply, run.a_begin, run.length);
    reply_range(reply, run.b_begin, run.length);
    if (options.match_lengths) reply.integer(static_cast<int64_t>(run.length));
    ++count;
  }
  reply.end_array(mark, count);
  reply.bulk("len");
  reply.integer(static_cast<int64_t>(lcs.text.size()));
}

}  // namespace

Status lcs(Call& call) {
  Key first = call.read(1);
  Key second = call.read(2);
  if (!first.expect_string().ok() || !second.expect_string().ok())
    return Error::literal("ERR The specified keys must contain string values");
  const Result<LcsOptions> options = parse_options(ArgReader(call.args_from(3)));
  if (!options.ok()) return options.error();
  const std::string_view a = first.string();
  const std::string_view b = second.string();
  if (Status status = check_sizes(call, a, b); !status.ok()) return status;
  if (options->length_only) {
    call.reply().integer(static_cast<int64_t>(store::lcs_length(a, b)));
    return {};
  }
  const store::Lcs found = store::find_lcs(a, b);
  if (options->indexes) {
    reply_indexes(call.reply(), found, *options);
  } else {
    call.reply().bulk(found.text);
  }
  return {};
}

}  // namespace kvstash::commands
