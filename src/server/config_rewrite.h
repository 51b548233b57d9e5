// CONFIG REWRITE: brings a configuration file up to date with the options in force.
//
// Comments, blank lines, includes and the order of lines stay. A line whose value changed is
// replaced where it stands. A second line of the same directive is dropped. A directive that the
// file does not mention and that is not at its default is appended, under one heading.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::server {

// Which directives are written.
enum class RewriteScope : uint8_t {
  kNeeded,  // Directives that the file has, and directives that are not at their default.
  kAll,
};

// Returns the new text. Pure. Reading that text again gives options equal to `options`.
std::string rewrite_config(std::string_view old_text, const ServerOptions& options,
                           RewriteScope scope = RewriteScope::kNeeded);

// Rewrites `options.config_file`: writes a temporary file beside it, syncs it and renames it.
// Blocks on the disk. The error is a reason like "Permission denied".
Status rewrite_config_file(const ServerOptions& options,
                           RewriteScope scope = RewriteScope::kNeeded);

// Replaces a configuration file, whose mode stays, by `text`: after a crash it has the old text or
// the new, and once this returns, the new. Blocks on the disk. The error is a reason.
Status replace_config_file(const std::string& path, std::string_view text);

}  // namespace kvstash::server
