#include "persist/aof/manifest.h"

#include "base/leading_number.h"
#include "base/numbers.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {
namespace {

Error invalid() {
  return Error::literal("Invalid AOF manifest file format");
}

constexpr std::string_view kEmptyManifest = "# no files yet\n";
constexpr size_t kWordsMin = 6;

// As Redis decides whether a name is quoted.
bool needs_quotes(std::string_view name) {
  return name.empty() || std::any_of(name.begin(), name.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= ' ' || byte >= 127 || c == '\\' || c == '"' || c == '\'';
         });
}

std::string_view trim_line(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

struct Line {
  ManifestFile file;
  char type = 0;
};

Result<Line> parse_line(std::string_view text) {
  Result<std::vector<std::pair<std::string, std::string>>> pairs = parse_manifest_line(text);
  if (!pairs.ok()) return pairs.error();
  Line line;
  for (auto& [key, value] : *pairs) {
    if (key == "file") {
      line.file.name = std::move(value);
    } else if (key == "seq") {
      line.file.seq = leading_number(value);
    } else if (key == "type") {
      line.type = value.empty() ? '\0' : value[0];
    } else if (key == "bytes") {
      line.file.bytes = parse_uint64(value);
      if (!line.file.bytes) return invalid();
    }
  }
  if (line.file.name.empty() || line.file.seq == 0 || line.type == 0) return invalid();
  return line;
}

Status add_line(Manifest& manifest, Line line) {
  if (line.type != 'i') line.file.bytes.reset();  // Only of an increment a part may count.
  switch (line.type) {
    case 'b':
      if (manifest.base) return Error::literal("Found duplicate base file information");
      manifest.base = std::move(line.file);
      return {};
    case 'h':
      manifest.history.push_back(std::move(line.file));
      return {};
    case 'i': {
      const int64_t last = manifest.increments.empty() ? 0 : manifest.increments.back().seq;
      if (line.file.seq <= last) return Error::literal("Found a non-monotonic sequence number");
      manifest.increments.push_back(std::move(line.file));
      return {};
    }
    default:
      return Error::literal("Unknown AOF file type");
  }
}

Error in_line(size_t number, std::string_view line, std::string_view why) {
  return Error::text("Reading the manifest file, at line " + std::to_string(number) + ": >>> '" +
                     std::string(trim_line(line)) + "': " + std::string(why));
}

}  // namespace

std::string print_manifest_line(const ManifestFile& file, char type, std::string_view extra) {
  std::string line = "file " + (needs_quotes(file.name) ? quote(file.name) : file.name);
  line.append(" seq ").append(std::to_string(file.seq)).append(" type ");
  line += type;
  return line.append(extra).append("\n");
}

std::string print_manifest(const Manifest& manifest) {
  std::string text;
  if (manifest.base) text += print_manifest_line(*manifest.base, 'b');
  for (const ManifestFile& file : manifest.history)
    text += print_manifest_line(file, 'h');
  for (const ManifestFile& file : manifest.increments)
    text += print_manifest_line(
        file, 'i', file.bytes ? " bytes " + std::to_string(*file.bytes) : std::string());
  return text.empty() ? std::string(kEmptyManifest) : text;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_manifest_line(
    std::string_view text) {
  Result<std::vector<std::string>> words = split_args(trim_line(text));
  if (!words.ok() || words->size() < kWordsMin || words->size() % 2 != 0) return invalid();
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < words->size(); i += 2)
    pairs.emplace_back(to_lower((*words)[i]), std::move((*words)[i + 1]));
  for (const auto& [key, value] : pairs) {
    if (key != "file") continue;
    // The name is opened as it stands here, so it must not lead elsewhere or hide its end.
    if (value.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos || value == "." ||
        value == "..")
      return Error::literal("File can't be a path, just a filename");
  }
  return pairs;
}

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.empty()) return Error::literal("Found an empty AOF manifest");
  Manifest manifest;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool is_too_long = end == std::string_view::npos || end >= kManifestLineBytesMax;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('#')) continue;
    if (is_too_long)
      return in_line(number, line.substr(0, kManifestLineBytesMax),
                     "The AOF manifest file contains too long line");
    Result<Line> parsed = parse_line(line);
    if (!parsed.ok()) return in_line(number, line, parsed.error().message());
    if (Status added = add_line(manifest, *std::move(parsed)); !added.ok())
      return in_line(number, line, added.error().message());
  }
  return manifest;
}

}  // namespace kvstash::persist
