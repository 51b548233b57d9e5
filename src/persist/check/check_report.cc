#include "persist/check/check_report.h"

#include <fmt/format.h>

namespace kvstash::persist {
namespace {

std::string json_number(const std::optional<uint64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

std::string json_file(const CheckedFile& file) {
  return fmt::format(
      R"({{"name":{},"role":"{}","format":"{}","bytes":{},"sound_bytes":{},"units":{},)"
      R"("result":"{}","error":{},"error_offset":{},"lsn_begin":{},"lsn_end":{},"synced":{}}})",
      json_string(file.name), file.role, file.format, file.bytes, file.sound_bytes, file.units,
      file.result, json_string(file.error), file.error_offset, json_number(file.lsn_begin),
      json_number(file.lsn_end), json_number(file.synced));
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < ' ' || byte >= 127) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string print_json(const CheckReport& report, bool is_valid) {
  std::string files;
  for (const CheckedFile& file : report.files)
    files.append(files.empty() ? "" : ",").append(json_file(file));
  return fmt::format("{{\"valid\":{},\"error\":{},\"files\":[{}]}}\n", is_valid,
                     json_string(report.error), files);
}

}  // namespace kvstash::persist
