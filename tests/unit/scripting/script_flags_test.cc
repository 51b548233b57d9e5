#include "scripting/script_flags.h"

#include <doctest/doctest.h>

namespace kvstash::scripting {

TEST_CASE("a script without a first line of the kind declares nothing") {
  const Result<Shebang> shebang = parse_shebang("return 1");
  REQUIRE(shebang.ok());
  CHECK(shebang->flags == kUndeclared);
  CHECK(shebang->bytes == 0);
}

TEST_CASE("flags are read, and the line feed stays for the numbers of lines") {
  const Result<Shebang> shebang = parse_shebang("#!lua flags=no-writes,allow-oom\nreturn 1");
  REQUIRE(shebang.ok());
  CHECK(shebang->flags == (kNoWrites | kAllowOom));
  CHECK(shebang->bytes == 31);
}

TEST_CASE("a first line that means nothing is an error") {
  CHECK(parse_shebang("#!lua").error().message() == "ERR Invalid script shebang");
  CHECK(parse_shebang("#!lua flags=x\n").error().message() ==
        "ERR Unexpected flag in script shebang: x");
  CHECK(parse_shebang("#!lua a=b\n").error().message() == "ERR Unknown lua shebang option: a=b");
  CHECK(parse_shebang("#!js\n").error().message() ==
        "ERR Unexpected engine in script shebang: #!js");
}

}  // namespace kvstash::scripting
