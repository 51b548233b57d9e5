#include "persist/check/check_aof.h"

#include "persist/aof/increment_scan.h"
#include "persist/aof/manifest.h"
#include "persist/check/check_report.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace kvstash::persist {
namespace {

using Ending = IncrementScan::Ending;

// Where a file of Redis's has neither a record nor an annotation: said with the name alone.
constexpr std::string_view kFormatError = "format error";
constexpr size_t kSniffedBytes = 4096;

struct FileRole {
  std::string_view role;   // As in the report.
  std::string_view label;  // As Redis prints it before the name: "BASE AOF".
  bool is_last = false;
  std::optional<uint64_t> bytes{};  // So many are a part of the log.
};

struct TimeCut {
  uint64_t offset = 0;
  uint64_t line_offset = 0;
};

class AofCheck {
 public:
  AofCheck(Disk& disk, const CheckAofRequest& request, const CheckConsole& console)
      : disk_(disk), request_(request), console_(console) {}

  int run() {
    const bool is_valid = check();
    if (!is_valid && !report_.error.empty()) say("{}\n", report_.error);
    if (request_.as_json) console_.print(print_json(report_, is_valid));
    return is_valid ? 0 : 1;
  }

 private:
  template <typename... Arguments>
  void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (!request_.as_json)
      console_.print(fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  bool give_up(std::string error) {
    report_.error = std::move(error);
    return false;
  }

  bool check() {
    const Result<std::string> begin = read_beginning(request_.path);
    if (!begin.ok()) return give_up("Cannot open file " + std::string(begin.error().message()));
    if (is_manifest(*begin)) return check_manifest();
    say("Start checking Old-Style AOF\n");
    return check_file(request_.path, request_.path,
                      {.role = "file", .label = "AOF", .is_last = true});
  }

  Result<std::string> read_beginning(const std::string& path) {
    Result<std::unique_ptr<DiskFile>> file = disk_.open(path, Disk::Access::kRead);
    if (!file.ok()) return without_verb(file.error());
    std::string begin(kSniffedBytes, '\0');
    const Result<size_t> got = (*file)->read(0, begin.data(), begin.size());
    if (!got.ok()) return without_verb(got.error());
    begin.resize(*got);
    return begin;
  }

  // "open x: No such file" -> "x: No such file", so that it fits behind Redis's words.
  static Error without_verb(const Error& error) {
    const std::string_view text = error.message();
    return Error::text(std::string(text.substr(text.find(' ') + 1)));
  }

  // As Redis decides: the first line that is no comment begins with "file". An increment begins
  // with comments as well, so one of ours is not asked.
  static bool is_manifest(std::string_view text) {
    while (text.starts_with('#') && !text.starts_with(kIncrementMark)) {
      const size_t end = text.find('\n');
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return text.starts_with("file");
  }

  bool check_manifest() {
    say("Start checking Multi Part AOF\n");
    const Result<std::string> text = read_whole(disk_, request_.path, kManifestBytesMax);
    if (!text.ok()) return give_up(std::string(text.error().message()));
    const Result<Manifest> manifest = parse_manifest(*text);
    if (!manifest.ok()) return give_up(std::string(manifest.error().message()));
    const std::string directory = directory_of(request_.path);
    if (manifest->base) {
      const bool is_last = manifest->increments.empty();
      if (!check_file(join_path(directory, manifest->base->name), manifest->base->name,
                      {.role = "base", .label = "BASE AOF", .is_last = is_last}))
        return false;
    }
    if (!manifest->increments.empty()) say("Start to check INCR files.\n");
    for (const ManifestFile& file : manifest->increments) {
      const bool is_last = &file == &manifest->increments.back();
      if (!check_file(
              join_path(directory, file.name), file.name,
              {.role = "increment", .label = "INCR AOF", .is_last = is_last, .bytes = file.bytes}))
        return false;
    }
    say("All AOF files and manifest are valid\n");
    return true;
  }

  // Returns true if the file is whole, or was made so.
  bool check_file(const std::string& path, const std::string& name, const FileRole& role) {
    report_.files.push_back({});
    CheckedFile& checked = report_.files.back();
    checked.name = name;
    checked.role = role.role;
    const Result<std::string> begin = read_beginning(path);
    if (!begin.ok()) {
      checked.result = "missing";
      return give_up(fmt::format("Cannot open file {}, aborting...", begin.error().message()));
    }
    const bool has_rdb = begin->starts_with("REDIS") || begin->starts_with("VALKEY");
    if (role.role == "base")
      say("Start to check BASE AOF ({} format).\n", has_rdb ? "RDB" : "RESP");
    if (begin->empty() && role.bytes.value_or(0) == 0) {
      checked.result = "empty";
      checked.format = "redis";
      say("{} {} is empty\n", role.label, name);
      return true;
    }
    const bool writes = request_.fix || request_.truncate_to;
    Result<std::unique_ptr<DiskFile>> file =
        disk_.open(path, writes ? Disk::Access::kAppend : Disk::Access::kRead);
    if (!file.ok()) return give_up(std::string(file.error().message()));
    uint64_t aof_begin = 0;
    if (has_rdb) {
      const Result<uint64_t> end = check_rdb_part(
          **file, name, request_.now, [this](std::string_view text) { say("{}", text); });
      if (!end.ok()) {
        checked.format = "rdb";
        checked.result = "damaged";
        checked.error = end.error().message();
        return give_up("RDB preamble of AOF file is not sane, aborting.");
      }
      say("RDB preamble is OK, proceeding with AOF tail...\n");
      aof_begin = *end;
    }
    return check_records(**file, aof_begin, checked, role);
  }

  bool check_records(DiskFile& file, uint64_t begin, CheckedFile& checked, const FileRole& role) {
    std::optional<TimeCut> time_cut;
    ScanVisitor visitor;
    visitor.on_timestamp = [&](int64_t timestamp, uint64_t offset, uint64_t safe_cut) {
      if (request_.truncate_to && timestamp > *request_.truncate_to && !time_cut)
        time_cut = TimeCut{.offset = safe_cut, .line_offset = offset};
    };
    const Result<IncrementScan> scanned =
        scan_increment(file, {.begin = begin, .bytes = role.bytes}, visitor);
    if (!scanned.ok()) return give_up(std::string(scanned.error().message()));
    const IncrementScan& scan = *scanned;
    describe(scan, begin, checked);
    if (time_cut) return cut_to_time(file, scan, *time_cut, checked, role);

    if (!checked.error.empty() && checked.error != kFormatError)
      say("0x{:16x}: {}\n", scan.error_offset, error_with_name(scan, checked.name));
    if (scan.ending == Ending::kDamaged && scan.error == kFormatError)
      say("AOF {} format error\n", checked.name);
    if (role.bytes && scan.file_bytes < *role.bytes)
      return give_up(fmt::format("AOF {} is not valid: it has {} bytes, and the manifest says {}.",
                                 checked.name, scan.file_bytes, *role.bytes));
    const uint64_t diff = scan.file_bytes - scan.sound_bytes;
    if (diff == 0 && request_.truncate_to) {
      say("Truncate nothing in AOF {} to timestamp {}\n", checked.name, *request_.truncate_to);
      say("{} {} is valid\n", role.label, checked.name);
      return true;
    }
    say("AOF analyzed: filename={}, size={}, ok_up_to={}, ok_up_to_line={}, diff={}\n",
        checked.name, scan.file_bytes, scan.sound_bytes, scan.lines + 1, diff);
    if (diff == 0) {
      say("{} {} is valid\n", role.label, checked.name);
      return true;
    }
    say_what_is_lost(scan, checked.name);
    if (request_.fix) return fix(file, scan, checked, role);
    return give_up(
        fmt::format("AOF {} is not valid. Use the --fix option to try fixing it.", checked.name));
  }

  static void describe(const IncrementScan& scan, uint64_t begin, CheckedFile& checked) {
    checked.format = begin > 0 ? "rdb" : scan.is_ours() ? "kvstash" : "redis";
    checked.bytes = scan.file_bytes;
    checked.sound_bytes = scan.sound_bytes;
    checked.units = scan.units;
    checked.result = scan.ending == Ending::kWhole       ? "valid"
                     : scan.ending == Ending::kTruncated ? "truncated"
                                                         : "damaged";
    checked.error = scan.error;
    checked.error_offset = scan.error_offset;
    if (!scan.is_ours()) return;
    checked.lsn_begin = scan.header->lsn;
    checked.lsn_end = scan.sound_lsn;
    checked.synced = scan.synced;
  }

  static std::string error_with_name(const IncrementScan& scan, const std::string& name) {
    return scan.error.starts_with("Unexpected ") ? scan.error + " in AOF " + name : scan.error;
  }

  // In a file of ours it is known whether what cannot be read was on the disk.
  void say_what_is_lost(const IncrementScan& scan, const std::string& name) {
    if (!scan.is_ours() || scan.ends_foreign()) return;
    if (scan.synced > scan.error_lsn) {
      say("AOF {} is damaged at LSN {}, and was on the disk up to LSN {} at least: to cut it loses "
          "records that were durable. Restore it from a backup or a replica if you can.\n",
          name, scan.error_lsn, scan.synced);
    } else {
      say("AOF {} has a torn tail, as a crash leaves it: nothing behind LSN {} is known to have "
          "been "
          "on the disk.\n",
          name, scan.error_lsn);
    }
  }

  bool fix(DiskFile& file, const IncrementScan& scan, CheckedFile& checked, const FileRole& role) {
    if (!role.is_last)
      return give_up(
          fmt::format("Failed to truncate AOF {} because it is not the last file", checked.name));
    say("This will shrink the AOF {} from {} bytes, with {} bytes, to {} bytes\nContinue? [y/N]: ",
        checked.name, scan.file_bytes, scan.file_bytes - scan.sound_bytes, scan.sound_bytes);
    if (!console_.confirm()) return give_up("Aborting...");
    if (!cut(file, scan.sound_bytes, checked)) return false;
    say("Successfully truncated AOF {}\n", checked.name);
    return true;
  }

  bool cut_to_time(DiskFile& file, const IncrementScan& scan, const TimeCut& time,
                   CheckedFile& checked, const FileRole& role) {
    const int64_t timestamp = *request_.truncate_to;
    const uint64_t header_bytes =
        scan.header ? print_increment_header(*scan.header).size() : uint64_t{0};
    if (time.offset <= header_bytes)
      return give_up(fmt::format("AOF {} has nothing before timestamp {}, aborting...",
                                 checked.name, timestamp));
    if (!role.is_last)
      return give_up(fmt::format(
          "Failed to truncate AOF {} to timestamp {} to offset {} because it is not the last "
          "file.\n"
          "If you insist, please delete all files after this file according to the manifest file "
          "and delete the corresponding records in manifest file manually. Then re-run "
          "kvstash --check-aof.",
          checked.name, timestamp, time.offset));
    if (!cut(file, time.offset, checked)) return false;
    say("Successfully truncated AOF {} to timestamp {}\n", checked.name, timestamp);
    return true;
  }

  bool cut(DiskFile& file, uint64_t bytes, CheckedFile& checked) {
    Status done = file.truncate(bytes);
    if (done.ok()) done = file.sync();
    if (!done.ok())
      return give_up(
          fmt::format("Failed to truncate AOF {}: {}", checked.name, done.error().message()));
    checked.result = "cut";
    checked.sound_bytes = bytes;
    return true;
  }

  Disk& disk_;
  const CheckAofRequest& request_;
  const CheckConsole& console_;
  CheckReport report_;
};

}  // namespace

int check_aof(Disk& disk, const CheckAofRequest& request, const CheckConsole& console) {
  return AofCheck(disk, request, console).run();
}

}  // namespace kvstash::persist
