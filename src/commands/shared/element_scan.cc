#include "commands/shared/element_scan.h"

#include "base/glob.h"
#include "base/numbers.h"
#include "commands/shared/packed_reply.h"

#include <string>

namespace kvstash::commands {

namespace errors = engine::errors;

Result<ElementScanOptions> parse_element_scan(engine::ArgReader args, NoValues no_values) {
  ElementScanOptions options;
  while (!args.done()) {
    if (args.take_with("COUNT")) {
      const Result<int64_t> count = args.integer();
      if (!count.ok()) return count.error();
      if (*count < 1) return errors::syntax();
      options.count = static_cast<size_t>(*count);
    } else if (args.take_with("MATCH")) {
      options.pattern = args.next();
    } else if (no_values == NoValues::kAllowed && args.take("NOVALUES")) {
      options.has_values = false;
    } else {
      return errors::syntax();
    }
  }
  return options;
}

bool ElementScan::wants(store::PackedValue name) {
  ++seen_;
  if (options_->pattern == "*") return true;
  char scratch[kInt64CharsMax];
  return glob_match(options_->pattern, name.string(scratch));
}

void ElementScan::add(store::PackedValue value) {
  reply_value(*to_, value);
  ++replied_;
}

// Completes the reply. The cursor stands before the elements, but is known only after them.
void ElementScan::finish(store::ScanPosition next) {
  to_->end_array(begin_, replied_);
  char digits[kInt64CharsMax];
  const std::string_view cursor(digits, format_uint64(digits, static_cast<uint64_t>(next)));
  std::string head = "*2\r\n$" + std::to_string(cursor.size()) + "\r\n";
  head.append(cursor).append("\r\n");
  to_->buffer().insert(static_cast<size_t>(begin_), head);
}

}  // namespace kvstash::commands
