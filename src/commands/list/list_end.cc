#include "commands/list/list_end.h"

#include "base/text.h"
#include "engine/command/errors.h"

namespace kvstash::commands {

Result<store::ListEnd> parse_list_end(std::string_view word) {
  if (equals_ignore_case(word, "LEFT")) return store::ListEnd::kHead;
  if (equals_ignore_case(word, "RIGHT")) return store::ListEnd::kTail;
  return engine::errors::syntax();
}

}  // namespace kvstash::commands
