#include "sentinel/hello.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::sentinel {
namespace {

TEST_CASE("a hello message is eight fields between commas") {
  const Hello hello{.host = "10.0.1.1",
                    .port = 26379,
                    .id = std::string(40, 'a'),
                    .current_epoch = 7,
                    .primary_name = "mymaster",
                    .primary_host = "10.0.0.1",
                    .primary_port = 6379,
                    .config_epoch = 3};
  const std::string text = "10.0.1.1,26379," + std::string(40, 'a') + ",7,mymaster,10.0.0.1,6379,3";
  CHECK(print_hello(hello) == text);
  CHECK(parse_hello(text) == hello);
}

TEST_CASE("what is no hello message is not read") {
  for (const char* bad : {
           "",
           "1.1.1.1,1,id,0,name,2.2.2.2,1",                      // Seven fields.
           "1.1.1.1,1,id,0,name,2.2.2.2,1,0,0",                  // Nine.
           "1.1.1.1,x,id,0,name,2.2.2.2,1,0",                    //
           "1.1.1.1,70000,id,0,name,2.2.2.2,1,0",                // No port.
           "1.1.1.1,1,id,-1,name,2.2.2.2,1,0",                   // No epoch.
           "1.1.1.1,1,id,0,name,2.2.2.2,1,9223372036854775807",  // One that nothing can follow.
           ",1,id,0,name,2.2.2.2,1,0",                           //
           "1.1.1.1,1,,0,name,2.2.2.2,1,0",                      //
       }) {
    CAPTURE(bad);
    CHECK_FALSE(parse_hello(bad));
  }
}

}  // namespace
}  // namespace kvstash::sentinel
