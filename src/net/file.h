// File: whole small files, read and written at once: configuration, ACL lists, manifests.
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

// Replaces the file so that a reader, and a crash at any time, finds the old content or the new
// one: written beside it, synced, renamed, directory synced. Keeps the permissions of the file that
// was there; a new one gets `mode` as the umask leaves it. A symbolic link is followed, so that the
// file it points to is replaced and not the link.
Status write_file_atomically(const std::string& path, std::string_view content,
                             unsigned mode = 0644);

}  // namespace kvstash::net
