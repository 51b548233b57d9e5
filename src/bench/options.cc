#include "bench/options.h"

#include "base/numbers.h"

#include <optional>

namespace kvstash::bench {
namespace {

using std::chrono::milliseconds;

struct NumberOption {
  std::string_view name;
  uint64_t LoadOptions::*field;
  uint64_t min;
  uint64_t max;
};

constexpr NumberOption kNumberOptions[] = {
    {"--clients", &LoadOptions::clients, 1, kClientsMax},
    {"--pipeline", &LoadOptions::pipeline, 1, kPipelineMax},
    {"--keys", &LoadOptions::keys, 1, kKeysMax},
    {"--data", &LoadOptions::data_bytes, 0, kDataBytesMax},
    {"--count", &LoadOptions::count, 1, UINT64_MAX},
    {"--seed", &LoadOptions::seed, 0, UINT64_MAX},
};

Error bad_value(std::string_view name, std::string_view value) {
  return Error::text(std::string(name) + " cannot be '" + std::string(value) + "'");
}

Status set_option(LoadOptions& options, std::string_view name, std::string_view value) {
  for (const NumberOption& option : kNumberOptions) {
    if (option.name != name) continue;
    const std::optional<uint64_t> number = parse_uint64(value);
    if (!number || *number < option.min || *number > option.max) return bad_value(name, value);
    options.*option.field = *number;
    return {};
  }
  if (name == "--host") {
    options.host = value;
    return {};
  }
  if (name == "--port") {
    const std::optional<uint64_t> port = parse_uint64(value);
    if (!port || *port == 0 || *port > UINT16_MAX) return bad_value(name, value);
    options.port = static_cast<uint16_t>(*port);
    return {};
  }
  if (name == "--seconds") {
    const std::optional<double> seconds = parse_double(value);
    if (!seconds || *seconds < 0.001 || *seconds > static_cast<double>(kSecondsMax))
      return bad_value(name, value);
    options.duration = milliseconds(static_cast<int64_t>(*seconds * 1000));
    return {};
  }
  return Error::text("there is no option " + std::string(name));
}

}  // namespace

Result<LoadOptions> parse_load_options(std::span<const std::string_view> args) {
  LoadOptions options;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].starts_with("--")) {
      options.commands.emplace_back(args[i]);
      continue;
    }
    if (i + 1 == args.size()) return Error::text(std::string(args[i]) + " needs a value");
    if (Status set = set_option(options, args[i], args[i + 1]); !set.ok()) return set.error();
    ++i;
  }
  if (options.commands.empty()) return Error::literal("there is no command to send");
  return options;
}

std::string load_usage() {
  return "Usage: kvstash-bench [--option value ...] COMMAND ...\n"
         "\n"
         "Every client keeps --pipeline commands under way, and sends the next when all replies\n"
         "have come. Prints one line of JSON. Several commands are sent in turn.\n"
         "\n"
         "  --host ADDRESS   127.0.0.1      --port N       6379\n"
         "  --clients N      50             --pipeline N   1\n"
         "  --count N        commands in all, instead of\n"
         "  --seconds S      3\n"
         "  --keys N         1000000        --data BYTES   64\n"
         "  --seed N         1\n"
         "\n"
         "In a command: {random} a number below --keys, {thousand} one below 1000, {next} the one\n"
         "after the last, all of twelve digits; {ms} 100 to 999; {data} a payload of --data "
         "bytes.\n"
         "\n"
         "Example:\n"
         "  kvstash-bench --pipeline 16 --seconds 5 'SET key:{random} {data}'\n";
}

}  // namespace kvstash::bench
