#include "engine/execution/key.h"

#include "engine/execution/call.h"
#include "engine/shard.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace kvstash::engine {
namespace {

// One command's view of four shards that are all held, on the first one's thread.
struct Fixture : test::HeldShards {
  Fixture() : HeldShards(4) {}

  Members members = {true, true, true, true};
  Caller caller;
  resp::ReplyBuffer out;
  std::string near = key_on(0);
  std::string far = key_on(3);
  Argv argv = {"mset", near, "v", far, "v"};
  Call call{command("mset"), argv, at(0).hold_of(&members), caller, out};
};

constexpr int64_t kLater = 99'999'999'999'999;

}  // namespace

TEST_CASE("a key that is written is there for whoever looks next") {
  Fixture fixture;
  Key key = fixture.call.write(fixture.far);
  CHECK_FALSE(key.exists());
  CHECK(key.string() == "");
  key.set_string("value", kLater);
  CHECK(key.string() == "value");
  Key again = fixture.call.peek(fixture.far);
  CHECK(again.string() == "value");
  CHECK(again.string_size() == 5);
  CHECK(again.deadline() == kLater);
  CHECK(fixture.keys_on(3) == 1);
}

TEST_CASE("integers keep their encoding, and a new deadline moves nothing else") {
  Fixture fixture;
  Key key = fixture.call.write(fixture.near);
  key.set_integer(41, {});
  key.set_integer(42, {});
  CHECK(key.entry().encoding() == store::Encoding::kInt);
  CHECK(key.string() == "42");
  key.set_deadline(kLater);
  CHECK(key.deadline() == kLater);
  key.set_integer(43, kLater);
  CHECK(key.deadline() == kLater);
  key.set_integer(44, {});
  CHECK(key.deadline() == std::nullopt);
  CHECK(key.string() == "44");
}

TEST_CASE("text stays text, however much it looks like a number") {
  Fixture fixture;
  Key key = fixture.call.write(fixture.near);
  key.set_text("12", store::Encoding::kRaw, {});
  CHECK(key.entry().encoding() == store::Encoding::kRaw);
  key.set_string("12", {});
  CHECK(key.entry().encoding() == store::Encoding::kInt);
}

TEST_CASE("a string that is opened grows with zeros and keeps its deadline") {
  Fixture fixture;
  Key key = fixture.call.write(fixture.near);
  key.set_string("ab", kLater);
  const std::span<char> bytes = key.open_string(4);
  REQUIRE(bytes.size() == 4);
  bytes[3] = 'z';
  CHECK(key.string() == std::string_view("ab\0z", 4));
  CHECK(key.deadline() == kLater);
}

TEST_CASE("a value moves from shard to shard with its deadline, and its bytes move along") {
  Fixture fixture;
  const std::string value(5000, 'v');
  Key from = fixture.call.write(fixture.near);
  from.set_string(value, kLater);
  const size_t near_bytes = fixture.at(0).data().memory().bytes;
  Key to = fixture.call.write(fixture.far);
  to.take_from(from);
  CHECK_FALSE(from.exists());
  CHECK(fixture.keys_on(0) == 0);
  CHECK(fixture.at(0).data().memory().bytes == 0);
  CHECK(fixture.at(3).data().memory().bytes == near_bytes);
  Key moved = fixture.call.peek(fixture.far);
  CHECK(moved.string() == value);
  CHECK(moved.deadline() == kLater);
  CHECK(fixture.at(3).data().keyspace(DbIndex{0}).deadlines().size() == 1);
  CHECK(fixture.at(0).data().keyspace(DbIndex{0}).deadlines().size() == 0);
}

TEST_CASE("a copy on another shard is a value of its own") {
  Fixture fixture;
  Key from = fixture.call.write(fixture.near);
  from.set_string("one", kLater);
  Key to = fixture.call.write(fixture.far);
  to.copy_from(from);
  to.set_string("two", {});
  CHECK(fixture.call.peek(fixture.near).string() == "one");
  CHECK(fixture.call.peek(fixture.far).string() == "two");
}

TEST_CASE("erasing gives all memory back") {
  Fixture fixture;
  Key key = fixture.call.write(fixture.far);
  key.set_string(std::string(100, 'v'), kLater);
  key.erase();
  CHECK_FALSE(key.exists());
  CHECK(fixture.at(3).data().memory().bytes == 0);
  CHECK_FALSE(fixture.call.peek(fixture.far).exists());
}

TEST_CASE("databases keep keys of the same name apart") {
  Fixture fixture;
  fixture.call.write(fixture.near, DbIndex{0}).set_string("zero", {});
  fixture.call.write(fixture.near, DbIndex{5}).set_string("five", {});
  CHECK(fixture.call.write(fixture.near, DbIndex{0}).string() == "zero");
  CHECK(fixture.call.write(fixture.near, DbIndex{5}).string() == "five");
}

}  // namespace kvstash::engine
