// File: reads and writes small files at once: configuration, ACL lists, manifests.
//
// Blocking; any thread. Errors name the path and the system's reason.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace kvstash::net {

// Fails if the file is larger than `bytes_max`.
Result<std::string> read_file(const std::string& path, size_t bytes_max);

// Replaces the file so that a reader, and a crash at any time, finds either the old or the new
// content: a new file is written beside it, synced and renamed, and the directory is synced. The
// permissions of an existing file are kept; a new file gets `mode`, reduced by the umask. If the
// path is a symbolic link, the file that it points to is replaced and not the link.
Status write_file_atomically(const std::string& path, std::string_view content,
                             unsigned mode = 0644);

}  // namespace kvstash::net
