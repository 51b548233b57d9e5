#include "scripting/slow_scripts.h"

#include "resp/reply_buffer.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::scripting {
namespace {

using Wish = SlowScript::Wish;

std::string described(const SlowScripts& slow, int64_t now_ns) {
  resp::ReplyBuffer out;
  resp::ReplyWriter writer(out, resp::RespVersion::k2);
  const Status told = slow.describe(writer, now_ns);
  return told.ok() ? std::string(out.view()) : std::string(told.error().message());
}

}  // namespace

TEST_CASE("while nothing is slow, nothing is killed and nothing is told") {
  SlowScripts slow;
  CHECK_FALSE(slow.has_any());
  CHECK(slow.kill(false).error().message() == "NOTBUSY No scripts in execution right now.");
  CHECK(slow.kill(true).error().message() == "NOTBUSY No scripts in execution right now.");
  CHECK(described(slow, 0) == "$-1\r\n");
  CHECK(slow.refuse_saving().ok());
}

TEST_CASE("a script is killed as a script, a function as a function") {
  SlowScripts slow;
  SlowScript script;
  slow.enter(script);
  CHECK(slow.kill(true).error().message().find("SCRIPT KILL") != std::string_view::npos);
  CHECK(script.wish.load() == Wish::kNone);
  CHECK(slow.kill(false).ok());
  CHECK(script.wish.load() == Wish::kKill);
  slow.leave(script);
  CHECK_FALSE(slow.has_any());

  SlowScript function;
  function.is_function = true;
  slow.enter(function);
  CHECK(slow.kill(false).error().message().find("FUNCTION KILL") != std::string_view::npos);
  CHECK(slow.kill(true).ok());
  CHECK(function.wish.load() == Wish::kKill);
}

TEST_CASE("one that has written is left alone, until the server ends") {
  SlowScripts slow;
  SlowScript writer;
  writer.has_written = true;
  slow.enter(writer);
  CHECK(slow.kill(false).error().message().starts_with("UNKILLABLE "));
  CHECK(writer.wish.load() == Wish::kNone);
  SlowScript reader;
  slow.enter(reader);
  CHECK(slow.kill(false).ok());
  CHECK(writer.wish.load() == Wish::kNone);
  CHECK(reader.wish.load() == Wish::kKill);
  CHECK_FALSE(slow.refuse_saving().ok());
  slow.end_all();
  CHECK(writer.wish.load() == Wish::kShutdown);
  CHECK(reader.wish.load() == Wish::kShutdown);
}

TEST_CASE("one that was killed may not begin to write, one that writes may not be killed") {
  SlowScripts slow;
  SlowScript killed;
  slow.enter(killed);
  CHECK(slow.kill(false).ok());
  CHECK_FALSE(slow.begin_writing(killed));
  slow.leave(killed);
  SlowScript writer;
  slow.enter(writer);
  CHECK(slow.begin_writing(writer));
  CHECK(slow.kill(false).error().message().starts_with("UNKILLABLE "));
}

TEST_CASE("the function that runs longest is described, a script is not") {
  SlowScripts slow;
  SlowScript script;
  slow.enter(script);
  CHECK(described(slow, 0).starts_with("BUSY "));
  SlowScript function;
  function.name = "f";
  function.command = {"FCALL", "f", "0"};
  function.began_ns = 1'000'000;
  function.is_function = true;
  slow.enter(function);
  CHECK(
      described(slow, 8'500'000) ==
      "*6\r\n$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n*3\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n0\r\n"
      "$11\r\nduration_ms\r\n:7\r\n");
}

}  // namespace kvstash::scripting
