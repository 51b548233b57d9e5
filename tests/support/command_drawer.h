// CommandDrawer: draws random commands as their rows document them, over so few keys, fields and
// members that the commands meet.
//
// The same seed draws the same commands, except for absolute times in them, which are near the time
// that the test sets.
#pragma once

#include "base/random.h"
#include "engine/command/command_table.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

class CommandDrawer {
 public:
  using Words = std::vector<std::string>;

  explicit CommandDrawer(Random& random) : random_(&random) {}

  int64_t now_ms = 0;  // Absolute deadlines are near this time.

  // Draws arguments for a command, with its name as in the rows. Sometimes a word is wrong or
  // missing.
  Words draw(const engine::Command& command) {
    words_.clear();
    counted_at_ = kNone;
    letter_ = letter_of(command.spec->group);
    if (command.container != nullptr) words_.emplace_back(command.container->spec->name);
    words_.emplace_back(command.spec->name);
    const size_t names = words_.size();
    command_ = &command;
    put_all(command.spec->arguments);
    if (random_->one_in(40) && words_.size() > names)
      words_[names + random_->below(words_.size() - names)] = text();
    if (random_->one_in(60) && words_.size() > names) words_.pop_back();
    return std::move(words_);
  }

  std::string key() { return key_of(letter_); }
  // The time part of the last id that XADD drew.
  uint64_t last_stream_id() const { return last_id_; }

 private:
  using ArgSpec = engine::ArgSpec;
  using ArgType = engine::ArgType;
  static constexpr size_t kNone = SIZE_MAX;
  static constexpr std::string_view kLetters = "slezhxp";

  std::string pick(std::initializer_list<std::string_view> choices) {
    return std::string(choices.begin()[random_->below(choices.size())]);
  }
  std::string numbered(char letter, uint64_t count) {
    return letter + std::to_string(random_->below(count));
  }
  std::string between(int64_t low, int64_t high) {
    return std::to_string(
        low + static_cast<int64_t>(random_->below(static_cast<uint64_t>(high - low) + 1)));
  }

  // Keys of one type share a letter, so that most commands find values of their type.
  static char letter_of(engine::CommandGroup group) {
    switch (group) {
      case engine::CommandGroup::kString:
      case engine::CommandGroup::kBitmap:
        return 's';
      case engine::CommandGroup::kList:
        return 'l';
      case engine::CommandGroup::kSet:
        return 'e';
      case engine::CommandGroup::kSortedSet:
      case engine::CommandGroup::kGeo:
        return 'z';
      case engine::CommandGroup::kHash:
        return 'h';
      case engine::CommandGroup::kStream:
        return 'x';
      case engine::CommandGroup::kHyperLogLog:
        return 'p';
      default:
        return '\0';
    }
  }
  std::string key_of(char letter) {
    const bool is_any = letter == '\0' || random_->one_in(12);
    if (is_any) letter = kLetters[random_->below(kLetters.size())];
    // Ids and groups are many, so there are few streams.
    return numbered(letter, letter == 'x' ? 2 : 4);
  }

  // ---- Arguments.

  void put_all(std::span<const ArgSpec> arguments) {
    for (const ArgSpec& argument : arguments)
      put(argument);
  }

  void put(const ArgSpec& argument) {
    const auto has = [&argument](engine::ArgFlag flag) { return (argument.flags & flag) != 0; };
    // Options that mostly make an XADD leave nothing behind are rare.
    const bool is_rare = argument.name == "trim" || argument.name == "nomkstream";
    if (has(engine::kArgOptional) && (is_rare ? !random_->one_in(6) : random_->one_in(2))) return;
    uint64_t times = has(engine::kArgMultiple) ? 1 + random_->below(3) : 1;
    if (argument.name == "weight" || (argument.name == "id" && streams_ != 0))
      times = argument.name == "weight" ? counted_ : streams_;
    if (has(engine::kArgMultiple) && counted_at_ != kNone) {
      counted_ = times;
      words_[std::exchange(counted_at_, kNone)] = std::to_string(times);
    }
    for (uint64_t i = 0; i < times; ++i) {
      const bool repeats_token = i == 0 || has(engine::kArgMultipleToken);
      if (repeats_token && !argument.token.empty()) words_.emplace_back(argument.token);
      put_value(argument);
    }
    if (argument.name == "key" && has(engine::kArgMultiple)) keys_ = times;
  }

  void put_value(const ArgSpec& argument) {
    switch (argument.type) {
      case ArgType::kPureToken:
        return;
      case ArgType::kOneOf:
        // An id made of the time is above all ids that are drawn.
        if (argument.arguments.front().token == "*" && !random_->one_in(60))
          return put(argument.arguments.back());
        return put(argument.arguments[random_->below(argument.arguments.size())]);
      case ArgType::kBlock:
        return put_block(argument);
      default:
        break;
    }
    if (argument.name.starts_with("num")) {
      counted_at_ = words_.size();
      counted_ = 1;
      words_.emplace_back("1");
      return;
    }
    words_.push_back(value(argument));
  }

  // XREADGROUP names as many ids as keys.
  void put_block(const ArgSpec& block) {
    for (const ArgSpec& argument : block.arguments) {
      streams_ = block.name == "streams" && argument.name == "id" ? keys_ : 0;
      put(argument);
    }
    streams_ = 0;
  }

  std::string value(const ArgSpec& argument) {
    switch (argument.type) {
      case ArgType::kKey:
        return key();
      case ArgType::kInteger:
        return integer(argument.name);
      case ArgType::kDouble:
        return number(argument.name);
      case ArgType::kPattern:
        return pick({"s*", "h*->f1", "h*->f2", "#", "nosort", "none"});
      case ArgType::kUnixTime:
        return integer(argument.name);
      default:
        return string(argument.name);
    }
  }

  std::string integer(std::string_view name) {
    if (name == "seconds") return pick({"-1", "1", "100", "100000", "100000"});
    if (name == "milliseconds") {
      return random_->one_in(2) ? pick({"-1", "0", "100000", "100000"}) : between(1, 6);
    }
    if (name.starts_with("unix-time-seconds"))
      return std::to_string(now_ms / 1000 + static_cast<int64_t>(random_->below(100)) - 3);
    if (name.starts_with("unix-time-milliseconds"))
      return std::to_string(now_ms + static_cast<int64_t>(random_->below(12)) - 2);
    if (name.starts_with("ms") || name.starts_with("min-idle") || name == "unix-time")
      return between(0, 3);
    if (name == "timeout") return "0";
    if (name == "db" || name.find("index1") != name.npos || name.find("index2") != name.npos ||
        name == "destination-db")
      return between(0, 2);
    if (name == "count") return between(0, 4);
    if (name == "offset") return between(0, 70);
    if (name == "value" && letter_ == 's') return between(0, 1);  // SETBIT.
    return between(-3, 6);
  }

  std::string number(std::string_view name) {
    if (name == "longitude") return between(0, 20) + ".5";
    if (name == "latitude") return between(30, 50) + ".25";
    if (name == "radius" || name == "width" || name == "height") return between(100, 900) + "000";
    if (name == "timeout") return "0";
    if (name == "weight") return pick({"1", "2", "0.5", "-1"});
    return pick({"0", "1", "-1.5", "3.25", "1e3", "0.1", "2", "3", "inf", "-inf", "17", "0.3"});
  }

  std::string string(std::string_view name) {
    if (name == "field") return numbered('f', 6);
    if (name == "member" || name.starts_with("member")) {
      return random_->one_in(3) ? between(0, 6) : numbered('m', 8);
    }
    if (name == "group" || name == "groupname") return numbered('g', 2);
    if (name == "consumer" || name == "consumername") return numbered('c', 2);
    if (name == "id" || name.find("id") != name.npos) return stream_id();
    if (name == "threshold") return random_->one_in(2) ? between(0, 5) : stream_id();
    if (name == "start" && letter_ == 'x') return stream_id();
    if (name == "min" || name == "max" || name == "start" || name == "stop" || name == "end")
      return pick({"-inf", "+inf", "(1", "0", "2", "-", "+", "[m2", "(m3", "[m6", "-2", "3"});
    if (name == "encoding") return pick({"u8", "i5", "u3", "i16"});
    if (name == "channel" || name == "shardchannel") return numbered('n', 3);
    if (name == "operation") return pick({"AND", "OR", "XOR", "NOT"});
    if (name == "subcommand") return pick({"getreg", "todense", "encoding"});
    if (name == "pivot" || name == "element") return random_->one_in(4) ? text() : numbered('w', 5);
    return text();
  }

  std::string stream_id() {
    if (command_->spec->name == "xadd" && !random_->one_in(12)) {
      last_id_ += 1 + random_->below(3);
      return random_->one_in(100) ? "*" : std::to_string(last_id_) + pick({"-0", "-0", "-*", ""});
    }
    if (command_->spec->name == "xreadgroup" && !random_->one_in(4)) return ">";
    if (command_->spec->name == "create" && !random_->one_in(4)) return "0";
    if (random_->one_in(3)) return pick({"0", "$", "+", "-", "0-0"});
    const uint64_t back = random_->below(16);
    return std::to_string(last_id_ > back ? last_id_ - back : 1) + pick({"", "-0", "-0", "-1"});
  }

  std::string text() {
    switch (random_->below(12)) {
      case 0:
        return std::string(70, 'x') + std::to_string(random_->below(3));
      case 1:
        return std::string(300, 'y');
      case 2:
        return pick({"", "\r\n", "1.5", "-0", "9223372036854775807", "nan"});
      case 3:
      case 4:
      case 5:
      case 6:
        return between(-5, 30);
      default:
        return numbered('w', 3);
    }
  }

  Random* random_;
  const engine::Command* command_ = nullptr;
  Words words_;
  char letter_ = '\0';
  // Index in words_ of the number of arguments that follow.
  size_t counted_at_ = kNone;
  uint64_t counted_ = 1;
  uint64_t keys_ = 1;  // Number of keys of the last argument that named several.
  // Number of ids still to be drawn for these keys; 0: no such block is being drawn.
  uint64_t streams_ = 0;
  uint64_t last_id_ = 5;
};

}  // namespace kvstash::test
