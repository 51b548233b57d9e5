// Property: a file that is fed in pieces of any size yields the same as one that is fed at once,
// whatever its bytes are, and each value it yields is read or refused.
//
// Input: the size of the pieces, then the bytes of the file.
#include "base/ensure.h"
#include "persist/rdb/file_reader.h"
#include "persist/rdb/value_reader.h"
#include "support/rdb_values.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using kvstash::ensure;
using namespace kvstash;
using namespace kvstash::persist::rdb;

struct Seen {
  std::vector<std::string> events;
  std::string error;

  bool operator==(const Seen&) const = default;
};

std::string text_of(const FileEvent& event) {
  std::string text = std::to_string(event.index());
  if (const auto* entry = std::get_if<FileEntry>(&event)) {
    text += std::string(entry->key) + "=" + std::string(entry->value);
    text += std::to_string(entry->deadline_ms.value_or(-1)) + "," +
            std::to_string(entry->idle_s.value_or(0)) + "," +
            std::to_string(entry->frequency.value_or(0));
  } else if (const auto* aux = std::get_if<FileAux>(&event)) {
    text += std::string(aux->name) + "=" + std::string(aux->value);
  }
  return text;
}

void decode(const FileEvent& event, Dialect dialect) {
  const auto* entry = std::get_if<FileEntry>(&event);
  if (entry == nullptr) return;
  const ReadOptions options = test::rdb_options(test::Extreme::kUsual);
  static_cast<void>(read_value(entry->type, dialect, entry->value, options));
}

Seen read_in_pieces(std::string_view bytes, size_t piece, bool decodes) {
  FileReader reader(false);
  Seen seen;
  for (size_t at = 0;;) {
    for (;;) {
      const Result<std::optional<FileEvent>> event = reader.next();
      if (!event.ok()) {
        seen.error = event.error().message();
        return seen;
      }
      if (!event->has_value()) break;
      seen.events.push_back(text_of(**event));
      if (decodes) decode(**event, reader.dialect());
    }
    if (at == bytes.size()) break;
    const std::string_view part = bytes.substr(at, piece);
    reader.feed(part);
    at += part.size();
  }
  const Status status = reader.finish();
  if (!status.ok()) seen.error = status.error().message();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<char> block(data + 1, data + size);  // Its own, for the sanitizer.
  const std::string_view bytes(block.data(), block.size());
  const Seen whole = read_in_pieces(bytes, std::max<size_t>(bytes.size(), 1), true);
  ensure(read_in_pieces(bytes, size_t{data[0]} + 1, false) == whole);
  return 0;
}
