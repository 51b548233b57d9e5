#include "scripting/libraries.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace kvstash::scripting {
namespace {

constexpr std::string_view kNameOption = "name=";

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool is_library_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_name_char);
}

Result<LibraryHeader> parse_library_header(std::string_view code) {
  if (!code.starts_with("#!")) return Error::literal("ERR Missing library metadata");
  const size_t end = code.find('\n');
  if (end == std::string_view::npos) return Error::literal("ERR Invalid library metadata");
  const std::string_view line = code.substr(0, end);
  const Result<std::vector<std::string>> words = split_args(line);
  if (!words.ok() || words->empty() || line.find('\0') != std::string_view::npos)
    return Error::literal("ERR Invalid library metadata");
  std::optional<std::string> name;
  for (size_t i = 1; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    if (!equals_ignore_case(std::string_view(word).substr(0, kNameOption.size()), kNameOption))
      return Error::text("ERR Invalid metadata value given: " + word);
    if (name) {
      return Error::literal("ERR Invalid metadata value, name argument was given multiple times");
    }
    name = word.substr(kNameOption.size());
  }
  if (!name) return Error::literal("ERR Library name was not given");
  if (!is_library_name(*name)) {
    return Error::literal(
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at "
        "least one character long");
  }
  const std::string engine = (*words)[0].substr(2);
  if (!equals_ignore_case(engine, "lua"))
    return Error::text("ERR Engine '" + engine + "' not found");
  return LibraryHeader{.name = *std::move(name), .bytes = end};
}

// Computes FNV-1a of the name in lower case.
size_t HashAnyCase::operator()(std::string_view name) const {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(to_lower(c))) * 0x100000001b3;
  return hash;
}

bool EqualAnyCase::operator()(std::string_view a, std::string_view b) const {
  return equals_ignore_case(a, b);
}

const Library* Libraries::find(std::string_view name) const {
  const auto at = libraries_.find(name);
  return at == libraries_.end() ? nullptr : at->second.get();
}

Libraries::Place Libraries::find_function(std::string_view name) const {
  const auto at = functions_.find(name);
  return at == functions_.end() ? Place{} : at->second;
}

size_t Libraries::function_count() const {
  size_t count = 0;
  for (const auto& [name, library] : libraries_)
    count += library->functions.size();
  return count;
}

size_t Libraries::bytes() const {
  size_t bytes = 0;
  for (const auto& [name, library] : libraries_)
    bytes += sizeof(Library) + library->code.size() + library->functions.size() * sizeof(Function);
  return bytes;
}

void Libraries::forget_functions(const Library& library) {
  for (const Function& function : library.functions)
    functions_.erase(function.name);
}

Status Libraries::add(std::unique_ptr<Library> library) {
  const Library* old = find(library->name);
  for (const Function& function : library->functions) {
    const Place taken = find_function(function.name);
    if (taken.library != nullptr && taken.library != old)
      return Error::text("ERR Function " + function.name + " already exists");
  }
  if (old != nullptr) forget_functions(*old);
  library->number = next_number();
  for (const Function& function : library->functions)
    functions_.emplace(function.name, Place{.library = library.get(), .function = &function});
  std::string name = library->name;
  libraries_.insert_or_assign(std::move(name), std::move(library));
  return {};
}

bool Libraries::erase(std::string_view name) {
  const auto at = libraries_.find(name);
  if (at == libraries_.end()) return false;
  forget_functions(*at->second);
  libraries_.erase(at);
  return true;
}

void Libraries::clear() {
  functions_.clear();
  libraries_.clear();
}

// No number is given twice, also after a swap: both objects go on from the larger last number.
void Libraries::swap(Libraries& other) {
  std::swap(libraries_, other.libraries_);
  std::swap(functions_, other.functions_);
  last_number_ = other.last_number_ = std::max(last_number_, other.last_number_);
}

}  // namespace kvstash::scripting
