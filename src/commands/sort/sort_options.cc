#include "commands/sort/sort_options.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::commands {

namespace errors = engine::errors;

SortPattern::SortPattern(std::string_view text) : kind_(Kind::kNothing) {
  if (text == "#") {
    kind_ = Kind::kElement;
    return;
  }
  const size_t star = text.find('*');
  if (star == std::string_view::npos) return;
  kind_ = Kind::kKey;
  prefix_ = text.substr(0, star);
  suffix_ = text.substr(star + 1);
  // An arrow at the very end is part of the name of the key.
  const size_t arrow = suffix_.find("->");
  if (arrow == std::string_view::npos || arrow + 2 == suffix_.size()) return;
  field_ = suffix_.substr(arrow + 2);
  suffix_ = suffix_.substr(0, arrow);
}

void SortPattern::key_for(std::string_view element, std::string& name) const {
  name.assign(prefix_).append(element).append(suffix_);
}

bool SortOptions::reads_other_keys() const {
  return by.has_value() || std::ranges::any_of(gets, &SortPattern::names_keys);
}

Status parse_sort_options(std::span<const std::string_view> argv, SortStore store,
                          SortPatterns patterns, SortOptions& options) {
  ensure(argv.size() >= 2);
  engine::ArgReader args(argv.subspan(2));
  while (!args.done()) {
    if (args.take("ASC")) {
      options.is_descending = false;
    } else if (args.take("DESC")) {
      options.is_descending = true;
    } else if (args.take("ALPHA")) {
      options.is_alpha = true;
    } else if (args.take_with("LIMIT", 2)) {
      const Result<int64_t> offset = args.integer();
      if (!offset.ok()) return offset.error();
      const Result<int64_t> count = args.integer();
      if (!count.ok()) return count.error();
      options.offset = *offset;
      options.count = *count;
    } else if (store == SortStore::kAllowed && args.take_with("STORE")) {
      options.store_at = argv.size() - args.left();
      args.next();
    } else if (args.take_with("BY")) {
      const SortPattern by(args.next());
      if (!by.names_keys()) {
        options.keeps_order = true;
        continue;
      }
      if (patterns == SortPatterns::kRefused) {
        return Error::literal("ERR BY option of SORT denied due to insufficient ACL permissions.");
      }
      options.by = by;
    } else if (args.take_with("GET")) {
      if (patterns == SortPatterns::kRefused) {
        return Error::literal("ERR GET option of SORT denied due to insufficient ACL permissions.");
      }
      options.gets.emplace_back(args.next());
    } else {
      return errors::syntax();
    }
  }
  if (options.keeps_order) options.by.reset();
  return {};
}

SortRange sort_range(const SortOptions& options, size_t size) {
  const size_t first =
      options.offset <= 0 ? 0 : std::min(static_cast<size_t>(options.offset), size);
  const size_t left = size - first;
  return {.first = first,
          .count = options.count < 0 ? left : std::min(static_cast<size_t>(options.count), left)};
}

}  // namespace kvstash::commands
