#include "sentinel/hello.h"

#include "base/numbers.h"
#include "base/text.h"

#include <vector>

namespace kvstash::sentinel {
namespace {

constexpr size_t kFields = 8;
constexpr int64_t kPortMax = 65535;

std::optional<uint64_t> parse_epoch(std::string_view text) {
  const std::optional<uint64_t> epoch = parse_uint64(text);
  if (!epoch || *epoch > kEpochMax) return std::nullopt;
  return epoch;
}

std::optional<int64_t> parse_port(std::string_view text) {
  const std::optional<int64_t> port = parse_int64(text);
  if (!port || *port < 0 || *port > kPortMax) return std::nullopt;
  return port;
}

}  // namespace

std::string print_hello(const Hello& hello) {
  std::string text = hello.host;
  text.append(",").append(std::to_string(hello.port));
  text.append(",").append(hello.id);
  text.append(",").append(std::to_string(hello.current_epoch));
  text.append(",").append(hello.primary_name);
  text.append(",").append(hello.primary_host);
  text.append(",").append(std::to_string(hello.primary_port));
  return text.append(",").append(std::to_string(hello.config_epoch));
}

std::optional<Hello> parse_hello(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, ',');
  if (fields.size() != kFields) return std::nullopt;
  const std::optional<int64_t> port = parse_port(fields[1]);
  const std::optional<uint64_t> current_epoch = parse_epoch(fields[3]);
  const std::optional<int64_t> primary_port = parse_port(fields[6]);
  const std::optional<uint64_t> config_epoch = parse_epoch(fields[7]);
  if (!port || !current_epoch || !primary_port || !config_epoch) return std::nullopt;
  if (fields[0].empty() || fields[2].empty() || fields[5].empty()) return std::nullopt;
  return Hello{.host = std::string(fields[0]),
               .port = *port,
               .id = std::string(fields[2]),
               .current_epoch = *current_epoch,
               .primary_name = std::string(fields[4]),
               .primary_host = std::string(fields[5]),
               .primary_port = *primary_port,
               .config_epoch = *config_epoch};
}

}  // namespace kvstash::sentinel
