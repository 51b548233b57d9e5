// Property: a configuration that is read is written so that it reads back as the same, into any
// file; and a hello message that is read is printed as it was.
#include "base/ensure.h"
#include "sentinel/config_text.h"
#include "sentinel/hello.h"

#include <cstddef>
#include <cstdint>
#include <string>

using kvstash::ensure;
using namespace kvstash::sentinel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto hello = parse_hello(text);
  if (hello) ensure(print_hello(*hello) == text);

  const CanExecute any = [](const std::string&) { return true; };
  auto state = parse_config(text, any);
  if (!state.ok()) {
    ensure(!state.error().message().empty());
    return 0;
  }
  if (state->my_id.empty()) state->my_id = std::string(40, 'a');
  for (const std::string& file : {text, std::string()}) {
    const std::string written = rewrite_config(file, *state);
    const auto again = parse_config(written, any);
    ensure(again.ok() && *again == *state);
    // Writing once more changes no line that says something.
    const auto third = parse_config(rewrite_config(written, *again), any);
    ensure(third.ok() && *third == *state);
  }
  return 0;
}
