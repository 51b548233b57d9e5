#include "commands/bitmap/bitmap.h"

#include "commands/bitmap/bit_offset.h"
#include "engine/command/arg_reader.h"
#include "engine/execution/call.h"
#include "store/bits.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace kvstash::commands {
namespace {

using engine::ArgReader;
using engine::Key;
namespace errors = engine::errors;
namespace notify = engine::notify;

// A range as the client wrote it, in bytes or bits. A negative end counts from the end of the
// string.
struct RangeArgs {
  int64_t first = 0;
  int64_t last = -1;
  bool in_bits = false;
};

Status parse_unit(ArgReader& args, RangeArgs& range) {
  range.in_bits = args.take("BIT");
  if (!range.in_bits && !args.take("BYTE")) return errors::syntax();
  return {};
}

// The bits of the range in a string of `bytes` bytes; empty if there are none.
store::BitRange resolve(const RangeArgs& range, size_t bytes) {
  const auto size = static_cast<int64_t>(range.in_bits ? bytes * 8 : bytes);
  const auto from_start = [size](int64_t index) {
    return index < 0 ? std::max<int64_t>(size + index, 0) : index;
  };
  const int64_t first = from_start(range.first);
  const int64_t last = std::min(from_start(range.last), size - 1);
  if (first > last) return {0, 0};
  const size_t unit = range.in_bits ? 1 : 8;
  return {static_cast<size_t>(first) * unit, (static_cast<size_t>(last) + 1) * unit};
}

// Whether both ends count from the end of the string and are in the wrong order. BITPOS has no such
// rule: it clips first.
bool is_reversed(const RangeArgs& range) {
  return range.first < 0 && range.last < 0 && range.first > range.last;
}

// Parses BITCOUNT key [start end [BYTE | BIT]].
Result<RangeArgs> parse_count_range(ArgReader args) {
  RangeArgs range;
  if (args.done()) return range;
  if (args.left() < 2 || args.left() > 3) return errors::syntax();
  const Result<int64_t> first = args.integer();
  if (!first.ok()) return first.error();
  const Result<int64_t> last = args.integer();
  if (!last.ok()) return last.error();
  range.first = *first;
  range.last = *last;
  if (args.done()) return range;
  if (Status status = parse_unit(args, range); !status.ok()) return status.error();
  return range;
}

// Parses BITPOS key bit [start [end [BYTE | BIT]]]. As in Redis, an error in the unit is reported
// before one in the end.
Result<RangeArgs> parse_position_range(ArgReader args) {
  RangeArgs range;
  if (args.done()) return range;
  if (args.left() > 3) return errors::syntax();
  const Result<int64_t> first = args.integer();
  if (!first.ok()) return first.error();
  range.first = *first;
  if (args.done()) return range;
  const std::string_view last_text = args.next();
  if (!args.done()) {
    if (Status status = parse_unit(args, range); !status.ok()) return status.error();
  }
  const std::optional<int64_t> last = parse_int64(last_text);
  if (!last) return errors::not_an_integer();
  range.last = *last;
  return range;
}

struct OperationWord {
  std::string_view word;
  store::BitOperation operation;
};

constexpr OperationWord kOperationWords[] = {
    {"AND", store::BitOperation::kAnd},
    {"OR", store::BitOperation::kOr},
    {"XOR", store::BitOperation::kXor},
    {"NOT", store::BitOperation::kNot},
};

Result<store::BitOperation> parse_operation(std::string_view text) {
  for (const OperationWord& candidate : kOperationWords) {
    if (equals_ignore_case(text, candidate.word)) return candidate.operation;
  }
  return errors::syntax();
}

// Stores the result of BITOP at its destination; an empty result removes the key.
void store_combined(Call& call, std::span<const char> bytes) {
  Key key = call.write(2);
  if (!bytes.empty()) {
    key.set_text({bytes.data(), bytes.size()}, store::Encoding::kRaw, std::nullopt);
    key.changed(notify::kString, "set");
  } else if (key.exists()) {
    key.erase();
    key.changed(notify::kGeneric, "del");
  }
}

}  // namespace

Status getbit(Call& call) {
  const Result<size_t> offset = parse_bit_offset(call.arg(2), call.string_bytes_max());
  if (!offset.ok()) return offset.error();
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  call.reply().integer(store::bit_at(key.string(), *offset) ? 1 : 0);
  return {};
}

Status setbit(Call& call) {
  const Result<size_t> offset = parse_bit_offset(call.arg(2), call.string_bytes_max());
  if (!offset.ok()) return offset.error();
  const std::optional<int64_t> bit = parse_int64(call.arg(3));
  if (!bit || (*bit != 0 && *bit != 1))
    return Error::literal("ERR bit is not an integer or out of range");
  Key key = call.write(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  const bool value = *bit == 1;
  const bool grows = !key.exists() || *offset / 8 >= key.string_size();
  const std::span<char> bytes =
      key.open_string(*offset / 8 + 1, {.offset = *offset / 8, .count = 1});
  const bool old = store::bit_at({bytes.data(), bytes.size()}, *offset);
  if (grows || old != value) {
    store::set_bit(bytes, *offset, value);
    key.changed(notify::kString, "setbit");
  }
  call.reply().integer(old ? 1 : 0);
  return {};
}

Status bitcount(Call& call) {
  const Result<RangeArgs> range = parse_count_range(ArgReader(call.args_from(2)));
  if (!range.ok()) return range.error();
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  const std::string_view bytes = key.string();
  const size_t count =
      is_reversed(*range) ? 0 : store::count_bits(bytes, resolve(*range, bytes.size()));
  call.reply().integer(static_cast<int64_t>(count));
  return {};
}

Status bitpos(Call& call) {
  const std::optional<int64_t> bit = parse_int64(call.arg(2));
  if (!bit) return errors::not_an_integer();
  if (*bit != 0 && *bit != 1) return Error::literal("ERR The bit argument must be 1 or 0.");
  const bool value = *bit == 1;
  const Result<RangeArgs> args = parse_position_range(ArgReader(call.args_from(3)));
  if (!args.ok()) return args.error();
  Key key = call.read(1);
  if (Status status = key.expect_string(); !status.ok()) return status;
  if (!key.exists()) {  // An absent key is an endless row of zeros, whatever the range.
    call.reply().integer(value ? -1 : 0);
    return {};
  }
  const std::string_view bytes = key.string();
  const store::BitRange range = resolve(*args, bytes.size());
  const std::optional<size_t> found = store::find_bit(bytes, range, value);
  // Zeros follow a string, unless the client gave an end.
  const bool has_end = call.argc() > 4;
  const bool finds_padding = !value && !has_end && range.begin < range.end;
  const auto otherwise = finds_padding ? static_cast<int64_t>(range.end) : -1;
  call.reply().integer(found ? static_cast<int64_t>(*found) : otherwise);
  return {};
}

Status bitop(Call& call) {
  const Result<store::BitOperation> operation = parse_operation(call.arg(1));
  if (!operation.ok()) return operation.error();
  if (*operation == store::BitOperation::kNot && call.argc() != 4)
    return Error::literal("ERR BITOP NOT must be called with a single source key.");
  std::vector<Key> keys;  // A view may point into its Key, so keys must not move.
  keys.reserve(call.argc() - 3);
  std::vector<std::string_view> sources;
  sources.reserve(call.argc() - 3);
  size_t size = 0;
  for (size_t i = 3; i < call.argc(); ++i) {
    keys.push_back(call.read(i));
    if (Status status = keys.back().expect_string(); !status.ok()) return status;
    sources.push_back(keys.back().string());
    size = std::max(size, sources.back().size());
  }
  // The result has memory of its own, because the destination may be one of the sources.
  const auto result = std::make_unique_for_overwrite<char[]>(size);
  store::combine_bits(*operation, sources, {result.get(), size});
  store_combined(call, {result.get(), size});
  call.reply().integer(static_cast<int64_t>(size));
  return {};
}

}  // namespace kvstash::commands
