// Libraries: the function libraries of FUNCTION LOAD, for all shards.
//
// They change only while every shard is held, so every shard reads them without a lock. Each
// library has a unique number, by which a shard sees that its compiled library is out of date.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kvstash::scripting {

struct Function {
  std::string name;
  std::optional<std::string> description;
  uint32_t flags = 0;  // ScriptFlags.
};

struct Library {
  std::string name;
  std::string code;  // Includes the first line.
  std::vector<Function> functions;
  uint64_t number = 0;
};

// The parsed first line of a library, "#!lua name=...".
struct LibraryHeader {
  std::string name;
  size_t bytes = 0;  // Size without the line feed.
};
Result<LibraryHeader> parse_library_header(std::string_view code);

// Whether the name of a library or function is valid: only letters, digits and underscores.
bool is_library_name(std::string_view name);

// Hash and equality for names of functions, which ignore case. Names of libraries do not.
struct HashAnyCase {
  size_t operator()(std::string_view name) const;
};
struct EqualAnyCase {
  bool operator()(std::string_view a, std::string_view b) const;
};

class Libraries {
 public:
  // A function, and the library that it belongs to.
  struct Place {
    const Library* library = nullptr;
    const Function* function = nullptr;
  };

  const Library* find(std::string_view name) const;
  Place find_function(std::string_view name) const;  // Ignores case. Nulls: no such function.
  const std::map<std::string, std::unique_ptr<Library>, std::less<>>& all() const {
    return libraries_;
  }
  size_t size() const { return libraries_.size(); }
  size_t function_count() const;
  size_t bytes() const;

  // ---- While every shard is held.
  // Adds the library and gives it a number. It replaces a library of the same name. Error, and
  // nothing changed: another library has a function of the same name.
  Status add(std::unique_ptr<Library> library);
  bool erase(std::string_view name);
  void clear();
  void swap(Libraries& other);
  uint64_t next_number() { return ++last_number_; }

 private:
  void forget_functions(const Library& library);

  std::map<std::string, std::unique_ptr<Library>, std::less<>> libraries_;
  std::unordered_map<std::string_view, Place, HashAnyCase, EqualAnyCase> functions_;
  uint64_t last_number_ = 0;
};

}  // namespace kvstash::scripting
