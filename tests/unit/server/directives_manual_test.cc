#include "server/directives_manual.h"

#include "server/config_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

namespace kvstash::server {
namespace {

constexpr const char* kPath = "conf/kvstash.conf";

}  // namespace

// KVSTASH_UPDATE=1 writes the file anew; the difference is what to review.
TEST_CASE("conf/kvstash.conf says exactly what the table of directives says") {
  if (::getenv("KVSTASH_UPDATE") != nullptr) std::ofstream(kPath) << manual_text();
  std::ifstream file(kPath);
  REQUIRE(file.is_open());
  const std::string text(std::istreambuf_iterator<char>(file), {});
  CHECK(text == manual_text());
}

TEST_CASE("starting with the manual is starting with the defaults") {
  ServerOptions options;
  std::vector<std::string> notices;
  const Status done = apply_config_text(options, manual_text(), "kvstash.conf", notices);
  REQUIRE(done.ok());
  CHECK(notices.empty());
  options.process.dir = ServerOptions{}.process.dir;  // Made absolute.
  CHECK(options == ServerOptions{});
}

}  // namespace kvstash::server
