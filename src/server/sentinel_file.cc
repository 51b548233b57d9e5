#include "server/sentinel_file.h"

#include "base/disk.h"
#include "sentinel/config_text.h"
#include "server/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kvstash::server {
namespace {

constexpr size_t kFileBytesMax = size_t{16} << 20;

}  // namespace

Result<std::string> read_sentinel_file(const std::string& path) {
  if (path.empty())
    return Error::literal("Sentinel needs config file on disk to save state. Exiting...");
  if (is_yaml(path))
    return Error::text(
        "Sentinel config file " + path +
        " is rewritten in the syntax of redis.conf, so it can't be YAML. Exiting...");
  if (::access(path.c_str(), W_OK) != 0)
    return Error::text("Sentinel config file " + path +
                       " is not writable: " + std::strerror(errno) + ". Exiting...");
  SystemDisk disk;
  return read_whole(disk, path, kFileBytesMax);
}

bool can_execute(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

Status check_sentinel_file(const std::string& path) {
  const Result<std::string> text = read_sentinel_file(path);
  if (!text.ok()) return Error::text(std::string(text.error().message()) + "\n");
  const auto config = sentinel::parse_config(*text, can_execute);
  if (config.ok()) return {};
  return Error::text("\n*** FATAL CONFIG FILE ERROR (kvstash) ***\n" +
                     std::string(config.error().message()) + "\n");
}

}  // namespace kvstash::server
