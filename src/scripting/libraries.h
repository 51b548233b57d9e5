// Libraries: the function libraries of FUNCTION LOAD, for all shards.
//
// Changed only while every shard is held, so every shard reads them without a lock. Each library
// has a number of its own, by which a shard sees that what it compiled is out of date.
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
  std::string code;  // With its first line.
  std::vector<Function> functions;
  uint64_t number = 0;
};

// The first line of a library, "#!lua name=...", taken apart.
struct LibraryHeader {
  std::string name;
  size_t bytes = 0;  // Without its line feed.
};
Result<LibraryHeader> parse_library_header(std::string_view code);

// Letters, digits and underscores: the names of libraries and functions.
bool is_library_name(std::string_view name);

// Functions are found whatever the case of their names, libraries are not.
struct HashAnyCase {
  size_t operator()(std::string_view name) const;
};
struct EqualAnyCase {
  bool operator()(std::string_view a, std::string_view b) const;
};

class Libraries {
 public:
  // Where a function is found.
  struct Place {
    const Library* library = nullptr;
    const Function* function = nullptr;
  };

  const Library* find(std::string_view name) const;
  Place find_function(std::string_view name) const;  // In any case. Nulls: there is none.
  const std::map<std::string, std::unique_ptr<Library>, std::less<>>& all() const {
    return libraries_;
  }
  size_t size() const { return libraries_.size(); }
  size_t function_count() const;
  size_t bytes() const;

  // ---- While every shard is held.
  // Gives the library its number. Error, and nothing changed: a function's name is taken by
  // another library. A library of this name is replaced.
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
