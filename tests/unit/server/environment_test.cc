#include "server/environment.h"

#include <doctest/doctest.h>

namespace kvstash::server {

TEST_CASE("KVSTASH_ variables are directives with the value as it is") {
  const char* environment[] = {"PATH=/bin", "KVSTASH_TLS_PORT=7000", "KVSTASH_REQUIREPASS=a b=c",
                               "KVSTASH_USER=ann on '>x y'", nullptr};
  const EnvironmentLines found = environment_lines(environment);
  REQUIRE(found.lines.size() == 3);
  CHECK(found.lines[0].words == std::vector<std::string>{"requirepass", "a b=c"});
  CHECK(found.lines[1].words == std::vector<std::string>{"tls-port", "7000"});
  CHECK(found.lines[1].variable == "KVSTASH_TLS_PORT");
  CHECK(found.lines[2].words == std::vector<std::string>{"user", "ann", "on", ">x y"});
  CHECK(found.notices.empty());
}

TEST_CASE("variables that container systems make up for a service are passed over") {
  const char* environment[] = {"KVSTASH_PORT=tcp://10.0.0.1:6379", "KVSTASH_SERVICE_HOST=10.0.0.1",
                               "KVSTASH_PORT_6379_TCP_ADDR=10.0.0.1", nullptr};
  const EnvironmentLines found = environment_lines(environment);
  CHECK(found.lines.empty());
  CHECK(found.notices.empty());
}

TEST_CASE("a variable that names nothing is noticed") {
  const char* environment[] = {"KVSTASH_MAXMEMROY=1gb", "KVSTASH_", nullptr};
  const EnvironmentLines found = environment_lines(environment);
  CHECK(found.lines.empty());
  CHECK(found.notices.size() == 1);
  CHECK(environment_lines(nullptr).lines.empty());
}

}  // namespace kvstash::server
