#include "bench/command_template.h"

#include "base/text.h"

namespace kvstash::bench {
namespace {

constexpr size_t kNumberDigits = 12;
constexpr size_t kMsDigits = 3;

void write_digits(char* to, size_t digits, uint64_t number) {
  for (size_t i = digits; i > 0; --i) {
    to[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

Result<CommandTemplate> CommandTemplate::parse(std::string_view line, std::string_view payload) {
  const Result<std::vector<std::string>> words = split_args(line);
  if (!words.ok()) return words.error();
  if (words->empty()) return Error::literal("a command has no words");
  CommandTemplate made;
  made.encoded_ = "*" + std::to_string(words->size()) + "\r\n";
  for (const std::string& word : *words)
    made.add_word(word, payload);
  return made;
}

std::optional<CommandTemplate::Kind> CommandTemplate::kind_of_number(std::string_view word) {
  if (word.starts_with("{random}")) return Kind::kRandom;
  if (word.starts_with("{thousand}")) return Kind::kThousand;
  if (word.starts_with("{next}")) return Kind::kNext;
  return std::nullopt;
}

void CommandTemplate::add_word(std::string_view word, std::string_view payload) {
  std::string text;
  std::vector<Place> places;  // Offsets in `text`.
  while (!word.empty()) {
    if (const std::optional<Kind> kind = kind_of_number(word)) {
      places.push_back({text.size(), *kind});
      text.append(kNumberDigits, '0');
    } else if (word.starts_with("{ms}")) {
      places.push_back({text.size(), Kind::kMs});
      text.append(kMsDigits, '0');
    } else if (word.starts_with("{data}")) {
      text.append(payload);
    } else {
      text.push_back(word.front());
      word.remove_prefix(1);
      continue;
    }
    word.remove_prefix(word.find('}') + 1);
  }
  encoded_ += "$" + std::to_string(text.size()) + "\r\n";
  for (const Place& place : places)
    places_.push_back({encoded_.size() + place.offset, place.kind});
  encoded_ += text + "\r\n";
}

void CommandTemplate::append_to(std::string& out, NumberSource& numbers) const {
  const size_t start = out.size();
  out.append(encoded_);
  for (const Place& place : places_) {
    char* to = out.data() + start + place.offset;
    switch (place.kind) {
      case Kind::kRandom:
        write_digits(to, kNumberDigits, numbers.random());
        break;
      case Kind::kThousand:
        write_digits(to, kNumberDigits, numbers.below(1000));
        break;
      case Kind::kNext:
        write_digits(to, kNumberDigits, numbers.next());
        break;
      case Kind::kMs:
        write_digits(to, kMsDigits, 100 + numbers.below(900));
        break;
    }
  }
}

}  // namespace kvstash::bench
