#include "engine/execution/multi.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace kvstash::engine {
namespace {

constexpr CommandSpec kSetSpec{.name = "set", .flags = kWrite | kDenyOom};
constexpr CommandSpec kGetSpec{.name = "get", .flags = kReadOnly};

Command command_of(const CommandSpec& spec) {
  Command command;
  command.spec = &spec;
  return command;
}

std::vector<std::string> words(std::span<const std::string_view> argv) {
  return {argv.begin(), argv.end()};
}

TEST_CASE("queued commands keep their arguments after the input is gone") {
  const Command set = command_of(kSetSpec);
  const Command get = command_of(kGetSpec);
  CommandQueue queue;
  {
    const std::string value(1000, 'v');
    const std::string_view argv[] = {"SET", "k", value};
    queue.add(set, argv, set.spec->flags);
  }
  const std::string_view argv[] = {"GET", "k"};
  queue.add(get, argv, get.spec->flags);
  REQUIRE(queue.size() == 2);
  CHECK(words(queue.argv(queue.commands()[0])) ==
        std::vector<std::string>{"SET", "k", std::string(1000, 'v')});
  CHECK(words(queue.argv(queue.commands()[1])) == std::vector<std::string>{"GET", "k"});
  CHECK(queue.commands()[1].command == &get);
}

TEST_CASE("a queue that moves takes its arguments along, short ones too") {
  const Command get = command_of(kGetSpec);
  CommandQueue queue;
  const std::string_view argv[] = {"GET", "k"};
  queue.add(get, argv, get.spec->flags);
  CHECK(words(queue.argv(queue.commands()[0])).size() == 2);
  CommandQueue moved = std::move(queue);
  CHECK(words(moved.argv(moved.commands()[0])) == std::vector<std::string>{"GET", "k"});
  moved.add(get, argv, get.spec->flags);
  CHECK(words(moved.argv(moved.commands()[0])) == std::vector<std::string>{"GET", "k"});
  CHECK(words(moved.argv(moved.commands()[1])) == std::vector<std::string>{"GET", "k"});
}

TEST_CASE("a queue knows what its commands may do together, and what it weighs") {
  const Command set = command_of(kSetSpec);
  const Command get = command_of(kGetSpec);
  CommandQueue queue;
  CHECK(queue.flags() == 0);
  CHECK(queue.bytes() == 0);
  const std::string_view get_argv[] = {"GET", "k"};
  queue.add(get, get_argv, get.spec->flags);
  CHECK((queue.flags() & kWrite) == 0);
  const std::string value(5000, 'v');
  const std::string_view set_argv[] = {"SET", "k", value};
  queue.add(set, set_argv, set.spec->flags);
  CHECK(queue.flags() == (kReadOnly | kWrite | kDenyOom));
  CHECK(queue.bytes() >= 5000);
}

TEST_CASE("watched keys count as memory until they are let go") {
  Multi multi;
  CHECK(multi.memory_bytes() == 0);
  multi.watch({{.db = DbIndex{0}, .key = std::string(1000, 'k'), .version = 1}});
  CHECK(multi.memory_bytes() >= 1000 + sizeof(WatchedKey));
  std::exchange(multi.watched, {});
  CHECK(multi.memory_bytes() == 0);
  multi.watch({{.db = DbIndex{0}, .key = "k", .version = 1}});
  CHECK(multi.memory_bytes() < 500);
}

}  // namespace
}  // namespace kvstash::engine
