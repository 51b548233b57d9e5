#include "sentinel/info_text.h"

#include "base/leading_number.h"
#include "base/numbers.h"
#include "base/text.h"

#include <algorithm>
#include <limits>

namespace kvstash::sentinel {
namespace {

constexpr int64_t kPortMax = 65535;
// Durations are bounded, so that sums of them never overflow.
constexpr int64_t kSecondsMax = int64_t{1} << 32;

std::string_view up_to(std::string_view text, char end) {
  return text.substr(0, text.find(end));
}

// slave0:ip=10.0.0.1,port=6379,state=online,... or, of old servers, slave0:10.0.0.1,6379,online
std::optional<ListedReplica> parse_listed(std::string_view line) {
  std::string_view host;
  std::string_view port;
  if (const size_t named = line.find("ip="); named != std::string_view::npos) {
    const size_t port_at = line.find("port=");
    if (port_at == std::string_view::npos) return std::nullopt;
    host = up_to(line.substr(named + 3), ',');
    port = up_to(line.substr(port_at + 5), ',');
  } else {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::vector<std::string_view> fields = split(line.substr(colon + 1), ',');
    if (fields.size() < 3) return std::nullopt;
    host = fields[0];
    port = fields[1];
  }
  ListedReplica replica{.host = std::string(host), .port = leading_number(port)};
  if (host.empty() || replica.port <= 0 || replica.port > kPortMax) return std::nullopt;
  return replica;
}

// The value of a line "name:value", if it has this name.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':')
    return std::nullopt;
  return line.substr(name.size() + 1);
}

void read_replica_line(InfoText& info, std::string_view line) {
  if (const auto host = value_of(line, "master_host")) {
    info.primary_host = std::string(*host);
  } else if (const auto port = value_of(line, "master_port")) {
    info.primary_port = leading_number(*port);
  } else if (const auto status = value_of(line, "master_link_status")) {
    info.is_link_up = equals_ignore_case(*status, "up");
  } else if (const auto priority = value_of(line, "slave_priority")) {
    info.priority = leading_number(*priority);
  } else if (const auto offset = value_of(line, "slave_repl_offset")) {
    info.offset = parse_uint64(*offset).value_or(0);
  } else if (const auto announced = value_of(line, "replica_announced")) {
    info.is_announced = leading_number(*announced) != 0;
  }
}

bool is_replica_line(std::string_view line) {
  return line.size() >= 7 && line.starts_with("slave") && line[5] >= '0' && line[5] <= '9';
}

void read_line(InfoText& info, std::string_view line) {
  if (const auto id = value_of(line, "run_id"); id && id->size() >= kRunIdChars) {
    info.run_id = std::string(id->substr(0, kRunIdChars));
  } else if (const auto down = value_of(line, "master_link_down_since_seconds")) {
    info.link_down =
        std::chrono::seconds(std::clamp<int64_t>(leading_number(*down), -1, kSecondsMax));
  } else if (line.starts_with("role:master")) {
    info.role = DataRole::kPrimary;
  } else if (line.starts_with("role:slave")) {
    info.role = DataRole::kReplica;
  } else if (is_replica_line(line)) {
    if (std::optional<ListedReplica> replica = parse_listed(line);
        replica && info.replicas.size() < kListedReplicasMax)
      info.replicas.push_back(*std::move(replica));
  } else if (info.role == DataRole::kReplica) {
    read_replica_line(info, line);
  }
}

}  // namespace

InfoText parse_info(std::string_view text) {
  InfoText info;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    read_line(info, line);
  }
  return info;
}

bool is_kvstash_info(std::string_view text) {
  return text.find("kvstash_version:") != std::string_view::npos;
}

}  // namespace kvstash::sentinel
