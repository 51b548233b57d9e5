// HRANDFIELD. Declared in hash.h.
#include "base/limits.h"
#include "commands/hash/hash.h"
#include "commands/shared/packed_reply.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "engine/shard.h"
#include "store/hash.h"

#include <algorithm>
#include <limits>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::Hash;
using store::HashField;
namespace errors = engine::errors;

struct RandomFieldsOptions {
  size_t count = 0;
  bool may_repeat = false;  // The count is negative.
  bool has_values = false;
};

Result<RandomFieldsOptions> parse_options(engine::ArgReader args) {
  const Result<int64_t> count = args.integer();
  if (!count.ok()) return count.error();
  if (*count == std::numeric_limits<int64_t>::min()) {
    return Error::literal(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  RandomFieldsOptions options{.count = static_cast<size_t>(*count < 0 ? -*count : *count),
                              .may_repeat = *count < 0};
  options.has_values = args.take("WITHVALUES");
  if (!args.done()) return errors::syntax();
  constexpr size_t kCountMax = std::numeric_limits<int64_t>::max();
  if (options.has_values && options.count > kCountMax / 2) return errors::out_of_range();
  return options;
}

Status reply_one(Call& call) {
  const Key key = call.read(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  bool is_found = false;
  if (key.exists()) {
    key.view<Hash>()->sample(call.hold().random(), 1, call.horizon_ms(),
                             [&](const HashField& field) {
                               reply_value(call.reply(), field.name);
                               is_found = true;
                             });
  }
  if (!is_found) call.reply().null();
  return {};
}

// Begins the reply. With values it has pairs in RESP3, and one flat array in RESP2.
void reply_header(resp::ReplyWriter& to, size_t count, bool has_values) {
  to.array(has_values && !to.is_resp3() ? count * 2 : count);
}

void reply_field(resp::ReplyWriter& to, const HashField& field, bool has_values) {
  if (has_values && to.is_resp3()) to.array(2);
  reply_value(to, field.name);
  if (has_values) reply_value(to, field.value);
}

void reply_some(Call& call, const Hash& hash, const RandomFieldsOptions& options) {
  resp::ReplyWriter& to = call.reply();
  Random& random = call.hold().random();
  const auto reply_it = [&](const HashField& field) { reply_field(to, field, options.has_values); };
  const size_t live = hash.live_size(call.horizon_ms());
  if (options.may_repeat) {
    reply_header(to, live == 0 ? 0 : options.count, options.has_values);
    hash.sample_with_repeats(random, options.count, call.horizon_ms(), reply_it);
  } else {
    reply_header(to, std::min(options.count, live), options.has_values);
    hash.sample(random, options.count, call.horizon_ms(), reply_it);
  }
}

}  // namespace

Status hrandfield(Call& call) {
  if (call.argc() == 2) return reply_one(call);
  const Result<RandomFieldsOptions> options = parse_options(engine::ArgReader(call.args_from(2)));
  if (!options.ok()) return options.error();
  const Key key = call.read(1);
  if (Status status = key.expect(Hash::kType); !status.ok()) return status;
  if (key.exists() && options->count != 0) {
    if (options->may_repeat && options->count > kRandomRepeatsMax) return errors::out_of_range();
    reply_some(call, *key.view<Hash>(), *options);
  } else {
    call.reply().array(0);
  }
  return {};
}

}  // namespace kvstash::commands
