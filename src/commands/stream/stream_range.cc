#include "commands/stream/stream.h"
#include "commands/stream/stream_arguments.h"
#include "commands/stream/stream_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Call;
using engine::Key;
using store::Stream;
using store::StreamCursor;
using store::StreamId;
namespace errors = engine::errors;

// Parses COUNT. The last one counts; none: no limit.
Result<std::optional<uint64_t>> parse_count(ArgReader args) {
  std::optional<uint64_t> count;
  while (!args.done()) {
    if (!args.take_with("COUNT")) return errors::syntax();
    const Result<uint64_t> parsed = parse_stream_count(args.next());
    if (!parsed.ok()) return parsed.error();
    count = *parsed;
  }
  return count;
}

Status reply_range(Call& call, std::string_view from, std::string_view to,
                   StreamCursor::Direction direction) {
  const Result<StreamId> start = parse_range_start(from);
  if (!start.ok()) return start.error();
  const Result<StreamId> end = parse_range_end(to);
  if (!end.ok()) return end.error();
  const Result<std::optional<uint64_t>> count = parse_count(ArgReader(call.args_from(4)));
  if (!count.ok()) return count.error();
  Key key = call.read(1);
  if (Status status = key.expect(store::ValueType::kStream); !status.ok()) return status;
  if (!key.exists()) {
    call.reply().array(0);
  } else if (*count == 0u) {
    call.reply().null_array();
  } else {
    const engine::Viewed<Stream> stream = key.view<Stream>();
    StreamCursor cursor(*stream, *start, *end, direction);
    reply_stream_entries(call.reply(), cursor, count->value_or(0));
  }
  return {};
}

}  // namespace

Status xrange(Call& call) {
  return reply_range(call, call.arg(2), call.arg(3), StreamCursor::Direction::kForward);
}

Status xrevrange(Call& call) {
  return reply_range(call, call.arg(3), call.arg(2), StreamCursor::Direction::kBackward);
}

}  // namespace kvstash::commands
