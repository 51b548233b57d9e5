// ArgReader: walks over a command's arguments, so that options are parsed once into a typed struct.
// It holds views only and lives as long as the arguments. One thread.
#pragma once

#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/errors.h"

#include <optional>
#include <span>
#include <string_view>

namespace kvstash::engine {

class ArgReader {
 public:
  explicit ArgReader(std::span<const std::string_view> args) : args_(args) {}

  bool done() const { return args_.empty(); }
  size_t left() const { return args_.size(); }
  std::span<const std::string_view> rest() const { return args_; }
  std::string_view peek() const { return args_.front(); }

  std::string_view next() {
    ensure(!done());
    const std::string_view word = args_.front();
    args_ = args_.subspan(1);
    return word;
  }

  // Steps over `word` (any case) if it comes next.
  bool take(std::string_view word) {
    if (done() || !equals_ignore_case(peek(), word)) return false;
    args_ = args_.subspan(1);
    return true;
  }

  // Steps over `word` if it comes next with at least `count` arguments behind it.
  bool take_with(std::string_view word, size_t count = 1) { return left() > count && take(word); }

  Result<int64_t> integer(Error otherwise = errors::not_an_integer()) {
    if (done()) return errors::syntax();
    const std::optional<int64_t> value = parse_int64(next());
    if (!value) return otherwise;
    return *value;
  }

 private:
  std::span<const std::string_view> args_;
};

}  // namespace kvstash::engine
