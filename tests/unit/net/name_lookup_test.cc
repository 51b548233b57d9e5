#include "net/name_lookup.h"

#include "unit/net/loopback.h"

#include <map>
#include <string>

using namespace kvstash::net;
using namespace kvstash::net::test;

TEST_CASE("name look-up: names and addresses become addresses, on the loop and never at once") {
  Loop loop;
  std::map<std::string, std::string> found;
  NameLookup names(loop, [&](const std::string& name, const std::string& ip) { found[name] = ip; });
  REQUIRE(names.start("localhost"));
  REQUIRE(names.start("192.0.2.7"));
  REQUIRE(names.start("2001:db8::7"));
  CHECK(found.empty());
  run_until(loop, [&] { return found.size() == 3; });
  CHECK((found["localhost"] == "127.0.0.1" || found["localhost"] == "::1"));
  CHECK(found["192.0.2.7"] == "192.0.2.7");
  CHECK(found["2001:db8::7"] == "2001:db8::7");
}

TEST_CASE("name look-up: what can be no name is not looked up") {
  Loop loop;
  NameLookup names(loop, [](const std::string&, const std::string&) { FAIL("nothing was begun"); });
  CHECK_FALSE(names.start(std::string(10'000, 'x')));
  run_ready(loop);
}

TEST_CASE("name look-up: nobody is told once it is destroyed") {
  Loop loop;
  {
    NameLookup names(loop, [](const std::string&, const std::string&) { FAIL("it is gone"); });
    for (int i = 0; i < 20; ++i)
      REQUIRE(names.start("localhost"));
  }
  loop.close();
}
