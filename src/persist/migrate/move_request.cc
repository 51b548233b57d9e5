#include "persist/migrate/move_request.h"

#include "base/numbers.h"
#include "base/text.h"
#include "engine/command/errors.h"

#include <algorithm>
#include <cstdlib>

namespace kvstash::persist {
namespace {

using engine::KeyAt;
using engine::KeysFound;
namespace errors = engine::errors;

constexpr size_t kKeyArg = 3;
constexpr size_t kFirstOption = 6;
constexpr uint32_t kMovesKey = engine::kKeyRW | engine::kKeyAccess | engine::kKeyDelete;

// How many arguments belong to the option; nothing: there is no such option, or it is KEYS.
std::optional<size_t> words_behind(std::string_view option) {
  if (equals_ignore_case(option, "copy") || equals_ignore_case(option, "replace")) return 0;
  if (equals_ignore_case(option, "auth")) return 1;
  if (equals_ignore_case(option, "auth2")) return 2;
  return std::nullopt;
}

// As atoi(): what is no number is 0.
uint16_t port_of(std::string_view text) {
  return static_cast<uint16_t>(std::atoi(std::string(text).c_str()));
}

// Takes the options up to KEYS; returns where the keys behind KEYS begin, or nothing without KEYS.
Result<std::optional<size_t>> take_options(std::span<const std::string_view> argv,
                                           MoveRequest& to) {
  for (size_t i = kFirstOption; i < argv.size(); ++i) {
    const std::string_view option = argv[i];
    if (equals_ignore_case(option, "keys")) {
      if (!argv[kKeyArg].empty()) {
        return Error::literal(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      return std::optional(i + 1);
    }
    const std::optional<size_t> words = words_behind(option);
    if (!words || argv.size() - i - 1 < *words) return errors::syntax();
    to.is_copy |= equals_ignore_case(option, "copy");
    to.replaces |= equals_ignore_case(option, "replace");
    if (*words == 2) to.user = argv[i + 1];
    if (*words != 0) to.password = argv[i + *words];
    i += *words;
  }
  return std::optional<size_t>();
}

}  // namespace

Result<MoveRequest> parse_move(std::span<const std::string_view> argv) {
  MoveRequest request;
  const Result<std::optional<size_t>> keys_at = take_options(argv, request);
  if (!keys_at.ok()) return keys_at.error();
  const std::optional<int64_t> timeout_ms = parse_int64(argv[5]);
  const std::optional<int64_t> db = parse_int64(argv[4]);
  if (!timeout_ms || !db) return errors::not_an_integer();
  request.host = argv[1];
  request.port = port_of(argv[2]);
  request.db = *db;
  constexpr int64_t kTimeoutMsMax = 1'000'000'000;
  if (*timeout_ms > 0)
    request.timeout = std::chrono::milliseconds(std::min(*timeout_ms, kTimeoutMsMax));
  if (*keys_at) {
    const auto keys = argv.subspan(**keys_at);
    request.keys.assign(keys.begin(), keys.end());
  } else {
    request.keys.emplace_back(argv[kKeyArg]);
  }
  return request;
}

KeysFound migrate_keys(std::span<const std::string_view> argv, std::vector<KeyAt>& keys) {
  MoveRequest ignored;
  const Result<std::optional<size_t>> keys_at = take_options(argv, ignored);
  if (!keys_at.ok()) {
    if (argv[kKeyArg].empty()) return KeysFound::kRefused;
    const bool has_keys_word =
        std::ranges::any_of(argv.subspan(kFirstOption),
                            [](std::string_view word) { return equals_ignore_case(word, "keys"); });
    if (!has_keys_word) keys.push_back({.index = kKeyArg, .flags = kMovesKey});
    return KeysFound::kRefused;
  }
  if (!*keys_at) {
    keys.push_back({.index = kKeyArg, .flags = kMovesKey});
    return KeysFound::kAll;
  }
  for (size_t i = **keys_at; i < argv.size(); ++i)
    keys.push_back({.index = static_cast<uint32_t>(i), .flags = kMovesKey});
  return KeysFound::kAll;
}

}  // namespace kvstash::persist
