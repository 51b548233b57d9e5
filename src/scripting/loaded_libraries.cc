#include "scripting/loaded_libraries.h"

namespace kvstash::scripting {
namespace {

constexpr const char* kChunkName = "@user_function";

}  // namespace

Result<std::vector<RegisteredFunction>> LoadedLibraries::run_code(std::string_view code,
                                                                  size_t header_bytes) {
  std::vector<RegisteredFunction> functions;
  Status loaded = vm_.load(code.substr(header_bytes), kChunkName, functions);
  if (loaded.ok()) return functions;
  for (const RegisteredFunction& entry : functions)
    vm_.forget(entry.reference);
  return loaded.error();
}

Result<std::unique_ptr<Library>> LoadedLibraries::try_load(std::string_view code) {
  const Result<LibraryHeader> header = parse_library_header(code);
  if (!header.ok()) return header.error();
  const Result<std::vector<RegisteredFunction>> functions = run_code(code, header->bytes);
  if (!functions.ok()) return functions.error();
  if (functions->empty()) return Error::literal("ERR No functions registered");
  auto library = std::make_unique<Library>();
  library->name = header->name;
  library->code = code;
  for (const RegisteredFunction& entry : *functions) {
    vm_.forget(entry.reference);
    library->functions.push_back(entry.function);
  }
  return library;
}

void LoadedLibraries::forget(Loaded& loaded) {
  for (const auto& [name, reference] : loaded.callbacks)
    vm_.forget(reference);
  loaded.callbacks.clear();
}

Result<int> LoadedLibraries::callback_of(const Libraries::Place& place) {
  Loaded& loaded = libraries_[place.library->name];
  if (loaded.number != place.library->number) {
    forget(loaded);
    const Result<LibraryHeader> header = parse_library_header(place.library->code);
    ensure(header.ok());
    const Result<std::vector<RegisteredFunction>> functions =
        run_code(place.library->code, header->bytes);
    if (!functions.ok()) return functions.error();
    for (const RegisteredFunction& entry : *functions)
      loaded.callbacks.emplace(entry.function.name, entry.reference);
    loaded.number = place.library->number;
  }
  const auto at = loaded.callbacks.find(place.function->name);
  // A library is a program, and may register other functions each time it is loaded.
  if (at == loaded.callbacks.end()) return Error::literal("ERR Function not found");
  return at->second;
}

}  // namespace kvstash::scripting
