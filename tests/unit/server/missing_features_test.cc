#include "server/missing_features.h"

#include <doctest/doctest.h>

using namespace kvstash::server;

TEST_CASE("default options ask for nothing that is missing") {
  CHECK(missing_features(ServerOptions{}).empty());
}

TEST_CASE("each feature that is asked for and missing gets its own warning") {
  ServerOptions options;
  options.cluster.enabled = true;
  CHECK(missing_features(options).size() == 1);
}
