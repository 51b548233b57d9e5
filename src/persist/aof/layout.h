// AofLayout: the names that the files of the append-only log have, and where they stand.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::persist {

struct AofLayout {
  std::string directory = "appendonlydir";   // appenddirname
  std::string file_name = "appendonly.aof";  // appendfilename
  std::string data_directory = ".";          // dir: the directory stands here.

  std::string directory_path() const;
  std::string path(std::string_view name) const;  // Of a file in the directory.
  std::string manifest_path() const;
  std::string temporary_manifest_path() const;
  // The list of our old increments that are kept for replicas; Redis does not know it.
  std::string kept_path() const;
  std::string temporary_kept_path() const;
  // The one file of Redis before 7.0.
  std::string old_file_path() const;

  std::string base_name(int64_t seq, bool is_rdb) const;  // appendonly.aof.1.base.rdb
  std::string increment_name(int64_t seq) const;          // appendonly.aof.1.incr.aof

  // Has the form of a base's or an increment's name.
  bool is_data_name(std::string_view name) const;
  // Was left by a rewrite or by a manifest that was not finished.
  bool is_temporary_name(std::string_view name) const;
};

}  // namespace kvstash::persist
