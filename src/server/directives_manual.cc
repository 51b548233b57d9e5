#include "server/directives_manual.h"

#include "base/text.h"
#include "server/directives.h"

#include <string_view>

namespace kvstash::server {
namespace {

constexpr size_t kLineWidth = 96;

constexpr std::string_view kIntroduction =
    "kvstash.conf: every option, with its default and its why. Start with it as it is and nothing "
    "changes; or keep only the lines that differ in a file of your own.";

constexpr std::string_view kSyntax =
    "One directive a line: a name, then words. Words with blanks go in \"double\" or 'single' "
    "quotes. `include path` reads another file, or several if the path is a pattern. The "
    "environment (KVSTASH_TLS_PORT=7000) wins over this file, and the command line (--tls-port "
    "7000) over both. CONFIG SET changes what is not marked \"at start only\", and CONFIG REWRITE "
    "brings the file up to date.";

// Formats `text` as comment lines, broken at blanks.
std::string comment(std::string_view text) {
  std::string result;
  std::string line = "#";
  for (const std::string_view word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      result += line + '\n';
      line = "#";
    }
    line += ' ';
    line += word;
  }
  return result + line + '\n';
}

std::string rule(std::string_view title) {
  std::string line = "# ---- " + std::string(title) + ' ';
  line.resize(kLineWidth, '-');
  return line + '\n';
}

// Remarks that follow from the row's flags, alias and inertness, for the end of its comment.
std::string remarks(const Directive& row) {
  std::string text;
  if (row.is(kImmutable)) text += " At start only.";
  if (row.is(kProtected)) text += " Protected: see enable-protected-configs.";
  if (!row.alias.empty()) text += " Also called " + std::string(row.alias) + ".";
  if (!row.inert.empty()) text += " No effect: " + std::string(row.inert) + ".";
  return text;
}

std::string default_line(const Directive& row) {
  if (row.name == "replicaof") return "# replicaof 192.0.2.1 6379\n";  // Unset by default.
  const std::string value = get(ServerOptions{}, row);
  const bool plain = row.is(kMultiArg) || value.find(' ') == std::string::npos;
  return std::string(row.name) + ' ' + (value.empty() || !plain ? quote(value) : value) + '\n';
}

}  // namespace

std::string manual_text() {
  std::string text = comment(kIntroduction) + "#\n" + comment(kSyntax);
  for (const DirectiveGroup& group : directive_groups()) {
    text += '\n' + rule(group.title) + "#\n" + comment(group.about);
    for (const Directive& row : group.rows)
      text += '\n' + comment(std::string(row.about) + remarks(row)) + default_line(row);
  }
  return text;
}

}  // namespace kvstash::server
