#include "base/ensure.h"

#include "support/death.h"

#include <doctest/doctest.h>

#include <csignal>

using namespace kvstash;

TEST_CASE("a broken invariant names its place and aborts") {
  const test::Death death = test::death_of([] { ensure(false); });
  CHECK(death.signal == SIGABRT);
  CHECK(death.last_words.find("invariant broken at ") != std::string::npos);
  CHECK(death.last_words.find("ensure_test.cc:") != std::string::npos);
}

TEST_CASE("an invariant that holds costs nothing and says nothing") {
  int calls = 0;
  ensure(true);
  ensure_slow([&calls] { return ++calls > 0; });
#ifdef KVSTASH_SLOW_CHECKS
  CHECK(calls == 1);
#else
  CHECK(calls == 0);
#endif
}
