#include "server/yaml_config.h"

#include <yaml-cpp/yaml.h>

namespace kvstash::server {
namespace {

constexpr int kDepthMax = 16;
constexpr size_t kLinesMax = 10'000;

Error bad_yaml(const YAML::Mark& at, const std::string& reason) {
  return Error::text("YAML line " + std::to_string(at.line + 1) + ": " + reason);
}

std::string text_of(const YAML::Node& node) {
  return node.IsNull() ? "" : node.Scalar();
}

// Walks the tree and collects its lines. Their number is bounded, because aliases let a short text
// stand for a huge one.
class Collector {
 public:
  Status add_map(const std::string& prefix, const YAML::Node& map, int depth) {
    if (depth > kDepthMax) return bad_yaml(map.Mark(), "nested too deeply");
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return bad_yaml(map.Mark(), "a key must be a plain word");
      const std::string name =
          prefix.empty() ? entry.first.Scalar() : prefix + '-' + entry.first.Scalar();
      Status added = add_value(name, entry.first.Mark(), entry.second, depth);
      if (!added.ok()) return added;
    }
    return {};
  }

  std::vector<YamlLine> take() { return std::move(lines_); }

 private:
  // `at` is the place of the name, because an empty value has no place of its own.
  Status add_value(const std::string& name, const YAML::Mark& at, const YAML::Node& value,
                   int depth) {
    if (value.IsMap()) return add_map(name, value, depth + 1);
    if (!value.IsSequence()) return add_line(at, {name, text_of(value)});
    if (value.size() == 0 || !value[0].IsSequence()) return add_list(name, at, value);
    for (const YAML::Node& line : value) {
      Status added = add_list(name, line.Mark(), line);
      if (!added.ok()) return added;
    }
    return {};
  }

  Status add_list(const std::string& name, const YAML::Mark& at, const YAML::Node& list) {
    if (!list.IsSequence()) return bad_yaml(at, "lists and words do not mix");
    std::vector<std::string> words = {name};
    for (const YAML::Node& item : list) {
      if (!item.IsScalar() && !item.IsNull())
        return bad_yaml(item.Mark(), "a list of lists of plain words at most");
      words.push_back(text_of(item));
    }
    if (words.size() == 1) words.push_back("");  // `save: []` is a directive with an empty value.
    return add_line(at, std::move(words));
  }

  Status add_line(const YAML::Mark& at, std::vector<std::string> words) {
    if (lines_.size() == kLinesMax) return bad_yaml(at, "too many directives");
    lines_.push_back({at.line + 1, std::move(words)});
    return {};
  }

  std::vector<YamlLine> lines_;
};

Result<std::vector<YamlLine>> collect(const YAML::Node& root) {
  if (root.IsNull()) return std::vector<YamlLine>{};
  if (!root.IsMap()) return Error::literal("YAML: directives must be a mapping of name to value");
  Collector collector;
  const Status done = collector.add_map("", root, 0);
  if (!done.ok()) return Error::text(std::string(done.error().message()));
  return collector.take();
}

}  // namespace

Result<std::vector<YamlLine>> parse_yaml_config(std::string_view text) {
  try {
    return collect(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& failed) {
    return bad_yaml(failed.mark, failed.msg);
  }
}

}  // namespace kvstash::server
