#include "net/look.h"

#include "net/fd.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kvstash::net {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    here = Fd(ends[0]);
    there = Fd(ends[1]);
  }
  Fd here;
  Fd there;
};

}  // namespace

TEST_CASE("a look tells which descriptors can be read and written now") {
  Pair quiet;
  Pair told;
  REQUIRE(::write(told.there.get(), "x", 1) == 1);
  Look look;
  look.add(quiet.here.get(), {.readable = true});
  look.add(told.here.get(), {.readable = true});
  look.add(quiet.here.get(), {.readable = true, .writable = true});
  look.take();
  REQUIRE(look.size() == 3);
  CHECK_FALSE(look.ready(0).readable);
  CHECK(look.ready(1).readable);
  CHECK_FALSE(look.ready(1).writable);
  CHECK_FALSE(look.ready(2).readable);
  CHECK(look.ready(2).writable);
}

TEST_CASE("a look finds that the other side has gone") {
  Pair pair;
  pair.there = Fd();
  Look look;
  look.add(pair.here.get(), {.readable = true});
  look.take();
  CHECK(look.ready(0).readable);
  CHECK(look.ready(0).hung_up);
  look.clear();
  CHECK(look.size() == 0);
}

}  // namespace kvstash::net
