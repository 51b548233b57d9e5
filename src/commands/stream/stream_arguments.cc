#include "commands/stream/stream_arguments.h"

#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/errors.h"

#include <algorithm>

namespace kvstash::commands {
namespace {

namespace errors = engine::errors;
using store::StreamId;
using store::StreamTrim;

constexpr size_t kIdTextMax = 127;  // The size of Redis's buffer.

Error invalid_id() {
  return Error::literal("ERR Invalid stream ID specified as stream command argument");
}

// Parses as strtoull does: a number that is not canonical may begin with blanks and a sign.
std::optional<uint64_t> parse_loose_uint64(std::string_view text) {
  if (const std::optional<int64_t> value = parse_int64(text)) {
    if (*value < 0) return std::nullopt;
    return static_cast<uint64_t>(*value);
  }
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return is_negative ? 0 - value : value;
}

struct ParsedId {
  StreamId id;
  bool has_seq = true;
};

// If `may_be_open`, "ms-*" is accepted.
std::optional<ParsedId> read_id(std::string_view text, uint64_t missing_seq, bool may_be_open) {
  if (text.size() > kIdTextMax) return std::nullopt;
  text = text.substr(0, text.find('\0'));
  const size_t dash = text.find('-');
  const std::optional<uint64_t> ms = parse_loose_uint64(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return ParsedId{{*ms, missing_seq}};
  const std::string_view rest = text.substr(dash + 1);
  if (may_be_open && rest == "*") return ParsedId{{*ms, 0}, false};
  const std::optional<uint64_t> seq = parse_loose_uint64(rest);
  if (!seq) return std::nullopt;
  return ParsedId{{*ms, *seq}};
}

// Parses MAXLEN, MINID and LIMIT, with their values.
class TrimParser {
 public:
  TrimParser(StreamArgs args, StreamEdit& edit) : args_(args), edit_(&edit) {}

  // Tries to parse the argument `at` as one of these options. True if it is one; `at` is then the
  // last argument of the option.
  Result<bool> take(size_t& at) {
    if (at + 1 >= args_.size()) return false;
    if (equals_ignore_case(args_[at], "maxlen")) return take_threshold(at, true);
    if (equals_ignore_case(args_[at], "minid")) return take_threshold(at, false);
    if (equals_ignore_case(args_[at], "limit")) return take_limit(at);
    return false;
  }

  // Checks the rules that concern several options together, and sets the limit.
  Status finish(const engine::EngineOptions& options, bool must_trim);

 private:
  Result<bool> take_threshold(size_t& at, bool by_length);
  Result<bool> take_limit(size_t& at);

  StreamArgs args_;
  StreamEdit* edit_;
  int64_t limit_ = 0;
};

Result<bool> TrimParser::take_threshold(size_t& at, bool by_length) {
  if (edit_->trim)
    return Error::literal(
        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  StreamTrim& trim = edit_->trim.emplace();
  const bool has_operator = at + 2 < args_.size() && (args_[at + 1] == "~" || args_[at + 1] == "=");
  trim.whole_blocks_only = has_operator && args_[at + 1] == "~";
  at += has_operator ? 2 : 1;
  edit_->threshold_at = at;
  if (!by_length) {
    const Result<StreamId> id = parse_stream_id(args_[at]);
    if (!id.ok()) return id.error();
    trim.min_id = *id;
    return true;
  }
  const std::optional<int64_t> length = parse_int64(args_[at]);
  if (!length) return errors::not_an_integer();
  if (*length < 0) return Error::literal("ERR The MAXLEN argument must be >= 0.");
  trim.length_max = static_cast<uint64_t>(*length);
  return true;
}

Result<bool> TrimParser::take_limit(size_t& at) {
  edit_->limit_at = at++;
  const std::optional<int64_t> limit = parse_int64(args_[at]);
  if (!limit) return errors::not_an_integer();
  if (*limit < 0) return Error::literal("ERR The LIMIT argument must be >= 0.");
  limit_ = *limit;
  return true;
}

// The limit of a trim to whole blocks without LIMIT: it keeps the command short.
uint64_t default_limit(const engine::EngineOptions& options) {
  constexpr int64_t kBlocks = 100;
  constexpr int64_t kLimitMax = 1'000'000;
  const int64_t entries = std::min(options.stream_node_max_entries, kLimitMax / kBlocks);
  return static_cast<uint64_t>(entries <= 0 ? 10'000 : entries * kBlocks);
}

Status TrimParser::finish(const engine::EngineOptions& options, bool must_trim) {
  if (limit_ != 0 && !edit_->trim)
    return Error::literal(
        "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  if (must_trim && !edit_->trim)
    return Error::literal("ERR syntax error, XTRIM must be called with a trimming strategy");
  const bool is_approximate = edit_->trim && edit_->trim->whole_blocks_only;
  if (edit_->limit_at != 0 && !is_approximate)
    return Error::literal("ERR syntax error, LIMIT cannot be used without the special ~ option");
  if (is_approximate)
    edit_->trim->limit =
        edit_->limit_at != 0 ? static_cast<uint64_t>(limit_) : default_limit(options);
  return {};
}

}  // namespace

Result<StreamId> parse_stream_id(std::string_view text, uint64_t missing_seq) {
  const std::optional<ParsedId> parsed = read_id(text, missing_seq, false);
  if (!parsed) return invalid_id();
  return parsed->id;
}

Result<StreamId> parse_stream_id_or_end(std::string_view text, uint64_t missing_seq) {
  if (text == "-") return StreamId::min();
  if (text == "+") return StreamId::max();
  return parse_stream_id(text, missing_seq);
}

Result<StreamId> parse_range_start(std::string_view text) {
  if (text.size() < 2 || text[0] != '(') return parse_stream_id_or_end(text, 0);
  const Result<StreamId> id = parse_stream_id(text.substr(1), 0);
  if (!id.ok()) return id.error();
  const std::optional<StreamId> next = id->next();
  if (!next) return Error::literal("ERR invalid start ID for the interval");
  return *next;
}

Result<StreamId> parse_range_end(std::string_view text) {
  if (text.size() < 2 || text[0] != '(') return parse_stream_id_or_end(text, UINT64_MAX);
  const Result<StreamId> id = parse_stream_id(text.substr(1), UINT64_MAX);
  if (!id.ok()) return id.error();
  const std::optional<StreamId> previous = id->previous();
  if (!previous) return Error::literal("ERR invalid end ID for the interval");
  return *previous;
}

Result<StreamEdit> parse_xadd(StreamArgs args, const engine::EngineOptions& options) {
  StreamEdit edit;
  TrimParser trim(args, edit);
  for (size_t at = 2; at < args.size(); ++at) {
    edit.id_at = at;
    if (args[at] == "*") break;
    const Result<bool> taken = trim.take(at);
    if (!taken.ok()) return taken.error();
    if (*taken) continue;
    if (equals_ignore_case(args[at], "nomkstream")) {
      edit.no_mkstream = true;
      continue;
    }
    const std::optional<ParsedId> parsed = read_id(args[at], 0, true);
    if (!parsed) return invalid_id();
    edit.id = parsed->id;
    edit.has_seq = parsed->has_seq;
    break;
  }
  if (Status status = trim.finish(options, false); !status.ok()) return status.error();
  return edit;
}

Result<StreamEdit> parse_xtrim(StreamArgs args, const engine::EngineOptions& options) {
  StreamEdit edit;
  TrimParser trim(args, edit);
  for (size_t at = 2; at < args.size(); ++at) {
    const Result<bool> taken = trim.take(at);
    if (!taken.ok()) return taken.error();
    if (!*taken) return errors::syntax();
  }
  if (Status status = trim.finish(options, true); !status.ok()) return status.error();
  return edit;
}

Result<uint64_t> parse_stream_count(std::string_view text) {
  const std::optional<int64_t> count = parse_int64(text);
  if (!count) return errors::not_an_integer();
  return static_cast<uint64_t>(std::max<int64_t>(*count, 0));
}

}  // namespace kvstash::commands
