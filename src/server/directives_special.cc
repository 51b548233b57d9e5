// The values that are more than one word or number: lists of addresses, save points, output limits
// by client class, event classes. Each has a function that reads it and one that writes it.
#include "base/numbers.h"
#include "base/text.h"
#include "server/directives_rows.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace kvstash::server {
namespace {

constexpr size_t kBindAddressesMax = 16;
constexpr size_t kSavePointsMax = 128;
constexpr size_t kPercentilesMax = 128;

// Joins the words with a blank between them.
std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// Whether the text is one address or name. With blanks inside it would be read back as several.
bool is_one_word(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), is_blank);
}

bool is_nothing(Words words) {
  return words.empty() || (words.size() == 1 && words[0].empty());
}

}  // namespace

// --- bind ---------------------------------------------------------------------------------------

std::string read_bind(const ServerOptions& options) {
  return join(options.net.bind);
}

Status write_bind(ServerOptions& options, Words words, SetFrom) {
  if (words.size() > kBindAddressesMax) return Error::literal("Too many bind addresses specified.");
  if (is_nothing(words)) words = {};
  if (!std::all_of(words.begin(), words.end(), is_one_word))
    return Error::literal("Invalid bind address");
  options.net.bind.assign(words.begin(), words.end());
  return {};
}

// --- save ---------------------------------------------------------------------------------------

std::string read_save(const ServerOptions& options) {
  std::string text;
  for (const SavePoint& point : options.persist.save) {
    if (!text.empty()) text += ' ';
    text += std::to_string(point.seconds) + ' ' + std::to_string(point.changes);
  }
  return text;
}

namespace {

// Reads a number of a save point, which, unlike other numbers, may begin with '+' or zeros.
std::optional<int64_t> save_number(std::string_view text) {
  while (text.size() > 1 && (text[0] == '+' || text[0] == '0'))
    text.remove_prefix(1);
  return parse_int64(text);
}

}  // namespace

// Save points in several lines of a file add up; CONFIG SET replaces them all; an empty value means
// no save points.
Status write_save(ServerOptions& options, Words words, SetFrom from) {
  const Error invalid = Error::literal("Invalid save parameters");
  if (is_nothing(words)) {
    options.persist.save.clear();
    return {};
  }
  std::vector<SavePoint> points;
  if (from == SetFrom::kFile) points = options.persist.save;
  if (words.size() % 2 != 0) return invalid;
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::optional<int64_t> seconds = save_number(words[i]);
    const std::optional<int64_t> changes = save_number(words[i + 1]);
    if (!seconds || *seconds < 1 || !changes || *changes < 0) return invalid;
    if (points.size() == kSavePointsMax) return Error::literal("Too many save points");
    points.push_back({*seconds, *changes});
  }
  options.persist.save = std::move(points);
  return {};
}

// --- dir ----------------------------------------------------------------------------------------

std::string read_dir(const ServerOptions& options) {
  return options.process.dir;
}

// The directory is kept as an absolute path, so that it does not depend on the working directory.
Status write_dir(ServerOptions& options, Words words, SetFrom) {
  const std::string path(words[0]);
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return Error::text(std::strerror(errno));
  std::string absolute(resolved);
  ::free(resolved);
  struct stat about {};
  if (::stat(absolute.c_str(), &about) != 0) return Error::text(std::strerror(errno));
  if (!S_ISDIR(about.st_mode)) return Error::text(std::strerror(ENOTDIR));
  options.process.dir = std::move(absolute);
  return {};
}

// --- replicaof ----------------------------------------------------------------------------------

std::string read_replicaof(const ServerOptions& options) {
  const ReplicationOptions& replication = options.replication;
  if (replication.primary_host.empty()) return "";
  return replication.primary_host + ' ' + std::to_string(replication.primary_port);
}

Status write_replicaof(ServerOptions& options, Words words, SetFrom) {
  if (words.size() != 2) return Error::literal("wrong number of arguments");
  ReplicationOptions& replication = options.replication;
  if (equals_ignore_case(words[0], "no") && equals_ignore_case(words[1], "one")) {
    replication.primary_host.clear();
    replication.primary_port = 0;
    return {};
  }
  const std::optional<int64_t> port = parse_int64(words[1]);
  if (!is_one_word(words[0])) return Error::literal("Invalid master host");
  if (!port || *port < 0 || *port > 65535) return Error::literal("Invalid master port");
  replication.primary_host = words[0];
  replication.primary_port = *port;
  return {};
}

// --- hz -----------------------------------------------------------------------------------------

namespace {

constexpr int64_t kHzMin = 1;
constexpr int64_t kHzMax = 500;

}  // namespace

std::string read_hz(const ServerOptions& options) {
  return std::to_string(options.engine.hz);
}

// Any number is accepted, and clamped to the range that is supported.
Status write_hz(ServerOptions& options, Words words, SetFrom) {
  const Result<int64_t> value = parse_integer(words[0], 0, kIntMax);
  if (!value.ok()) return value.error();
  options.engine.hz = std::min(std::max(*value, kHzMin), kHzMax);
  return {};
}

// --- oom-score-adj-values -----------------------------------------------------------------------

std::string read_oom_values(const ServerOptions& options) {
  const int64_t(&values)[3] = options.process.oom_score_adj_values;
  return std::to_string(values[0]) + ' ' + std::to_string(values[1]) + ' ' +
         std::to_string(values[2]);
}

Status write_oom_values(ServerOptions& options, Words words, SetFrom) {
  constexpr int64_t kScoreMax = 2000;
  int64_t values[3] = {};
  if (words.size() != std::size(values)) return Error::literal("wrong number of arguments");
  for (size_t i = 0; i < words.size(); ++i) {
    const std::optional<int64_t> value = parse_int64(words[i]);
    if (!value || *value < -kScoreMax || *value > kScoreMax)
      return Error::literal(
          "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    values[i] = *value;
  }
  std::copy(std::begin(values), std::end(values), options.process.oom_score_adj_values);
  return {};
}

// --- notify-keyspace-events ---------------------------------------------------------------------

namespace {

struct EventClass {
  char letter;
  uint32_t bits;
};

// Event classes in the order in which CONFIG GET writes them. 'A' stands for all bits of
// `notify::kAll`.
constexpr EventClass kEventClasses[] = {
    {'A', engine::notify::kAll},      {'g', engine::notify::kGeneric},
    {'$', engine::notify::kString},   {'l', engine::notify::kList},
    {'s', engine::notify::kSet},      {'h', engine::notify::kHash},
    {'z', engine::notify::kZset},     {'x', engine::notify::kExpired},
    {'e', engine::notify::kEvicted},  {'t', engine::notify::kStream},
    {'d', engine::notify::kModule},   {'n', engine::notify::kNew},
    {'K', engine::notify::kKeyspace}, {'E', engine::notify::kKeyevent},
    {'m', engine::notify::kKeyMiss},
};

}  // namespace

std::string read_notify(const ServerOptions& options) {
  std::string text;
  uint32_t left = options.engine.notify_keyspace_events;
  for (const EventClass& known : kEventClasses) {
    if ((left & known.bits) != known.bits) continue;
    text += known.letter;
    left &= ~known.bits;  // After 'A', the letters it includes are not written.
  }
  return text;
}

Status write_notify(ServerOptions& options, Words words, SetFrom) {
  uint32_t bits = 0;
  for (const char letter : words[0]) {
    uint32_t found = 0;
    for (const EventClass& known : kEventClasses)
      if (known.letter == letter) found = known.bits;
    if (found == 0) return Error::literal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    bits |= found;
  }
  options.engine.notify_keyspace_events = bits;
  return {};
}

// --- latency-tracking-info-percentiles ----------------------------------------------------------

namespace {

// Writes the percentile with up to six decimals, without zeros at the end.
std::string percentile_text(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6f", value);
  std::string text(digits);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string read_percentiles(const ServerOptions& options) {
  std::string text;
  for (const double value : options.engine.latency_tracking_info_percentiles) {
    if (!text.empty()) text += ' ';
    text += percentile_text(value);
  }
  return text;
}

// Percentiles are rounded to the decimals that CONFIG GET shows, so that it shows the exact values.
Status write_percentiles(ServerOptions& options, Words words, SetFrom) {
  if (is_nothing(words)) words = {};
  if (words.size() > kPercentilesMax) return Error::literal("Too many percentiles");
  std::vector<double> values;
  for (const std::string_view word : words) {
    const std::optional<double> value = parse_double(word);
    if (!value) return Error::literal("Invalid latency-tracking-info-percentiles parameters");
    if (!(*value >= 0.0 && *value <= 100.0))
      return Error::literal(
          "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    values.push_back(std::round(*value * 1e6) / 1e6);
  }
  options.engine.latency_tracking_info_percentiles = std::move(values);
  return {};
}

// --- client-output-buffer-limit -----------------------------------------------------------------

namespace {

struct ClassName {
  std::string_view name;
  std::string_view alias;
};
constexpr ClassName kClassNames[engine::kClientClasses] = {
    {"normal", "normal"}, {"slave", "replica"}, {"pubsub", "pubsub"}};

}  // namespace

std::string read_output_limits(const ServerOptions& options) {
  std::string text;
  for (size_t i = 0; i < engine::kClientClasses; ++i) {
    const engine::OutputBufferLimit& limit = options.engine.client_output_buffer_limit[i];
    if (!text.empty()) text += ' ';
    text += std::string(kClassNames[i].name) + ' ' + std::to_string(limit.hard_bytes) + ' ' +
            std::to_string(limit.soft_bytes) + ' ' + std::to_string(limit.soft_s);
  }
  return text;
}

namespace {

std::optional<size_t> class_named(std::string_view word) {
  for (size_t i = 0; i < engine::kClientClasses; ++i) {
    if (equals_ignore_case(word, kClassNames[i].name)) return i;
    if (equals_ignore_case(word, kClassNames[i].alias)) return i;
  }
  return std::nullopt;
}

std::optional<engine::OutputBufferLimit> parse_output_limit(Words words) {
  const std::optional<uint64_t> hard = parse_memory(words[0]);
  const std::optional<uint64_t> soft = parse_memory(words[1]);
  const std::optional<int64_t> seconds = parse_int64(words[2]);
  if (!hard || !soft || !seconds || *seconds < 0) return std::nullopt;
  return engine::OutputBufferLimit{*hard, *soft, *seconds};
}

}  // namespace

// Client classes that are not named keep their limits, in a file as in CONFIG SET.
Status write_output_limits(ServerOptions& options, Words words, SetFrom) {
  if (is_nothing(words)) words = {};
  if (words.size() % 4 != 0)
    return Error::literal("Wrong number of arguments in buffer limit configuration.");

  engine::OutputBufferLimit limits[engine::kClientClasses];
  std::copy(std::begin(options.engine.client_output_buffer_limit),
            std::end(options.engine.client_output_buffer_limit), limits);
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::optional<size_t> client_class = class_named(words[i]);
    if (!client_class)
      return Error::literal("Invalid client class specified in buffer limit configuration.");
    const std::optional<engine::OutputBufferLimit> limit =
        parse_output_limit(words.subspan(i + 1, 3));
    if (!limit)
      return Error::literal(
          "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    limits[*client_class] = *limit;
  }
  std::copy(std::begin(limits), std::end(limits), options.engine.client_output_buffer_limit);
  return {};
}

}  // namespace kvstash::server
