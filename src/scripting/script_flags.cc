#include "scripting/script_flags.h"

#include "base/text.h"

#include <string>
#include <vector>

namespace kvstash::scripting {
namespace {

constexpr std::string_view kFlagsOption = "flags=";

Result<uint32_t> parse_flags(std::string_view words) {
  uint32_t flags = 0;
  if (words.empty()) return flags;
  for (const std::string_view word : split(words, ',')) {
    const std::optional<ScriptFlag> flag = script_flag(word);
    if (!flag) return Error::text("ERR Unexpected flag in script shebang: " + std::string(word));
    flags |= *flag;
  }
  return flags;
}

}  // namespace

std::optional<ScriptFlag> script_flag(std::string_view name) {
  for (const NamedScriptFlag& known : kScriptFlagNames) {
    if (known.name == name) return known.flag;
  }
  return std::nullopt;
}

Result<Shebang> parse_shebang(std::string_view script) {
  if (!script.starts_with("#!")) return Shebang{};
  const size_t end = script.find('\n');
  if (end == std::string_view::npos) return Error::literal("ERR Invalid script shebang");
  const Result<std::vector<std::string>> words = split_args(script.substr(0, end));
  if (!words.ok() || words->empty()) return Error::literal("ERR Invalid engine in script shebang");
  if ((*words)[0] != "#!lua")
    return Error::text("ERR Unexpected engine in script shebang: " + (*words)[0]);
  Shebang shebang{.flags = 0, .bytes = end};
  for (size_t i = 1; i < words->size(); ++i) {
    const std::string_view word = (*words)[i];
    if (!word.starts_with(kFlagsOption))
      return Error::text("ERR Unknown lua shebang option: " + std::string(word));
    const Result<uint32_t> flags = parse_flags(word.substr(kFlagsOption.size()));
    if (!flags.ok()) return flags.error();
    shebang.flags |= *flags;
  }
  return shebang;
}

}  // namespace kvstash::scripting
