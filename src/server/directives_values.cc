#include "base/numbers.h"
#include "base/text.h"
#include "server/directives_rows.h"

#include <charconv>

namespace kvstash::server {
namespace {

Error out_of_range(const std::string& min, const std::string& max) {
  return Error::text("argument must be between " + min + " and " + max + " inclusive");
}

std::string octal(int64_t value) {
  char digits[24];
  const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, value, 8);
  ensure(failed == std::errc{});
  return std::string(digits, end);
}

Result<int64_t> parse_octal(std::string_view text, int64_t min, uint64_t max) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value, 8);
  if (failed != std::errc{} || stop != end)
    return Error::literal("argument couldn't be parsed as an octal number");
  if (value < min || (value >= 0 && static_cast<uint64_t>(value) > max))
    return out_of_range(octal(min), octal(static_cast<int64_t>(max)));
  return value;
}

// Reads a memory size. An empty text is 0, as in Redis.
std::optional<uint64_t> memory_of(std::string_view text) {
  return text.empty() ? std::optional<uint64_t>(0) : parse_memory(text);
}

Result<uint64_t> parse_bytes(std::string_view text, int64_t min, uint64_t max) {
  const std::optional<uint64_t> value = memory_of(text);
  if (!value) return Error::literal("argument must be a memory value");
  if (*value < static_cast<uint64_t>(min) || *value > max)
    return out_of_range(std::to_string(min), std::to_string(max));
  return *value;
}

Result<int64_t> parse_percent_or_bytes(std::string_view text, uint64_t max) {
  constexpr std::string_view kReason = "argument must be a memory or percent value";
  if (text.ends_with('%')) {
    const std::optional<int64_t> percent = parse_int64(text.substr(0, text.size() - 1));
    if (!percent || *percent < 0) return Error::literal(kReason);
    if (*percent > 100) return Error::literal("percentage argument must be less or equal to 100");
    return -*percent;
  }
  const std::optional<uint64_t> bytes = memory_of(text);
  if (!bytes) return Error::literal(kReason);
  if (*bytes > max) return out_of_range("0", std::to_string(max));
  return static_cast<int64_t>(*bytes);
}

Result<bool> parse_bool(std::string_view text) {
  if (equals_ignore_case(text, "yes")) return true;
  if (equals_ignore_case(text, "no")) return false;
  return Error::literal("argument must be 'yes' or 'no'");
}

Error not_one_of(const Directive& row) {
  std::string reason = "argument(s) must be one of the following: ";
  for (const ValueWord& known : row.words) {
    if (&known != row.words.data()) reason += ", ";
    reason += known.word;
  }
  return Error::text(std::move(reason));
}

// Reads words of an enumeration or of flags. Flags may be several words, but not none.
Result<int64_t> parse_words(const Directive& row, Words words) {
  if (words.empty()) return not_one_of(row);
  int64_t value = 0;
  for (const std::string_view word : words) {
    const ValueWord* found = nullptr;
    for (const ValueWord& known : row.words)
      if (equals_ignore_case(known.word, word)) found = &known;
    if (found == nullptr) return not_one_of(row);
    value |= found->value;
  }
  return value;
}

// Writes the words of a value. If two words have the same value, the first one is written.
std::string words_of(const Directive& row, int64_t value) {
  for (const ValueWord& known : row.words)
    if (known.value == value) return std::string(known.word);
  std::string text;
  for (const ValueWord& known : row.words) {
    if ((value & known.value) == 0) continue;
    if (!text.empty()) text += ' ';
    text += known.word;
  }
  return text;
}

Result<int64_t> parse_number(const Directive& row, std::string_view text) {
  if (row.kind == ValueKind::kOctal) return parse_octal(text, row.min, row.max);
  if (row.kind == ValueKind::kPercentOrMemory) return parse_percent_or_bytes(text, row.max);
  return parse_integer(text, row.min, row.max);
}

std::string number_text(const Directive& row, int64_t value) {
  if (row.kind == ValueKind::kOctal) return octal(value);
  if (row.kind == ValueKind::kPercentOrMemory && value < 0) return std::to_string(-value) + "%";
  return std::to_string(value);
}

// Parses the words and stores the value: one overload for each type of field. Stores nothing on an
// error.
struct Writer {
  ServerOptions& options;
  const Directive& row;
  Words words;
  SetFrom from;

  template <typename Value>
  static Status store(Value& field, const Result<Value>& value) {
    if (!value.ok()) return value.error();
    field = *value;
    return {};
  }
  Status operator()(bool& (*at)(ServerOptions&)) const {
    return store(at(options), parse_bool(words[0]));
  }
  Status operator()(int64_t& (*at)(ServerOptions&)) const {
    return store(at(options), parse_number(row, words[0]));
  }
  Status operator()(uint64_t& (*at)(ServerOptions&)) const {
    return store(at(options), parse_bytes(words[0], row.min, row.max));
  }
  Status operator()(std::string& (*at)(ServerOptions&)) const {
    at(options) = words[0];
    return {};
  }
  Status operator()(const EnumSlot& slot) const {
    const Result<int64_t> value = parse_words(row, words);
    if (!value.ok()) return value.error();
    slot.write(options, *value);
    return {};
  }
  Status operator()(const SpecialSlot& slot) const { return slot.write(options, words, from); }
};

struct Reader {
  ServerOptions& options;  // Only read, though a slot can also write.
  const Directive& row;

  std::string operator()(bool& (*at)(ServerOptions&)) const { return at(options) ? "yes" : "no"; }
  std::string operator()(int64_t& (*at)(ServerOptions&)) const {
    return number_text(row, at(options));
  }
  std::string operator()(uint64_t& (*at)(ServerOptions&)) const {
    return std::to_string(at(options));
  }
  std::string operator()(std::string& (*at)(ServerOptions&)) const { return at(options); }
  std::string operator()(const EnumSlot& slot) const { return words_of(row, slot.read(options)); }
  std::string operator()(const SpecialSlot& slot) const { return slot.read(options); }
};

}  // namespace

Result<int64_t> parse_integer(std::string_view text, int64_t min, uint64_t max) {
  const std::optional<int64_t> value = parse_int64(text);
  if (!value) return Error::literal("argument couldn't be parsed into an integer");
  if (*value < min || (*value >= 0 && static_cast<uint64_t>(*value) > max))
    return out_of_range(std::to_string(min), std::to_string(max));
  return *value;
}

std::string read_value(const ServerOptions& options, const Directive& row) {
  return std::visit(Reader{const_cast<ServerOptions&>(options), row}, row.slot);
}

Status write_value(ServerOptions& options, const Directive& row, Words words, SetFrom from) {
  if (!row.is(kMultiArg) && words.size() != 1) return Error::literal("wrong number of arguments");
  if (row.check != nullptr) {
    Status checked = row.check(words, from);
    if (!checked.ok()) return checked;
  }
  return std::visit(Writer{options, row, words, from}, row.slot);
}

}  // namespace kvstash::server
