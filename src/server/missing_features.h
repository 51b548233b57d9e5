// What the options ask for and this version cannot do yet: nobody shall trust it with data because
// a directive was accepted in silence. Rows leave this list as the features arrive.
#pragma once

#include "server/options.h"

#include <string_view>
#include <vector>

namespace kvstash::server {

// One sentence for each, for the log at start. They live for ever. Pure.
std::vector<std::string_view> missing_features(const ServerOptions& options);

}  // namespace kvstash::server
