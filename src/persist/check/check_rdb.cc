#include "persist/check/check_rdb.h"

#include "persist/check/check_report.h"
#include "persist/rdb/file_reader.h"
#include "persist/rdb/value_reader.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace kvstash::persist {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

// As redis-check-rdb names the types, by their numbers.
constexpr std::string_view kTypeNames[] = {
    "string",
    "list-linked",
    "set-hashtable",
    "zset-v1",
    "hash-hashtable",
    "zset-v2",
    "module-pre-ga",
    "module-value",
    "",
    "hash-zipmap",
    "list-ziplist",
    "set-intset",
    "zset-ziplist",
    "hash-ziplist",
    "quicklist",
    "stream",
    "hash-listpack",
    "zset-listpack",
    "quicklist-v2",
    "stream-v2",
    "set-listpack",
    "stream-v3",
    "hash-hashtable",
    "hash-listpack",
    "hash-hashtable-md",
    "hash-listpack-md",
};

std::string_view name_of(rdb::Type type) {
  const auto number = static_cast<size_t>(type);
  return number < std::size(kTypeNames) ? kTypeNames[number] : "unknown";
}

// What was found in a file.
struct RdbContent {
  std::string name;
  uint64_t bytes = 0;  // Read so far; of a whole RDB, its size.
  unsigned version = 0;
  rdb::Dialect dialect = rdb::Dialect::kRedis;
  uint64_t keys = 0;
  uint64_t expires = 0;  // Keys with a deadline.
  uint64_t expired = 0;  // Of those, keys whose deadline has passed.
  uint64_t functions = 0;
  uint64_t module_values = 0;            // Keys whose value only a module can read.
  std::string_view checksum = "unseen";  // Or "none", "right" or "wrong".
  std::string error{};                   // Empty: the file is whole.
  uint64_t error_offset = 0;
};

class RdbCheck {
 public:
  RdbCheck(DiskFile& file, std::string_view name, Instant now, const CheckPrint& print)
      : file_(file), now_(now), print_(print) {
    content_.name = name;
  }

  const RdbContent& run() {
    say(0, fmt::format("Checking RDB file {}", content_.name));
    read();
    note_part_of_entry();
    content_.bytes = reader_.offset();
    content_.version = reader_.version();
    content_.dialect = reader_.dialect();
    if (content_.error.empty()) {
      say(content_.bytes, R"(\o/ RDB looks OK! \o/)");
    } else {
      say_error();
    }
    print_(fmt::format("[info] {} keys read\n[info] {} expires\n[info] {} already expired\n",
                       content_.keys, content_.expires, content_.expired));
    return content_;
  }

 private:
  void say(uint64_t offset, std::string_view text) {
    print_(fmt::format("[offset {}] {}\n", offset, text));
  }

  void say_error() {
    print_("--- RDB ERROR DETECTED ---\n");
    say(content_.error_offset, content_.error);
    print_(fmt::format("[additional info] While doing: {}\n", doing()));
    if (key_) print_(fmt::format("[additional info] Reading key '{}'\n", *key_));
    if (const std::optional<rdb::Type> type = type_ ? type_ : reader_.type_inside())
      print_(fmt::format("[additional info] Reading type {} ({})\n", static_cast<unsigned>(*type),
                         name_of(*type)));
  }

  std::string_view doing() const {
    if (reader_.version() == 0) return "start";
    if (reader_.has_ended()) return "check-sum";
    return type_ || reader_.type_inside() ? "read-object-value" : "read-type";
  }

  void fail(uint64_t offset, std::string_view why) {
    content_.error = why;
    content_.error_offset = offset;
  }

  void read() {
    std::string piece(kReadBytes, '\0');
    for (uint64_t at = 0; content_.error.empty() && !reader_.has_ended();) {
      const Result<size_t> got = file_.read(at, piece.data(), piece.size());
      if (!got.ok()) return fail(at, got.error().message());
      if (*got == 0) {
        const Status whole = reader_.finish();
        return fail(at, whole.ok() ? "The file is cut short" : whole.error().message());
      }
      at += *got;
      reader_.feed(std::string_view(piece).substr(0, *got));
      take_events();
    }
  }

  // As redis-check-rdb: a key whose value is not whole counts as read.
  void note_part_of_entry() {
    if (content_.error.empty() || key_) return;
    key_ = reader_.key_inside();
    if (key_) ++content_.keys;
  }

  void take_events() {
    while (content_.error.empty() && !reader_.has_ended()) {
      const Result<std::optional<rdb::FileEvent>> event = reader_.next();
      if (!event.ok()) return fail_in_file(event.error());
      if (!*event) return;
      std::visit([this](const auto& it) { take(it); }, **event);
    }
  }

  void fail_in_file(const Error& error) {
    if (!reader_.has_ended()) return fail(reader_.scanned_offset(), error.message());
    content_.checksum = "wrong";
    fail(reader_.scanned_offset(), "RDB CRC error");
  }

  void take(const rdb::FileAux& aux) {
    say(reader_.offset(), fmt::format("AUX FIELD {} = '{}'", aux.name, aux.value));
  }
  void take(const rdb::FileFunction&) { ++content_.functions; }
  void take(const rdb::FileSelectDb& select) {
    say(reader_.offset(), fmt::format("Selecting DB ID {}", select.db));
  }
  void take(const rdb::FileResizeDb&) {}
  void take(const rdb::FileModuleAux&) {
    say(reader_.offset(), "MODULE AUX: data of a module, passed over");
  }

  void take(const rdb::FileEntry& entry) {
    ++content_.keys;
    if (entry.deadline_ms) {
      ++content_.expires;
      if (*entry.deadline_ms < to_ms(now_)) ++content_.expired;
    }
    if (entry.type == rdb::Type::kModule2) {
      ++content_.module_values;
      return;
    }
    const Result<rdb::Value> value =
        rdb::read_value(entry.type, reader_.dialect(), entry.value, options_);
    if (value.ok()) return;
    key_ = entry.key;
    type_ = entry.type;
    fail(entry.value_offset, value.error().message());
  }

  void take(const rdb::FileEnd& end) {
    content_.checksum = end.has_checksum ? "right" : "none";
    say(reader_.offset(), end.has_checksum ? "Checksum OK"
                                           : "RDB file was saved with checksum disabled: no check "
                                             "performed.");
  }

  DiskFile& file_;
  Instant now_;
  const CheckPrint& print_;
  rdb::FileReader reader_;
  rdb::ReadOptions options_;
  RdbContent content_;
  // Of the value that is damaged.
  std::optional<std::string> key_;
  std::optional<rdb::Type> type_;
};

std::string print_json(const RdbContent& content) {
  return fmt::format(
      "{{\"valid\":{},\"error\":{},\"error_offset\":{},\"name\":{},\"bytes\":{},\"format\":\"{}\","
      "\"version\":{},\"checksum\":\"{}\",\"keys\":{},\"expires\":{},\"already_expired\":{},"
      "\"functions\":{},\"module_values\":{}}}\n",
      content.error.empty(), json_string(content.error), content.error_offset,
      json_string(content.name), content.bytes,
      content.dialect == rdb::Dialect::kValkey ? "valkey" : "redis", content.version,
      content.checksum, content.keys, content.expires, content.expired, content.functions,
      content.module_values);
}

}  // namespace

Result<uint64_t> check_rdb_part(DiskFile& file, std::string_view name, Instant now,
                                const CheckPrint& print) {
  RdbCheck check(file, name, now, print);
  const RdbContent& content = check.run();
  if (!content.error.empty()) return Error::text(content.error);
  return content.bytes;
}

int check_rdb(Disk& disk, const CheckRdbRequest& request, const CheckPrint& print) {
  const CheckPrint text = request.as_json ? CheckPrint([](std::string_view) {}) : print;
  RdbContent content{.name = request.path};
  Result<std::unique_ptr<DiskFile>> file = disk.open(request.path, Disk::Access::kRead);
  if (file.ok()) {
    content = RdbCheck(**file, request.path, request.now, text).run();
  } else {
    content.error = file.error().message();
    text(fmt::format("Cannot open file: {}\n", content.error));
  }
  if (request.as_json) print(print_json(content));
  return content.error.empty() ? 0 : 1;
}

}  // namespace kvstash::persist
