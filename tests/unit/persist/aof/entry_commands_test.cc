#include "persist/aof/entry_commands.h"

#include "engine/execution/command_runner.h"
#include "resp/reply_parser.h"
#include "support/logged_node.h"
#include "support/rdb_values.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist;
using namespace kvstash::test;
using namespace std::string_literals;

namespace {

using Words = std::vector<std::string>;

std::string encoded(RdbSpace& space) {
  rdb::Encoded bytes;
  rdb::Encoder to(bytes);
  space.for_each([&](const store::Entry& entry) {
    rdb::write_entry(to, entry, {.version = rdb::kVersionOfFieldDeadlines});
  });
  return bytes.bytes;
}

// The commands, from the bytes in pieces of `piece` bytes.
std::string commands_of(std::string_view bytes, size_t piece) {
  std::string out;
  EntryCommands commands(out);
  for (size_t at = 0; at < bytes.size(); at += piece)
    commands.add(0, bytes.substr(at, piece));
  const Status whole = commands.finish();
  CHECK(whole.ok());
  return out;
}

std::vector<Words> parsed(std::string_view text) {
  std::vector<Words> commands;
  resp::ReplyParser parser;
  while (!text.empty()) {
    resp::Reply command;
    const resp::ReplyOutcome outcome = parser.parse(text, command);
    REQUIRE(outcome.kind == resp::ReplyOutcome::Kind::kComplete);
    text.remove_prefix(outcome.consumed);
    Words& words = commands.emplace_back();
    for (const resp::Reply& word : command.items)
      words.push_back(word.text);
  }
  return commands;
}

std::string shown(const std::vector<Words>& commands) {
  std::string text;
  for (const Words& words : commands) {
    for (const std::string& word : words)
      text += word + (&word == &words.back() ? "\n" : " ");
  }
  return text;
}

// What can be compared after a way through commands: encodings may differ, and of streams the
// blocks and the times of consumers.
KeyspaceImage comparable(KeyspaceImage image) {
  std::erase_if(image,
                [](const auto& key) { return key.second.type == store::ValueType::kStream; });
  for (auto& [key, value] : image)
    value.encoding = store::Encoding::kRaw;
  return image;
}

std::string of_one(std::string_view key, rdb::Value value,
                   std::optional<int64_t> deadline_ms = std::nullopt) {
  RdbSpace space;
  space.put(key, std::move(value), deadline_ms);
  return shown(parsed(commands_of(encoded(space), 1 << 20)));
}

}  // namespace

TEST_CASE("entry commands: values of every type and encoding are made again") {
  for (const Extreme extreme :
       {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kAllPacked, Extreme::kCompressed}) {
    RdbSpace space(extreme);
    space.fill();
    space.fill_field_deadlines();
    LoggedNode node(1);
    engine::CommandRunner runner(node.at(0).hold_of(nullptr));
    for (const Words& words : parsed(commands_of(encoded(space), 1 << 16))) {
      const std::vector<std::string_view> argv(words.begin(), words.end());
      if (words[0] == "SELECT") continue;
      const Status run = runner.run(engine::DbIndex{}, argv);
      INFO(shown({words}).substr(0, 200));
      CHECK_MESSAGE(run.ok(), (run.ok() ? "" : std::string(run.error().message())));
    }
    const KeyspaceImage real = comparable(image_of(space.space()));
    const KeyspaceImage made = comparable(image_of(node.at(0).data().keyspace(engine::DbIndex{})));
    CHECK(real.size() > 40);
    CHECK(made.size() == real.size());
    for (const auto& [key, value] : real) {
      INFO(key);
      REQUIRE(made.contains(key));
      CHECK(made.at(key) == value);
    }
  }
}

TEST_CASE("entry commands: the pieces of the bytes make no difference") {
  for (const Extreme extreme : {Extreme::kUsual, Extreme::kNothingPacked, Extreme::kCompressed}) {
    RdbSpace space(extreme);
    space.fill();
    space.fill_field_deadlines();
    const std::string bytes = encoded(space);
    const std::string whole = commands_of(bytes, bytes.size());
    for (const size_t piece : {1u, 2u, 3u, 7u, 64u, 1000u})
      CHECK(commands_of(bytes, piece) == whole);
  }
}

TEST_CASE("entry commands: elements come 64 at a time") {
  RdbSpace space(Extreme::kNothingPacked);
  store::Set set;
  for (int i = 0; i < 130; ++i)
    set.add(std::string_view("m" + std::to_string(i)), space.options().set);
  space.put("set", rdb::Value::object(std::move(set)));
  std::vector<size_t> sizes;
  for (const Words& words : parsed(commands_of(encoded(space), 100))) {
    if (words[0] == "SADD") sizes.push_back(words.size() - 2);
  }
  CHECK(sizes == std::vector<size_t>{64, 64, 2});
}

TEST_CASE("entry commands: deadlines, databases and functions") {
  CHECK(of_one("k", rdb::Value::string("v"s), 42) == "SELECT 0\nSET k v\nPEXPIREAT k 42\n");
  CHECK(of_one("k", rdb::Value::string("12"s)) == "SELECT 0\nSET k 12\n");
  std::string out;
  EntryCommands commands(out);
  commands.function("#!lua name=lib");
  const auto entry = [](std::string_view key) {
    rdb::Encoded bytes;
    rdb::Encoder to(bytes);
    to.type(rdb::Type::kString);
    to.string(key);
    to.string("v");
    return bytes.bytes;
  };
  commands.add(3, entry("a"));
  commands.add(3, entry("b"));
  commands.add(0, entry("c"));
  CHECK(commands.finish().ok());
  CHECK(shown(parsed(out)) ==
        "FUNCTION LOAD #!lua name=lib\nSELECT 3\nSET a v\nSET b v\nSELECT 0\nSET c v\n");
}

TEST_CASE("entry commands: a stream with its groups, and one without entries") {
  store::Stream stream;
  const std::array<std::string_view, 2> fields{"f", "v"};
  for (uint64_t i = 1; i <= 3; ++i)
    stream.append({i, 0}, fields, {});
  stream.erase({2, 0});
  store::ConsumerGroup& group = stream.create_group("g");
  group.set_last_id({3, 0});
  group.set_entries_read(3);
  store::Consumer& consumer = group.create_consumer("c", 500);
  group.create_consumer("idle", 600);
  group.add_pending({3, 0}, {.delivered_ms = 700, .deliveries = 2, .consumer = &consumer});
  CHECK(of_one("s", rdb::Value::object(std::move(stream))) ==
        "SELECT 0\n"
        "XADD s 1-0 f v\n"
        "XADD s 3-0 f v\n"
        "XSETID s 3-0 ENTRIESADDED 3 MAXDELETEDID 2-0\n"
        "XGROUP CREATE s g 3-0 ENTRIESREAD 3\n"
        "XGROUP CREATECONSUMER s g c\n"
        "XCLAIM s g c 0 3-0 TIME 700 RETRYCOUNT 2 JUSTID FORCE\n"
        "XGROUP CREATECONSUMER s g idle\n");
  CHECK(of_one("s", rdb::Value::object(store::Stream())) ==
        "SELECT 0\n"
        "XADD s MAXLEN 0 0-1 x y\n"
        "XSETID s 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0\n");
}

TEST_CASE("entry commands: fields with deadlines follow the command that sets them") {
  RdbSpace space;
  store::Hash hash;
  hash.set("f", "1", space.options().hash);
  hash.set_deadline("f", 5000, space.options().hash);
  CHECK(of_one("h", rdb::Value::object(std::move(hash))) ==
        "SELECT 0\nHMSET h f 1\nHPEXPIREAT h 5000 FIELDS 1 f\n");
}

TEST_CASE("entry commands: bytes that end early, or are no entries, are an error") {
  RdbSpace space;
  space.fill();
  const std::string bytes = encoded(space);
  std::string out;
  for (size_t cut = 1; cut < 3000; ++cut) {
    EntryCommands commands(out);
    commands.add(0, std::string_view(bytes).substr(0, cut));
    EntryCommands again(out);
    again.add(0, std::string_view(bytes).substr(0, cut));
    again.add(0, std::string_view(bytes).substr(cut));
    CHECK(again.finish().ok());
    out.clear();
  }
  EntryCommands cut(out);
  cut.add(0, std::string_view(bytes).substr(0, bytes.size() - 1));
  CHECK_FALSE(cut.finish().ok());
  EntryCommands unknown(out);
  unknown.add(0, "\x06\x01k"s);
  CHECK_FALSE(unknown.finish().ok());
  EntryCommands damaged(out);
  damaged.add(0, "\x14\x01k\x07\x09\0\0\0\x01\0\xff"s);  // A listpack that is longer than it says.
  CHECK_FALSE(damaged.finish().ok());
}
