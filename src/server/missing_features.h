// Features that the options ask for and that this version does not have yet. They are logged, so
// that nobody trusts the server with data because a directive was accepted in silence. A row leaves
// this list when its feature arrives.
#pragma once

#include "server/options.h"

#include <string_view>
#include <vector>

namespace kvstash::server {

// One sentence for each missing feature, for the log at start. The views are valid for ever. Pure.
std::vector<std::string_view> missing_features(const ServerOptions& options);

}  // namespace kvstash::server
