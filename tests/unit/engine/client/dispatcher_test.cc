// What a client sends and hears, over shards on threads of their own.

#include "engine/client/dispatcher.h"

#include "support/command_rooms.h"
#include "support/shard_threads.h"
#include "support/watchdog.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace kvstash::engine {
namespace {

using resp::Reply;
using test::MemoryClient;
using test::ShardThreads;

std::string text_of(const Reply& reply) {
  if (reply.is_null()) return "nil";
  if (reply.type == Reply::Type::kInteger) return std::to_string(reply.integer);
  if (!reply.is_aggregate()) return reply.text;
  std::string text = "[";
  for (const Reply& item : reply.items)
    text += (text.size() == 1 ? "" : " ") + text_of(item);
  return text + "]";
}

// Three shards, and a client at home on the first.
struct Node {
  explicit Node(EngineOptions options = {})
      : watchdog("a dispatcher test", std::chrono::seconds(60)),
        threads(test::engine_commands(), {.shards = 3, .seed = 7, .engine = std::move(options)}),
        client(threads.open(0)) {}

  std::string key_on(size_t shard, size_t number = 0) {
    for (size_t i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (threads.set().shard_of(key) == shard && number-- == 0) return key;
    }
  }
  // The replies to lines of inline commands, with blanks between.
  std::string talk(MemoryClient& to, const std::string& lines, int replies) {
    threads.send(to, lines);
    std::string heard;
    for (; replies > 0; --replies) {
      const std::optional<Reply> reply = to.read();
      heard += (heard.empty() ? "" : " ") + (reply ? text_of(*reply) : "(closed)");
    }
    return heard;
  }
  std::string talk(const std::string& lines, int replies) { return talk(client, lines, replies); }

  test::Watchdog watchdog;
  ShardThreads threads;
  MemoryClient& client;
  std::string a = key_on(0);
  std::string b = key_on(1);
  std::string c = key_on(2);
};

}  // namespace

TEST_CASE("commands find their keys on whatever shards they live") {
  Node node;
  CHECK(node.talk("MSET " + node.a + " 1 " + node.b + " 2 " + node.c + " 3\n", 1) == "OK");
  CHECK(node.talk("GET " + node.b + "\nINCR " + node.c + "\nGET " + node.a + "\n", 3) == "2 4 1");
  CHECK(node.talk("MGET " + node.a + " " + node.b + " " + node.c + "\n", 1) == "[1 2 4]");
  CHECK(node.talk("RENAME " + node.a + " " + node.c + "\nGET " + node.c + "\nDBSIZE\n", 3) ==
        "OK 1 2");
}

TEST_CASE("a command sees what its connection did before, by hop, hold or gather") {
  Node node;
  const std::string all = node.a + " " + node.b + " " + node.c;
  std::string lines;
  std::string expected;
  for (int turn = 0; turn < 50; ++turn) {
    const std::string number = std::to_string(turn);
    lines += "SET " + node.b + " " + number + "\nMSET " + node.a + " " + number + " " + node.c +
             " " + number + "\nGET " + node.a + "\nMGET " + all + "\nDEL " + node.a +
             "\nDBSIZE\nGET " + node.a + "\n";
    expected += "OK OK " + number + " [" + number + " " + number + " " + number + "] 1 2 nil ";
  }
  CHECK(node.talk(lines, 50 * 7) + " " == expected);
}

TEST_CASE("a transaction runs on the shards of its keys, whoever they are") {
  Node node;
  CHECK(node.talk("MULTI\nINCR " + node.a + "\nEXEC\n", 3) == "OK QUEUED [1]");
  CHECK(node.talk("MULTI\nINCR " + node.b + "\nEXEC\n", 3) == "OK QUEUED [1]");
  CHECK(node.talk("MULTI\nINCR " + node.a + "\nINCR " + node.c + "\nDBSIZE\nEXEC\n", 5) ==
        "OK QUEUED QUEUED QUEUED [2 1 3]");
  CHECK(node.talk("MULTI\nEXEC\n", 2) == "OK []");
}

TEST_CASE("a command that cannot be queued spoils its transaction") {
  Node node;
  const std::string refused = "EXECABORT Transaction discarded because of previous errors.";
  CHECK(node.talk("MULTI\nSET " + node.a + "\nSET " + node.b + " v\nEXEC\n", 4).ends_with(refused));
  CHECK(node.talk("MULTI\nNOSUCH\nEXEC\n", 3).ends_with(refused));
  CHECK(node.talk("GET " + node.b + "\nEXEC\n", 2) == "nil ERR EXEC without MULTI");
}

TEST_CASE("a command that fails in a transaction fails alone") {
  Node node;
  node.talk("SET " + node.b + " text\n", 1);
  CHECK(node.talk("MULTI\nINCR " + node.b + "\nINCR " + node.c + "\nEXEC\n", 4) ==
        "OK QUEUED QUEUED [ERR value is not an integer or out of range 1]");
}

TEST_CASE("SELECT in a transaction holds for the commands after it") {
  Node node;
  CHECK(node.talk("MULTI\nSELECT 5\nSET " + node.b + " five\nEXEC\nGET " + node.b +
                      "\nSELECT 0\nGET " + node.b + "\n",
                  7) == "OK QUEUED QUEUED [OK OK] five OK nil");
}

TEST_CASE("a watched key that another connection changed stops the transaction") {
  Node node;
  MemoryClient& other = node.threads.open(2);
  node.talk("WATCH " + node.b + " " + node.c + "\n", 1);
  node.talk(other, "SET " + node.b + " theirs\n", 1);
  CHECK(node.talk("MULTI\nSET " + node.b + " mine\nEXEC\nGET " + node.b + "\n", 4) ==
        "OK QUEUED nil theirs");
  CHECK(node.talk("MULTI\nSET " + node.b + " mine\nEXEC\n", 3) == "OK QUEUED [OK]");
}

TEST_CASE("DISCARD, UNWATCH and leaving forget watched keys on every shard") {
  Node node;
  node.talk("WATCH " + node.b + "\nMULTI\nDISCARD\nWATCH " + node.c + "\nUNWATCH\n", 5);
  MemoryClient& other = node.threads.open(1);
  node.talk(other, "WATCH " + node.a + " " + node.b + " " + node.c + "\n", 1);
  node.threads.hang_up(other);
  for (size_t shard = 0; shard < 3; ++shard) {
    while (!node.threads.ask<bool>(shard, [](Shard& at) { return at.data().watches().empty(); }))
      std::this_thread::yield();
  }
}

TEST_CASE("replies that a client does not want are left out, wherever they are made") {
  Node node;
  const std::string both = node.b + " 1 " + node.c + " 2\n";
  CHECK(node.talk("CLIENT REPLY SKIP\nMSET " + both + "CLIENT REPLY SKIP\nGET " + node.b +
                      "\nCLIENT REPLY OFF\nGET " + node.a + "\nGET " + node.b + "\nMGET " + node.a +
                      " " + node.b + "\nCLIENT REPLY ON\nGET " + node.c + "\n",
                  2) == "OK 2");
  CHECK(node.client.rest() == "");
}

TEST_CASE("who speaks HTTP is closed before anything else is run") {
  Node node;
  CHECK(node.talk("POST / HTTP/1.1\nSET " + node.a + " v\n", 1) == "(closed)");
  MemoryClient& other = node.threads.open(1);
  CHECK(node.talk(other, "GET " + node.a + "\n", 1) == "nil");
}

TEST_CASE("garbage is answered once and ends the connection, after what came before it") {
  Node node;
  CHECK(node.talk("SET " + node.b + " v\nGET " + node.b + "\n*1\r\n!\r\nGET " + node.b + "\n", 4) ==
        "OK v ERR Protocol error: expected '$', got '!' (closed)");
}

TEST_CASE("QUIT is answered after all before it and ends the connection") {
  Node node;
  CHECK(node.talk("SET " + node.b + " v\nQUIT\nGET " + node.b + "\n", 3) == "OK OK (closed)");
}

TEST_CASE("quoted inline arguments reach other shards whole") {
  Node node;
  CHECK(node.talk("SET " + node.b + " \"a b\"\nSET " + node.c + " 'c d'\nMGET " + node.b + " \"" +
                      node.c + "\"\n",
                  3) == "OK OK [a b c d]");
}

TEST_CASE("a rate limit slows a client down and loses nothing") {
  EngineOptions options;
  options.client_command_rate_limit = 50;
  Node node(options);
  std::string lines;
  std::string expected;
  for (int i = 1; i <= 60; ++i) {
    lines += "INCR " + node.b + "\n";
    expected += std::to_string(i) + " ";
  }
  CHECK(node.talk(lines, 60) + " " == expected);
}

TEST_CASE("commands over all shards keep their place among those over one") {
  Node node;
  CHECK(node.talk("SET " + node.b + " 1\nFLUSHALL\nGET " + node.b + "\nSET " + node.b +
                      " 2\nSWAPDB 0 1\nGET " + node.b + "\nSELECT 1\nGET " + node.b + "\n",
                  8) == "OK OK nil OK OK nil OK 2");
}

}  // namespace kvstash::engine
