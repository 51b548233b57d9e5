// The parsed arguments of SORT, and its patterns taken apart.
//
// A pattern names a key, or a field of a hash, for each element: "weight:*", "user:*->name". "#"
// means the element itself; any other pattern without a star names nothing. Views of the arguments,
// valid as long as those. Pure; any thread.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::commands {

class SortPattern {
 public:
  explicit SortPattern(std::string_view text);

  bool is_element() const { return kind_ == Kind::kElement; }
  bool names_keys() const { return kind_ == Kind::kKey; }
  bool has_field() const { return !field_.empty(); }
  std::string_view field() const { return field_; }

  // Writes the name of the element's key to `name`. Call it only if names_keys().
  void key_for(std::string_view element, std::string& name) const;

 private:
  enum class Kind : uint8_t { kElement, kKey, kNothing };

  Kind kind_;
  std::string_view prefix_;
  std::string_view suffix_;
  std::string_view field_;
};

struct SortOptions {
  bool is_descending = false;
  bool is_alpha = false;
  bool keeps_order = false;       // BY without a star: the elements are not sorted.
  std::optional<SortPattern> by;  // Set only if the pattern names keys.
  std::vector<SortPattern> gets;
  size_t store_at = 0;  // Index of the destination's argument; 0: none.
  int64_t offset = 0;
  int64_t count = -1;  // Negative: no limit.

  // Whether keys are read whose names depend on the elements.
  bool reads_other_keys() const;
};

enum class SortStore : uint8_t { kRefused, kAllowed };
enum class SortPatterns : uint8_t { kRefused, kAllowed };

// Parses a whole command. Patterns are refused to users who may not read every key. After an error
// `options` has what was parsed before it.
Status parse_sort_options(std::span<const std::string_view> argv, SortStore store,
                          SortPatterns patterns, SortOptions& options);

// The elements that LIMIT leaves of `size`: first .. first + count - 1.
struct SortRange {
  size_t first = 0;
  size_t count = 0;
};
SortRange sort_range(const SortOptions& options, size_t size);

}  // namespace kvstash::commands
