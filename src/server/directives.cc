#include "server/directives.h"

#include "base/glob.h"
#include "base/text.h"
#include "server/directives_rows.h"

#include <algorithm>
#include <set>

namespace kvstash::server {
namespace {

bool has_name(const Directive& row, std::string_view name) {
  return equals_ignore_case(row.name, name) ||
         (!row.alias.empty() && equals_ignore_case(row.alias, name));
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("[*?") != std::string_view::npos;
}

// The reason why CONFIG SET may not set this row at all; empty if it may.
std::string_view refusal(const Directive& row, bool is_unchanged, SetRights rights) {
  if (row.is(kImmutable) && !(row.is(kOursImmutable) && is_unchanged))
    return "can't set immutable config";
  if (row.is(kProtected) && !rights.protected_allowed) return "can't set protected config";
  return {};
}

// The rows that `pairs` name, in order. The error says why one of them may not be set.
Result<std::vector<const Directive*>> settable_rows(const ServerOptions& options, Words pairs,
                                                    SetRights rights) {
  std::vector<const Directive*> rows;
  std::set<std::string> seen;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const std::string_view name = pairs[i];
    const Directive* row = find_directive(name);
    if (row == nullptr)
      return Error::text("ERR Unknown option or number of arguments for CONFIG SET - '" +
                         std::string(name) + "'");
    const bool is_unchanged = read_value(options, *row) == pairs[i + 1];
    const std::string_view refused = refusal(*row, is_unchanged, rights);
    if (!refused.empty()) return config_set_error(name, refused);
    if (rights.loading && row->is(kDenyLoading))
      return Error::literal("LOADING Redis is loading the dataset in memory");
    if (!seen.insert(to_lower(name)).second) return config_set_error(name, "duplicate parameter");
    rows.push_back(row);
  }
  return rows;
}

// Collects the answer of CONFIG GET, with each name once.
class Matches {
 public:
  explicit Matches(const ServerOptions& options) : options_(options) {}

  void add_exact(std::string_view name) {
    const Directive* row = find_directive(name);
    if (row != nullptr) add(name, *row);
  }

  void add_matching(std::string_view pattern) {
    for (const DirectiveGroup& group : directive_groups())
      for (const Directive& row : group.rows)
        if (!row.is(kHidden)) add_names(pattern, row);
  }

  std::vector<NamedValue> take() { return std::move(found_); }

 private:
  void add_names(std::string_view pattern, const Directive& row) {
    if (glob_match(pattern, row.name, true)) add(row.name, row);
    if (!row.alias.empty() && glob_match(pattern, row.alias, true)) add(row.alias, row);
  }

  void add(std::string_view name, const Directive& row) {
    if (names_.insert(to_lower(name)).second)
      found_.push_back({std::string(name), get(options_, row)});
  }

  const ServerOptions& options_;
  std::set<std::string> names_;
  std::vector<NamedValue> found_;
};

}  // namespace

std::span<const DirectiveGroup> directive_groups() {
  static const DirectiveGroup groups[] = {
      process_directives(),  network_directives(),  tls_directives(),
      client_directives(),   memory_directives(),   encoding_directives(),
      snapshot_directives(), aof_directives(),      replication_directives(),
      cluster_directives(),  security_directives(), introspection_directives(),
      inert_directives(),    testing_directives(),
  };
  return groups;
}

const Directive* find_directive(std::string_view name) {
  for (const DirectiveGroup& group : directive_groups())
    for (const Directive& row : group.rows)
      if (has_name(row, name)) return &row;
  return nullptr;
}

std::string get(const ServerOptions& options, const Directive& directive) {
  return read_value(options, directive);
}

Status set(ServerOptions& options, const Directive& directive, Words words, SetFrom from) {
  // Several words may be quoted as one: in CONFIG SET, and in a line of a file.
  if (!directive.is(kMultiArg) || words.size() != 1)
    return write_value(options, directive, words, from);
  std::vector<std::string_view> pieces;
  if (!words[0].empty()) pieces = split(words[0], ' ');
  return write_value(options, directive, pieces, from);
}

std::vector<NamedValue> match(const ServerOptions& options, Words patterns) {
  Matches matches(options);
  for (const std::string_view pattern : patterns) {
    if (is_pattern(pattern)) {
      matches.add_matching(pattern);
    } else {
      matches.add_exact(pattern);
    }
  }
  return matches.take();
}

Result<ServerOptions> apply(const ServerOptions& options, Words pairs, SetRights rights) {
  if (pairs.size() % 2 != 0) return Error::literal("ERR syntax error");
  const Result<std::vector<const Directive*>> rows = settable_rows(options, pairs, rights);
  if (!rows.ok()) return rows.error();

  ServerOptions changed = options;
  for (size_t i = 0; i < rows->size(); ++i) {
    const Status done = set(changed, *(*rows)[i], pairs.subspan(2 * i + 1, 1), SetFrom::kCommand);
    if (!done.ok()) return config_set_error(pairs[2 * i], done.error().message());
  }
  return changed;
}

Error config_set_error(std::string_view name, std::string_view reason) {
  return Error::text("ERR CONFIG SET failed (possibly related to argument '" + std::string(name) +
                     "') - " + std::string(reason));
}

}  // namespace kvstash::server
