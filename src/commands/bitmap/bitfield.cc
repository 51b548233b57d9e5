#include "commands/bitmap/bit_offset.h"
#include "commands/bitmap/bitmap.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/bit_field.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
using store::FieldType;
using store::Overflow;
namespace errors = engine::errors;
namespace notify = engine::notify;

// A size limit that no string exceeds, for use where the operator's limit is not known.
constexpr uint64_t kAnyLength = std::numeric_limits<uint64_t>::max();

enum class Action : uint8_t { kGet, kSet, kIncrBy };

// One GET, SET or INCRBY.
struct Step {
  Action action;
  Overflow overflow;
  FieldType type;
  size_t offset;
  int64_t operand = 0;

  bool writes() const { return action != Action::kGet; }
  size_t bytes_needed() const { return (offset + type.width + 7) / 8; }
};

Result<FieldType> parse_type(std::string_view text) {
  const Error error = Error::literal(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
      "i64 is.");
  if (!text.starts_with('i') && !text.starts_with('u')) return error;
  const bool is_signed = text.front() == 'i';
  const std::optional<int64_t> width = parse_int64(text.substr(1));
  const unsigned width_max = is_signed ? store::kSignedFieldBitsMax : store::kUnsignedFieldBitsMax;
  if (!width || *width < 1 || *width > width_max) return error;
  return FieldType{.is_signed = is_signed, .width = static_cast<unsigned>(*width)};
}

Result<Overflow> parse_overflow(std::string_view text) {
  if (equals_ignore_case(text, "WRAP")) return Overflow::kWrap;
  if (equals_ignore_case(text, "SAT")) return Overflow::kSaturate;
  if (equals_ignore_case(text, "FAIL")) return Overflow::kFail;
  return Error::literal("ERR Invalid OVERFLOW type specified");
}

std::optional<Action> take_action(ArgReader& args) {
  if (args.take_with("GET", 2)) return Action::kGet;
  if (args.take_with("SET", 3)) return Action::kSet;
  if (args.take_with("INCRBY", 3)) return Action::kIncrBy;
  return std::nullopt;
}

Result<Step> parse_step(ArgReader& args, Overflow overflow, uint64_t bytes_max) {
  const std::optional<Action> action = take_action(args);
  if (!action) return errors::syntax();
  const Result<FieldType> type = parse_type(args.next());
  if (!type.ok()) return type.error();
  const Result<size_t> offset = parse_field_offset(args.next(), type->width, bytes_max);
  if (!offset.ok()) return offset.error();
  Step step{.action = *action, .overflow = overflow, .type = *type, .offset = *offset};
  if (!step.writes()) return step;
  const Result<int64_t> operand = args.integer();
  if (!operand.ok()) return operand.error();
  step.operand = *operand;
  return step;
}

Result<std::vector<Step>> parse_steps(ArgReader args, uint64_t bytes_max) {
  std::vector<Step> steps;
  Overflow overflow = Overflow::kWrap;
  while (!args.done()) {
    if (args.take_with("OVERFLOW")) {
      const Result<Overflow> chosen = parse_overflow(args.next());
      if (!chosen.ok()) return chosen.error();
      overflow = *chosen;
      continue;
    }
    const Result<Step> step = parse_step(args, overflow, bytes_max);
    if (!step.ok()) return step.error();
    steps.push_back(*step);
  }
  return steps;
}

void reply_field(Call& call, std::string_view bytes, const Step& step) {
  call.reply().integer(store::read_field(bytes, step.offset, step.type));
}

// Runs a SET or INCRBY and writes its reply. True if the field has another value now.
bool write_step(Call& call, std::span<char> bytes, const Step& step) {
  const int64_t old = store::read_field({bytes.data(), bytes.size()}, step.offset, step.type);
  const bool adds = step.action == Action::kIncrBy;
  const store::FittedNumber fresh =
      store::fit_sum(step.type, step.overflow, adds ? old : step.operand, adds ? step.operand : 0);
  if (fresh.overflowed && step.overflow == Overflow::kFail) {
    call.reply().null();
    return false;
  }
  store::write_field(bytes, step.offset, step.type, fresh.value);
  call.reply().integer(adds ? fresh.value : old);
  return fresh.value != old;
}

Status read_only(Call& call, const std::vector<Step>& steps) {
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  const std::string_view bytes = key.string();
  call.reply().array(steps.size());
  for (const Step& step : steps)
    reply_field(call, bytes, step);
  return {};
}

Status read_and_write(Call& call, const std::vector<Step>& steps) {
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  size_t size = 0;
  size_t first = SIZE_MAX;
  for (const Step& step : steps) {
    if (!step.writes()) continue;
    size = std::max(size, step.bytes_needed());
    first = std::min(first, step.offset / 8);
  }
  const bool grows = size > key.string_size();
  const std::span<char> bytes = key.open_string(size, {.offset = first, .count = size - first});
  uint64_t changes = 0;
  call.reply().array(steps.size());
  for (const Step& step : steps) {
    if (step.writes()) {
      changes += write_step(call, bytes, step) ? 1 : 0;
    } else {
      reply_field(call, {bytes.data(), bytes.size()}, step);
    }
  }
  if (grows) changes = std::max<uint64_t>(changes, 1);  // A new length is a change, too.
  if (changes != 0) key.changed(notify::kString, "setbit", changes);
  return {};
}

bool is_read_only(const std::vector<Step>& steps) {
  return std::none_of(steps.begin(), steps.end(), [](const Step& step) { return step.writes(); });
}

}  // namespace

Status bitfield(Call& call) {
  const Result<std::vector<Step>> steps =
      parse_steps(ArgReader(call.args_from(2)), call.string_bytes_max());
  if (!steps.ok()) return steps.error();
  return is_read_only(*steps) ? read_only(call, *steps) : read_and_write(call, *steps);
}

Status bitfield_ro(Call& call) {
  const Result<std::vector<Step>> steps =
      parse_steps(ArgReader(call.args_from(2)), call.string_bytes_max());
  if (!steps.ok()) return steps.error();
  if (!is_read_only(*steps))
    return Error::literal("ERR BITFIELD_RO only supports the GET subcommand");
  return read_only(call, *steps);
}

// The flags of the key say that it is only read if all steps are GET. If the steps cannot be parsed
// the key counts as changed.
engine::KeysFound bitfield_keys(std::span<const std::string_view> argv,
                                std::vector<engine::KeyAt>& keys) {
  const Result<std::vector<Step>> steps = parse_steps(ArgReader(argv.subspan(2)), kAnyLength);
  const bool reads = steps.ok() && is_read_only(*steps);
  keys.push_back({1, reads ? engine::kKeyRO | engine::kKeyAccess
                           : engine::kKeyRW | engine::kKeyAccess | engine::kKeyUpdate});
  return engine::KeysFound::kAll;
}

}  // namespace kvstash::commands
