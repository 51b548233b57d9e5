// CommandTemplate: one command of a workload, encoded once, with places for numbers.
//
// Templates are written as commands in redis-cli; any word may contain one of these:
//
//   {random}    twelve digits, drawn from 0 .. keys - 1
//   {thousand}  twelve digits, drawn from 0 .. 999
//   {next}      twelve digits, counting from 0 to keys - 1 and then again from 0
//   {ms}        three digits, drawn from 100 .. 999
//   {data}      the payload, the same in every command
//
// All have a fixed width, so that making a command is a copy and a few digits. Not thread-safe.
#pragma once

#include "base/random.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::bench {

// The source of the numbers in all templates of a run.
class NumberSource {
 public:
  // `keys` is at least 1.
  NumberSource(uint64_t keys, uint64_t seed) : random_(seed), keys_(keys) {}

  uint64_t random() { return random_.below(keys_); }
  uint64_t below(uint64_t bound) { return random_.below(bound); }
  uint64_t next() {
    const uint64_t number = next_;
    next_ = number + 1 == keys_ ? 0 : number + 1;
    return number;
  }

 private:
  Random random_;
  uint64_t keys_;
  uint64_t next_ = 0;
};

class CommandTemplate {
 public:
  // Fails if a quote is not closed or if there is no word.
  static Result<CommandTemplate> parse(std::string_view line, std::string_view payload);

  void append_to(std::string& out, NumberSource& numbers) const;

  size_t bytes() const { return encoded_.size(); }  // Bytes of one command.

 private:
  enum class Kind : uint8_t { kRandom, kThousand, kNext, kMs };
  struct Place {
    size_t offset;
    Kind kind;
  };

  // The kind of number of twelve digits that `word` begins with, or nothing.
  static std::optional<Kind> kind_of_number(std::string_view word);
  void add_word(std::string_view word, std::string_view payload);

  std::string encoded_;
  std::vector<Place> places_;  // In the order of their offsets.
};

}  // namespace kvstash::bench
