// Property: no configuration text crashes the parser, and a text that is accepted, rewritten as
// CONFIG REWRITE does and read again gives the same options; so does rewriting an empty file.
#include "base/ensure.h"
#include "base/text.h"
#include "server/config_file.h"
#include "server/config_rewrite.h"
#include "server/yaml_config.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kvstash::server {
namespace {

bool read(ServerOptions& options, const std::string& text) {
  std::vector<std::string> notices;
  return apply_config_text(options, text, "fuzz", notices).ok();
}

void check(const std::string& text) {
  ServerOptions options;
  if (!read(options, text)) return;

  const std::string rewritten = rewrite_config(text, options);
  ServerOptions again;
  ensure(read(again, rewritten));
  ensure(again == options);
  ensure(rewrite_config(rewritten, again) == rewritten);

  ServerOptions from_nothing;
  ensure(read(from_nothing, rewrite_config("", options)));
  from_nothing.renamed_commands = options.renamed_commands;  // CONFIG REWRITE leaves these alone.
  ensure(from_nothing == options);
}

}  // namespace
}  // namespace kvstash::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // Other files have no place in a fuzzer: one of them could be a terminal.
  if (kvstash::to_lower(text).find("include") != std::string::npos) return 0;
  kvstash::server::check(text);
  (void)kvstash::server::parse_yaml_config(text);
  return 0;
}
