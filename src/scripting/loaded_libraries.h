// LoadedLibraries: the function libraries that one shard has loaded, and the Vm they run in.
//
// A shard loads a library when one of its functions is first called there. Belongs to a shard; used
// on its thread, or while the shard is held.
#pragma once

#include "base/result.h"
#include "scripting/function_register.h"
#include "scripting/libraries.h"
#include "scripting/vm.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kvstash::scripting {

class LoadedLibraries {
 public:
  LoadedLibraries(std::string_view redis_version, const Clock& clock)
      : vm_(VmKind::kFunctions, redis_version, clock) {}

  Vm& vm() { return vm_; }

  // Loads the code of a new library and returns its description, without a number. The loaded code
  // is dropped: it is loaded again when one of its functions is called.
  Result<std::unique_ptr<Library>> try_load(std::string_view code);

  // The callback of a function, as a reference in the Vm. Loads the library if its present version
  // is not loaded.
  Result<int> callback_of(const Libraries::Place& place);

 private:
  struct Loaded {
    uint64_t number = 0;
    std::unordered_map<std::string, int> callbacks;
  };

  Result<std::vector<RegisteredFunction>> run_code(std::string_view code, size_t header_bytes);
  void forget(Loaded& loaded);

  Vm vm_;
  std::unordered_map<std::string, Loaded> libraries_;
};

}  // namespace kvstash::scripting
