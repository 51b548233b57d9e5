#include "replication/link/replica_link.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::replication;

namespace {

const std::string kReplid(40, 'a');
const std::string kOther(40, 'b');
const std::string kMark(40, '=');

// Commands as words, and everything else that is done, in one text: "PING | dial | hang up".
class Written {
 public:
  void add(const LinkAction& action) {
    std::visit([this](const auto& one) { put(one); }, action);
  }
  const std::string& text() const { return text_; }
  const std::string& log() const { return log_; }

 private:
  void put(const DialPrimary&) { add("dial"); }
  void put(const HangUp&) { add("hang up"); }
  void put(const SendToPrimary& send) {
    if (send.bytes == "\n") return add("newline");
    std::string words;
    bool is_size = true;
    for (size_t at = 0, end = 0; at < send.bytes.size(); at = end + 2) {
      end = send.bytes.find("\r\n", at);
      const std::string line = send.bytes.substr(at, end - at);
      if (at != 0 && !is_size) words += (words.empty() ? "" : " ") + line;
      if (at != 0) is_size = !is_size;
    }
    add(words);
  }
  void put(const SnapshotBegins& begins) {
    add("begins " + begins.place.replid.substr(0, 1) + ":" + std::to_string(begins.place.offset) +
        (begins.bytes ? " " + std::to_string(*begins.bytes) : ""));
  }
  void put(const SnapshotBytes& bytes) { add("<" + std::string(bytes.bytes) + ">"); }
  void put(const SnapshotEnds&) { add("ends"); }
  void put(const SnapshotDropped&) { add("dropped"); }
  void put(const StreamContinues& continues) { add("continues " + continues.replid.substr(0, 1)); }
  void put(const StreamBytes& bytes) { add("stream " + std::string(bytes.bytes)); }
  void put(const TakeOverAnswered& answer) {
    add(answer.is_accepted ? "takes over" : "does not take over");
  }
  void put(const LinkTells& tells) { log_ += tells.text + "\n"; }

  void add(const std::string& word) { text_ += (text_.empty() ? "" : " | ") + word; }

  std::string text_;
  std::string log_;
};

struct Driver {
  ReplicaLink link;
  int64_t now_ms = 1'000'000;
  std::string log{};  // All that was told.

  explicit Driver(LinkOptions options = {.listening_port = 6380, .announced_ip = {}})
      : link(std::move(options)) {}

  std::string step(const LinkEvent& event) {
    Written written;
    for (const LinkAction& action : link.step(event, now_ms))
      written.add(action);
    log += written.log();
    return written.text();
  }
  std::string hear(std::string_view bytes) { return step(LinkReceived{bytes}); }
  std::string timer(int64_t after_ms, ReplicaProgress progress = {.applied = 7, .durable = {}}) {
    now_ms += after_ms;
    return step(LinkTimer{progress});
  }
  // Up to PSYNC, which it returns.
  std::string ask(std::optional<StreamPlace> have = std::nullopt) {
    if (link.state() == LinkState::kNone) CHECK(step(LinkStarts{}) == "dial");
    CHECK(step(LinkDialed{std::move(have)}) == "PING");
    CHECK(hear("+PONG\r\n") == "REPLCONF listening-port 6380 | REPLCONF capa eof capa psync2");
    CHECK(hear("+OK\r\n").empty());
    return hear("+OK\r\n");
  }
  bool told(std::string_view text) const { return log.find(text) != std::string::npos; }
};

}  // namespace

TEST_CASE("a replica without data greets, and asks for everything") {
  Driver driver;
  CHECK(driver.ask() == "PSYNC ? -1");
  CHECK(driver.link.state() == LinkState::kHandshake);
  CHECK(driver.hear("\n\n+FULLRESYNC " + kReplid + " 42\r\n").empty());
  CHECK(driver.hear("\n$5\r\nhel") == "begins a:42 5 | <hel>");
  CHECK(driver.hear("lo*1\r\n") == "<lo> | ends | stream *1\r\n");
  CHECK(driver.hear("more") == "stream more");
  CHECK(driver.step(SnapshotLoaded{{.applied = 42, .durable = {}}}) == "REPLCONF ACK 42");
  CHECK(driver.link.state() == LinkState::kStreaming);
  CHECK(driver.hear("x") == "stream x");
}

TEST_CASE("a snapshot of an unknown size is received up to its mark") {
  Driver driver;
  driver.ask();
  CHECK(driver.hear("+FULLRESYNC " + kReplid + " 0\r\n$EOF:" + kMark + "\r\n" +
                    std::string(50, 'x')) == "begins a:0 | <" + std::string(11, 'x') + ">");
  CHECK(driver.hear(kMark + "s") == "<" + std::string(39, 'x') + "> | ends | stream s");
}

TEST_CASE("a replica that has data asks to go on behind it") {
  Driver driver;
  CHECK(driver.ask(StreamPlace{kReplid, 99}) == "PSYNC " + kReplid + " 100");
  CHECK(driver.hear("+CONTINUE\r\n*1\r\n") == "continues a | stream *1\r\n");
  CHECK(driver.timer(100) == "REPLCONF ACK 7");
  CHECK_FALSE(driver.told("changed"));
}

TEST_CASE("a replica that is to take over is told so") {
  Driver driver;
  driver.step(LinkStarts{});
  driver.step(LinkDialed{.have = StreamPlace{kReplid, 99}, .takes_over = true});
  driver.hear("+PONG\r\n+OK\r\n");
  CHECK(driver.hear("+OK\r\n") == "PSYNC " + kReplid + " 100 FAILOVER");
  CHECK(driver.hear("+CONTINUE " + kOther + "\r\n") == "takes over | continues b");

  Driver refused;
  refused.step(LinkStarts{});
  refused.step(LinkDialed{.have = StreamPlace{kReplid, 99}, .takes_over = true});
  refused.hear("+PONG\r\n+OK\r\n");
  refused.hear("+OK\r\n");
  CHECK(refused.hear("-ERR PSYNC FAILOVER replid must match my replid.\r\n") ==
        "does not take over | hang up");
}

TEST_CASE("a primary may go on under another name, or send everything") {
  Driver driver;
  driver.ask(StreamPlace{kReplid, 99});
  CHECK(driver.hear("+CONTINUE " + kOther + "\r\n") == "continues b");
  CHECK(driver.told("Master replication ID changed to " + kOther));

  Driver full;
  full.ask(StreamPlace{kReplid, 99});
  CHECK(full.hear("+FULLRESYNC " + kOther + " 5\r\n$1\r\nx") == "begins b:5 1 | <x> | ends");
}

TEST_CASE("a login, an address and a version are said if there are any") {
  Driver driver({.user = "joe",
                 .password = "secret",
                 .listening_port = 1,
                 .announced_ip = "10.0.0.1",
                 .version = "9.0.0"});
  driver.step(LinkStarts{});
  driver.step(LinkDialed{});
  CHECK(driver.hear("-NOAUTH Authentication required.\r\n") ==
        "AUTH joe secret | REPLCONF listening-port 1 | REPLCONF ip-address 10.0.0.1 | "
        "REPLCONF capa eof capa psync2 | REPLCONF version 9.0.0");
  // What a primary does not understand is no reason to give up.
  CHECK(driver.hear("+OK\r\n-ERR port\r\n-ERR ip\r\n+OK\r\n-ERR version\r\n") == "PSYNC ? -1");
  CHECK(driver.told("(Non critical) Master does not understand REPLCONF ip-address: -ERR ip"));

  Driver no_user({.password = "secret"});
  no_user.step(LinkStarts{});
  no_user.step(LinkDialed{});
  CHECK(no_user.hear("+PONG\r\n").starts_with("AUTH secret | REPLCONF listening-port"));
  CHECK(no_user.hear("-WRONGPASS no\r\n") == "hang up");
  CHECK(no_user.told("Unable to AUTH to MASTER: -WRONGPASS no"));
}

TEST_CASE("what fails is tried again a second later") {
  const auto expect_retry = [](Driver& driver) {
    CHECK(driver.link.state() == LinkState::kConnect);
    CHECK(driver.timer(999).empty());
    CHECK(driver.timer(1) == "dial");
  };
  for (const std::string& answer :
       {std::string("-NOMASTERLINK Can't SYNC while not connected with my master\r\n"),
        std::string("-LOADING Redis is loading the dataset in memory\r\n"),
        std::string("-ERR unknown\r\n"), std::string("+FULLRESYNC x 1\r\n"),
        "+FULLRESYNC " + kReplid + " x\r\n", "+FULLRESYNC " + kReplid + "\r\n",
        std::string("+CONTINUE\r\n"), std::string("+WHAT\r\n"), std::string(2000, 'x')}) {
    Driver driver;
    driver.ask();
    CAPTURE(answer);
    CHECK(driver.hear(answer) == "hang up");
    expect_retry(driver);
  }
  Driver driver;
  driver.step(LinkStarts{});
  CHECK(driver.step(LinkLost{"Connection refused"}).empty());
  CHECK(driver.told("Error condition on socket for SYNC: Connection refused"));
  expect_retry(driver);
  driver.step(LinkDialed{});
  CHECK(driver.hear("-ERR what\r\n") == "hang up");
  expect_retry(driver);
  driver.step(LinkDialed{});
  CHECK(driver.step(LinkLost{""}).empty());
  expect_retry(driver);
}

TEST_CASE("a snapshot whose end does not come is dropped") {
  Driver driver;
  driver.ask();
  driver.hear("+FULLRESYNC " + kReplid + " 42\r\n$5\r\nhel");
  CHECK(driver.step(LinkLost{"reset"}) == "dropped");
  // Nothing has begun before the first line is there.
  driver.timer(1000);
  driver.ask();
  driver.hear("+FULLRESYNC " + kReplid + " 42\r\n$5");
  CHECK(driver.step(LinkLost{"reset"}).empty());
  driver.timer(1000);
  driver.ask();
  CHECK(driver.hear("+FULLRESYNC " + kReplid + " 42\r\n-ERR no\r\n") == "hang up");
  // A complete one that is not loaded yet is of no use without the stream behind it.
  driver.timer(1000);
  driver.ask();
  driver.hear("+FULLRESYNC " + kReplid + " 42\r\n$1\r\nx");
  CHECK(driver.step(LinkLost{"reset"}) == "dropped");
  CHECK(driver.step(SnapshotLoaded{}).empty());
  CHECK(driver.link.state() == LinkState::kConnect);
}

TEST_CASE("a snapshot that is refused ends the link") {
  Driver driver;
  driver.ask();
  driver.hear("+FULLRESYNC " + kReplid + " 42\r\n$1\r\nx");
  CHECK(driver.step(SnapshotRefused{"it is empty"}) == "hang up");
  CHECK(driver.told("it is empty"));
  CHECK(driver.timer(1000) == "dial");
}

TEST_CASE("the replica acknowledges once a second, and when it is asked") {
  Driver driver;
  driver.ask(StreamPlace{kReplid, 99});
  driver.hear("+CONTINUE\r\n");
  CHECK(driver.timer(0, {.applied = 99, .durable = 90}) == "REPLCONF ACK 99 FACK 90");
  CHECK(driver.timer(500).empty());
  CHECK(driver.step(AckAsked{{.applied = 120, .durable = {}}}) == "REPLCONF ACK 120");
  CHECK(driver.timer(999).empty());
  CHECK(driver.timer(1) == "REPLCONF ACK 7");
}

TEST_CASE("behind a snapshot the replica acknowledges sooner, until the stream begins") {
  for (const bool begins : {true, false}) {
    Driver driver;
    driver.ask();
    driver.hear("+FULLRESYNC " + kReplid + " 7\r\n$5\r\nhello");
    CHECK(driver.step(SnapshotLoaded{{.applied = 7, .durable = {}}}) == "REPLCONF ACK 7");
    CHECK(driver.timer(99).empty());
    CHECK(driver.timer(1) == "REPLCONF ACK 7");
    if (begins) driver.hear("x");
    for (int i = 0; i < 9; ++i)
      CHECK(driver.timer(100).empty() == begins);
    driver.timer(100);
    CHECK(driver.timer(100).empty());
    CHECK(driver.timer(1000) == "REPLCONF ACK 7");
  }
}

TEST_CASE("while it receives and loads, the replica shows that it lives") {
  Driver driver;
  driver.ask();
  driver.hear("+FULLRESYNC " + kReplid + " 42\r\n$2\r\nx");
  CHECK(driver.timer(1000) == "newline");
  CHECK(driver.timer(10).empty());
  driver.hear("y");
  CHECK(driver.timer(1000) == "newline");
  // Loading may take longer than the timeout, and the primary has nothing to say meanwhile.
  CHECK(driver.timer(100'000) == "newline");
}

TEST_CASE("a primary that is silent for too long is given up") {
  const auto silent = [](std::string_view heard, std::string_view why) {
    Driver driver;
    driver.ask(StreamPlace{kReplid, 99});
    driver.hear(heard);
    driver.timer(60'000);
    CHECK(driver.link.state() != LinkState::kConnect);
    CHECK(
        driver.timer(1).ends_with(heard.find('$') == heard.npos ? "hang up" : "hang up | dropped"));
    CHECK(driver.told(why));
  };
  silent("\n", "Timeout connecting to the MASTER...");
  silent("+CONTINUE\r\n", "MASTER timeout: no data nor PING received...");
  silent("+FULLRESYNC " + kReplid + " 42\r\n$2\r\nx", "Timeout receiving bulk data from MASTER");
  Driver driver;
  driver.step(LinkStarts{});
  CHECK(driver.timer(60'001) == "hang up");
}

TEST_CASE("the link knows since when it is down") {
  Driver driver;
  driver.ask(StreamPlace{kReplid, 99});
  CHECK(driver.link.down_since_ms() == 1'000'000);
  driver.hear("+CONTINUE\r\n");
  driver.now_ms += 5000;
  driver.step(LinkLost{""});
  driver.timer(1000);
  driver.step(LinkLost{"refused"});
  CHECK(driver.link.down_since_ms() == 1'005'000);
}
