// LoadedLibraries: the function libraries as one shard has loaded them, and the Vm they run in.
//
// A library is loaded by a shard when one of its functions is first called there. Belongs to a
// shard; used on its thread, or while that is held.
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

  // Loads the code of a new library, and says what it is: all but its number. Nothing of it stays
  // here until it is called.
  Result<std::unique_ptr<Library>> try_load(std::string_view code);

  // The callback of a function in the Vm; loads its library if it is not the one loaded.
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
