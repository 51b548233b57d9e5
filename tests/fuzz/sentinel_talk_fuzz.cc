// Property: whatever nodes, peers and clients say to a sentinel, it goes on; epochs never fall, and
// its file reads back as what it knows.
//
// The input is a list of lines. The first byte of a line says what happens, the rest is what is
// said: a reply to the oldest command of a link, a message, a command of a client, time that
// passes.
#include "base/ensure.h"
#include "base/text.h"
#include "sentinel/sentinel.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using kvstash::ensure;
using namespace kvstash;
using namespace kvstash::sentinel;

namespace {

constexpr size_t kLinesMax = 200;

class Talk {
 public:
  Talk() {
    auto made = Sentinel::make(
        {.config_text = "sentinel monitor m 10.0.0.1 6379 1\nsentinel monitor n node-2 6379 2\n"
                        "sentinel resolve-hostnames yes\nsentinel deny-scripts-reconfig no\n"
                        "sentinel known-replica m 10.0.0.2 6379\n",
         .seed = 1});
    ensure(made.ok());
    core_ = *std::move(made);
    keep(core_->start(now_, from_ms(0)));
  }

  void hear(std::string_view line) {
    if (line.empty()) return;
    std::string text(line.substr(1));
    for (char& c : text)  // So that INFO of several lines fits into one.
      if (c == '|') c = '\n';
    switch (line[0]) {
      case 't':
        return pass(text.size());
      case 'o':
        return step(LinkOpened{.link = link(text), .local_ip = "10.0.1.1"});
      case 'c':
        return step(LinkClosed{.link = link(text), .reason = text});
      case 'n':
        return step(NameResolved{.name = text, .ip = "10.0.0.9"});
      case 's':
        return step(ScriptEnded{.script = ScriptId{text.size()}, .exit_code = 1});
      case 'h':
        return message(text);
      case 'x':
        return command(text);
      case 'i':
        return answer(resp::Reply::Type::kBulk, text);
      case 'e':
        return answer(resp::Reply::Type::kError, text);
      case 'p':
        return answer(resp::Reply::Type::kSimple, "PONG");
      case 'v':
        return vote(text);
      default:
        return;
    }
  }

 private:
  // The first two bytes choose a link.
  LinkId link(std::string& text) {
    const auto number = text.empty() ? 1u : static_cast<unsigned char>(text[0]) % 24u + 1u;
    if (!text.empty()) text.erase(0, 1);
    return LinkId{number};
  }
  void pass(size_t times) {
    for (size_t i = 0; i <= times % 32; ++i) {
      now_ += Duration(times > 64 ? 1'100 : 90);
      step(TimerFired{.wall = from_ms(now_.time_since_epoch().count())});
    }
  }
  void answer(resp::Reply::Type type, std::string text) {
    const LinkId id = link(text);
    step(ReplyReceived{.link = id, .reply = {.type = type, .text = std::move(text)}});
  }
  void vote(std::string text) {
    const LinkId id = link(text);
    resp::Reply reply{.type = resp::Reply::Type::kArray};
    reply.items.push_back({.type = resp::Reply::Type::kInteger, .integer = 1});
    reply.items.push_back(
        {.type = resp::Reply::Type::kBulk, .text = text.empty() ? core_->state().my_id : text});
    reply.items.push_back({.type = resp::Reply::Type::kInteger,
                           .integer = static_cast<int64_t>(core_->state().current_epoch)});
    step(ReplyReceived{.link = id, .reply = std::move(reply)});
  }
  void message(std::string text) {
    const LinkId id = link(text);
    resp::Reply reply{.type = resp::Reply::Type::kArray};
    for (std::string word : {std::string("message"), std::string("__sentinel__:hello"), text})
      reply.items.push_back({.type = resp::Reply::Type::kBulk, .text = std::move(word)});
    step(ReplyReceived{.link = id, .reply = std::move(reply)});
  }
  void command(const std::string& text) {
    const auto words = split_args(text);
    if (!words.ok() || words->empty()) return;
    std::vector<std::string_view> argv = {"SENTINEL"};
    for (const std::string& word : *words)
      argv.push_back(word);
    resp::ReplyBuffer buffer;
    resp::ReplyWriter writer(buffer, resp::RespVersion::k3);
    CommandOutcome outcome = core_->command(argv, writer, now_);
    resp::Reply reply;
    resp::ReplyParser parser;
    const resp::ReplyOutcome parsed = parser.parse(buffer.view(), reply);
    ensure(parsed.kind == resp::ReplyOutcome::Kind::kComplete);
    ensure(parsed.consumed == buffer.size());  // One reply and no more.
    keep(std::move(outcome.actions));
  }
  void step(const Event& event) { keep(core_->step(event, now_)); }

  void keep(const Actions& actions) {
    ensure(core_->state().current_epoch >= epoch_);
    epoch_ = core_->state().current_epoch;
    for (const Action& action : actions) {
      const auto* save = std::get_if<SaveConfig>(&action);
      if (save == nullptr) continue;
      ensure(&action == &actions.front());
      const auto read = parse_config(save->text, [](const std::string&) { return true; });
      ensure(read.ok() && *read == saved_state(core_->state()));
    }
  }

  std::unique_ptr<Sentinel> core_;
  Moment now_{Duration(1'000'000)};
  uint64_t epoch_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Talk talk;
  size_t count = 0;
  for (const std::string_view line : split(text, '\n'))
    if (++count <= kLinesMax) talk.hear(line);
  return 0;
}
