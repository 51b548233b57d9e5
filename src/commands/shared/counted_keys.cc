#include "commands/shared/counted_keys.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <optional>

namespace kvstash::commands {

Result<size_t> count_keys(std::span<const std::string_view> args, size_t behind, Error too_many) {
  ensure(args.size() > behind);
  const std::optional<int64_t> count = parse_int64(args[0]);
  if (!count || *count < 1) return Error::literal("ERR numkeys should be greater than 0");
  if (static_cast<uint64_t>(*count) > args.size() - 1 - behind) return too_many;
  return static_cast<size_t>(*count);
}

engine::KeysFound append_counted(const Result<size_t>& count, size_t first, uint32_t flags,
                                 std::vector<engine::KeyAt>& keys, size_t step) {
  if (!count.ok()) return engine::KeysFound::kRefused;
  for (size_t i = 0; i < *count; ++i)
    keys.push_back({static_cast<uint32_t>(first + i * step), flags});
  return engine::KeysFound::kAll;
}

}  // namespace kvstash::commands
