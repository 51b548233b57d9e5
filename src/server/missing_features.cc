#include "server/missing_features.h"

namespace kvstash::server {

std::vector<std::string_view> missing_features(const ServerOptions& options) {
  std::vector<std::string_view> missing;
  if (options.cluster.enabled)
    missing.push_back("'cluster-enabled yes': this version has no cluster; it serves standalone.");
  return missing;
}

}  // namespace kvstash::server
