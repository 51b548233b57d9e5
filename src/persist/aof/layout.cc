#include "persist/aof/layout.h"

#include "base/disk.h"
#include "base/numbers.h"

namespace kvstash::persist {
namespace {

constexpr std::string_view kTemporaryPrefix = "temp-";
constexpr std::string_view kManifestSuffix = ".manifest";
constexpr std::string_view kKeptSuffix = ".kept";

}  // namespace

std::string AofLayout::directory_path() const {
  return join_path(data_directory, directory);
}

std::string AofLayout::path(std::string_view name) const {
  return join_path(directory_path(), name);
}

std::string AofLayout::manifest_path() const {
  return path(file_name + std::string(kManifestSuffix));
}

std::string AofLayout::temporary_manifest_path() const {
  return path(std::string(kTemporaryPrefix) + file_name + std::string(kManifestSuffix));
}

std::string AofLayout::kept_path() const {
  return path(file_name + std::string(kKeptSuffix));
}

std::string AofLayout::temporary_kept_path() const {
  return path(std::string(kTemporaryPrefix) + file_name + std::string(kKeptSuffix));
}

std::string AofLayout::old_file_path() const {
  return join_path(data_directory, file_name);
}

std::string AofLayout::base_name(int64_t seq, bool is_rdb) const {
  return file_name + "." + std::to_string(seq) + ".base." + (is_rdb ? "rdb" : "aof");
}

std::string AofLayout::increment_name(int64_t seq) const {
  return file_name + "." + std::to_string(seq) + ".incr.aof";
}

bool AofLayout::is_data_name(std::string_view name) const {
  if (!name.starts_with(file_name + ".")) return false;
  name.remove_prefix(file_name.size() + 1);
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || !parse_uint64(name.substr(0, dot))) return false;
  const std::string_view kind = name.substr(dot + 1);
  return kind == "base.rdb" || kind == "base.aof" || kind == "incr.aof";
}

bool AofLayout::is_temporary_name(std::string_view name) const {
  return name == std::string(kTemporaryPrefix) + file_name + std::string(kManifestSuffix) ||
         name == std::string(kTemporaryPrefix) + file_name + std::string(kKeptSuffix) ||
         (name.starts_with("temp-rewriteaof-") && name.ends_with(".aof"));
}

}  // namespace kvstash::persist
