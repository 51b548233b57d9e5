// From bytes to requests, on one shard whose turns the test takes. Over several shards, with bytes
// cut anywhere, intake is in every test of tests/sim.
#include "engine/client/intake.h"

#include "engine/shard.h"
#include "engine/shard_port.h"
#include "resp/request_text.h"
#include "support/command_rooms.h"
#include "support/session_port.h"

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

struct Node {
  explicit Node(EngineOptions wanted = {}) : options(std::move(wanted)) {}

  Session& open() { return shard.clients().open(nullptr); }
  // One read after another, of at most so many bytes each.
  void feed(Session& session, std::string_view bytes, size_t read_max = SIZE_MAX) {
    while (!bytes.empty()) {
      const std::span<char> room = shard.input_room(session);
      const std::string_view piece = bytes.substr(0, std::min(room.size(), read_max));
      std::memcpy(room.data(), piece.data(), piece.size());
      shard.consume(session, piece.size());
      bytes.remove_prefix(piece.size());
    }
  }
  // What the session has in its output, or was sent.
  std::string heard(const Session& session) {
    return port.sent[session.info.id] + std::string(session.replies.out().view());
  }
  std::string after_turn(const Session& session) {
    shard.finish_turn();
    return heard(session);
  }

  EngineOptions options;
  CommandTable table{test::engine_commands()};
  ShardSet set{1, table, options};
  Shard& shard = set.at(0);
  test::SessionPort port{shard};
};

std::string request(const std::vector<std::string>& words) {
  const std::vector<std::string_view> argv(words.begin(), words.end());
  std::string bytes;
  resp::append_request(bytes, argv);
  return bytes;
}

}  // namespace

TEST_CASE("where the bytes of commands are cut makes no difference") {
  const std::string bytes = request({"SET", "a", "1\r\n2"}) + "get a\r\n" +
                            "set 'b' \"x y\"\r\n\r\n" + request({"MGET", "a", "b"}) + "*0\r\n" +
                            request({"ECHO", std::string(300, 'e')});
  Node whole;
  Session& at_once = whole.open();
  whole.feed(at_once, bytes);
  const std::string expected = whole.after_turn(at_once);
  REQUIRE(expected.starts_with("+OK\r\n$4\r\n1\r\n2\r\n+OK\r\n*2\r\n"));
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    Node node;
    Session& session = node.open();
    node.feed(session, bytes.substr(0, cut));
    if (cut % 2 == 0) node.shard.finish_turn();
    node.feed(session, bytes.substr(cut));
    REQUIRE(node.after_turn(session) == expected);
  }
  for (const size_t piece : {1, 2, 3, 7, 50}) {
    Node node;
    Session& session = node.open();
    node.feed(session, bytes, piece);
    CHECK(node.after_turn(session) == expected);
  }
}

TEST_CASE("what connections have sent is run at the end of the turn, a batch of them sooner") {
  Node node;
  Session& first = node.open();
  Session& second = node.open();
  node.feed(first, "PING 1\r\n");
  node.feed(second, "PING 2\r\n");
  CHECK(node.heard(first).empty());
  CHECK(node.heard(second).empty());
  std::string many;
  for (uint32_t i = 0; i < kBatchCommandsMax; ++i)
    many += "INCR n\r\n";
  Session& third = node.open();
  node.feed(third, many);
  CHECK(node.heard(first) == "$1\r\n1\r\n");
  CHECK(node.heard(third).ends_with(":64\r\n"));
  CHECK(node.after_turn(second) == "$1\r\n2\r\n");
}

TEST_CASE("a connection owns input memory only while a command of it is unfinished") {
  Node node;
  Session& session = node.open();
  node.feed(session, request({"SET", "k", "v"}));
  node.shard.finish_turn();
  CHECK(session.chunk == nullptr);
  node.feed(session, "*2\r\n$3\r\nGET\r\n$1\r\n");
  node.shard.finish_turn();
  CHECK(session.chunk_bytes() != 0);
  CHECK(session.chunk_bytes() < 8192);
  node.feed(session, "k\r\n");
  CHECK(node.after_turn(session) == "+OK\r\n$1\r\nv\r\n");
  CHECK(session.chunk == nullptr);
}

TEST_CASE("an argument that was announced takes memory only as it comes") {
  Node node;
  Session& session = node.open();
  constexpr size_t kBytes = 3'000'000;
  node.feed(session, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(kBytes) + "\r\n");
  node.shard.finish_turn();
  CHECK(session.chunk_bytes() < 300'000);
  for (size_t fed = 0; fed < kBytes; fed += 100'000) {
    node.feed(session, std::string(100'000, 'x'));
    node.shard.finish_turn();
    REQUIRE(session.chunk_bytes() < 2 * fed + 600'000);
  }
  node.feed(session, "\r\n" + request({"STRLEN", "k"}));
  CHECK(node.after_turn(session) == "+OK\r\n:3000000\r\n");
  CHECK(session.chunk == nullptr);
}

TEST_CASE("bytes that mean nothing close the connection after the replies to what stood before") {
  Node node;
  Session& session = node.open();
  node.feed(session, "PING\r\n*1\r\n!\r\nPING\r\n");
  CHECK(node.after_turn(session) == "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
  CHECK((session.stopped & kStopClosing) != 0);
  CHECK(session.close_reason == "protocol error");
}

TEST_CASE("a command larger than the limit on queries closes its connection") {
  EngineOptions options;
  options.client_query_buffer_limit = 10'000;
  Node node(options);
  Session& session = node.open();
  node.feed(session, "*2\r\n$4\r\nECHO\r\n$20000\r\n" + std::string(9000, 'x'));
  node.shard.finish_turn();
  CHECK(session.stopped == 0);
  node.feed(session, std::string(2000, 'x'));
  node.shard.finish_turn();
  CHECK((session.stopped & kStopClosing) != 0);
  CHECK(session.close_reason == "query buffer limit passed");
  CHECK(node.shard.stats().input_limit_passed == 1);
}

TEST_CASE("before AUTH every command may change what the next one may be") {
  EngineOptions options;
  options.requirepass = "secret";
  const std::string large(kUnauthBulkBytesMax + 1, 'x');
  {
    Node node(options);
    Session& session = node.open();
    REQUIRE_FALSE(session.is_authenticated);
    node.feed(session, "AUTH secret\r\n" + request({"SET", "k", large}) + "STRLEN k\r\n");
    CHECK(node.after_turn(session) == "+OK\r\n+OK\r\n:16385\r\n");
  }
  Node node(options);
  Session& session = node.open();
  node.feed(session, "PING\r\n" + request({"SET", "k", large}));
  CHECK(node.after_turn(session).find("Protocol error: unauthenticated bulk length") !=
        std::string::npos);
}

TEST_CASE("what was sent behind the end of a connection's turn is kept, and run when it goes on") {
  Node node;
  Session& session = node.open();
  node.shard.clients().begin_pause(0, INT64_MAX, PauseMode::kAll);
  node.feed(session, "INCR n\r\nINCR n\r\nGE");
  CHECK(node.after_turn(session).empty());
  CHECK((session.stopped & kStopPause) != 0);
  CHECK(session.chunk_bytes() != 0);
  node.shard.clients().end_pause();
  CHECK(node.after_turn(session) == ":1\r\n:2\r\n");
  node.feed(session, "T n\r\n");
  CHECK(node.after_turn(session) == ":1\r\n:2\r\n$1\r\n2\r\n");
}

TEST_CASE("room for the arguments of a very large command is given back") {
  Node node;
  Session& session = node.open();
  std::vector<std::string> words{"DEL"};
  for (size_t i = 0; i < 20'000; ++i)
    words.push_back(std::to_string(i));
  node.feed(session, request(words));
  CHECK(node.after_turn(session) == ":0\r\n");
  CHECK(session.parser.memory_bytes() < 10'000);
  CHECK(session.total_bytes() < 100'000);
}

}  // namespace kvstash::engine
