#include "net/poll.h"

#include "unit/net/loopback.h"

#include <optional>

using namespace kvstash::net;
using namespace kvstash::net::test;

namespace {

// Counts what a Poll tells.
struct Ear {
  int readable = 0;
  int writable = 0;
  std::optional<Poll> poll;
  bool destroy_when_called = false;

  Ear(Loop& loop, const Fd& fd) { poll.emplace(loop, fd.get(), on_ready, this); }

  static void on_ready(void* context, Readiness ready) {
    Ear& ear = *static_cast<Ear*>(context);
    ear.readable += ready.readable ? 1 : 0;
    ear.writable += ready.writable ? 1 : 0;
    if (ear.destroy_when_called) ear.poll.reset();
  }
};

}  // namespace

TEST_CASE("a watched descriptor is reported readable until its bytes are read") {
  Loop loop;
  const Pair pair = unix_pair();
  Ear ear(loop, pair.near);
  ear.poll->watch(true, false);
  loop.run_nowait();
  CHECK(ear.readable == 0);

  send_all(pair.far, "x");
  loop.run_once();
  loop.run_once();
  CHECK(ear.readable == 2);
  CHECK(ear.writable == 0);

  CHECK(receive_ready(pair.near) == "x");
  loop.run_nowait();
  CHECK(ear.readable == 2);
}

TEST_CASE("only the watched directions are reported") {
  Loop loop;
  const Pair pair = unix_pair();
  Ear ear(loop, pair.near);
  send_all(pair.far, "x");

  ear.poll->watch(false, true);
  CHECK(ear.poll->is_watching_write());
  CHECK_FALSE(ear.poll->is_watching_read());
  loop.run_once();
  CHECK(ear.readable == 0);
  CHECK(ear.writable == 1);

  ear.poll->watch(true, true);
  loop.run_once();
  CHECK(ear.readable == 1);
  CHECK(ear.writable == 2);

  ear.poll->watch(false, false);
  run_ready(loop);
  CHECK(ear.readable == 1);
  CHECK(ear.writable == 2);
}

TEST_CASE("a closed peer makes the descriptor readable") {
  Loop loop;
  Pair pair = unix_pair();
  Ear ear(loop, pair.near);
  ear.poll->watch(true, false);
  pair.far.reset();
  loop.run_once();
  CHECK(ear.readable == 1);
  CHECK(is_at_end(pair.near));
}

TEST_CASE("a reset connection is reported in both directions and then watched no more") {
  Loop loop;
  Fd listening(socket(AF_INET, SOCK_STREAM, 0));
  REQUIRE(listen(listening.get(), 1) == 0);
  sockaddr_in name{};
  socklen_t length = sizeof(name);
  REQUIRE(getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
  Fd far = connect_tcp(ntohs(name.sin_port));
  Fd near(accept(listening.get(), nullptr, nullptr));
  Ear ear(loop, near);
  ear.poll->watch(true, false);

  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  far.reset();
  loop.run_once();
  CHECK(ear.readable == 1);
  CHECK(ear.writable == 1);
  CHECK_FALSE(ear.poll->is_watching_read());
  run_ready(loop);
  CHECK(ear.readable == 1);

  ear.poll->watch(true, false);
  loop.run_once();
  CHECK(ear.readable == 2);
}

TEST_CASE("the callback may destroy its Poll") {
  Loop loop;
  const Pair pair = unix_pair();
  Ear ear(loop, pair.near);
  ear.destroy_when_called = true;
  ear.poll->watch(true, true);
  send_all(pair.far, "x");
  loop.run_once();
  CHECK(ear.writable == 1);
  run_ready(loop);
  CHECK(ear.writable == 1);
}

TEST_CASE("a descriptor that was watched before can be watched by another Poll") {
  Loop loop;
  const Pair pair = unix_pair();
  Ear first(loop, pair.near);
  first.poll->watch(true, false);
  first.poll.reset();
  Ear second(loop, pair.near);
  REQUIRE(second.poll->ok());
  second.poll->watch(true, false);
  send_all(pair.far, "x");
  loop.run_once();
  CHECK(first.readable == 0);
  CHECK(second.readable == 1);
}

TEST_CASE("a descriptor that cannot be watched is refused") {
  Loop loop;
  const Fd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  Ear ear(loop, file);
  CHECK_FALSE(ear.poll->ok());
}
