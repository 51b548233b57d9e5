#include "persist/rdb/file_reader.h"

#include "base/crc64.h"
#include "base/ensure.h"
#include "base/numbers.h"
#include "base/text.h"
#include "persist/rdb/decoder.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist::rdb {
namespace {

constexpr size_t kHeaderBytes = 9;
constexpr unsigned kSumVersionMin = 5;  // Older files end without a checksum.
constexpr uint8_t kSlotInfo = 244;      // Sizes of slots of a cluster, which are no news here.

// What follows a code that is no type; nothing: the code is unknown.
std::optional<std::string_view> layout_of_code(uint8_t code, unsigned version) {
  if (code == kSlotInfo) return "lll";
  if (code < kOpcodeMin) return std::nullopt;
  switch (static_cast<Opcode>(code)) {
    case Opcode::kFunction2:
      return "s";
    case Opcode::kModuleAux:
      return "lllm";
    case Opcode::kIdle:
    case Opcode::kSelectDb:
      return "l";
    case Opcode::kFreq:
      return "1";
    case Opcode::kAux:
      return "ss";
    case Opcode::kResizeDb:
      return "ll";
    case Opcode::kExpireMillis:
      return "8";
    case Opcode::kExpireSeconds:
      return "4";
    case Opcode::kEnd:
      return version >= kSumVersionMin ? "8" : "";
    case Opcode::kFunctionEarly:
      break;
  }
  return std::nullopt;
}

// The number in a header behind its magic; it may have leading zeros. Zero: it is no number.
unsigned version_in(std::string_view digits) {
  unsigned version = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return 0;
    version = 10 * version + static_cast<unsigned>(digit - '0');
  }
  return version;
}

}  // namespace

void FileReader::feed(std::string_view bytes) {
  converted_.clear();
  constexpr size_t kKeptBytesMax = size_t{16} << 20;
  sum_up_to(at_);
  dropped_ += at_;
  if (at_ == buffer_.size() && buffer_.capacity() > kKeptBytesMax) {
    buffer_ = std::string();
  } else {
    buffer_.erase(0, at_);
  }
  scanned_ -= at_;
  value_at_ -= std::min(value_at_, at_);
  at_ = 0;
  summed_ = 0;
  buffer_ += bytes;
}

// Long stretches cost less than many short ones.
void FileReader::sum_up_to(size_t end) {
  if (!checks_sum_) return;
  sum_ = crc64(sum_, std::string_view(buffer_).substr(summed_, end - summed_));
  summed_ = end;
}

Result<std::optional<FileEvent>> FileReader::next() {
  if (version_ == 0 && !read_header()) return stop();
  while (!has_ended_ && error_.empty() && skip_item()) {
    Next event = finish_item();
    if (event) return event;
  }
  return stop();
}

Result<FileReader::Next> FileReader::stop() const {
  if (!error_.empty()) return Error::text(error_);
  return Next();
}

FileReader::Next FileReader::fail(std::string_view why) {
  error_ = "At byte " + std::to_string(dropped_ + scanned_) + " of the file ";
  error_ += why;
  return std::nullopt;
}

std::optional<Type> FileReader::type_inside() const {
  if (!is_inside_ || code_ >= kSlotInfo) return std::nullopt;
  return static_cast<Type>(code_);
}

std::optional<std::string> FileReader::key_inside() const {
  if (!type_inside() || value_layout_) return std::nullopt;
  Decoder from(std::string_view(buffer_).substr(at_ + 1, value_at_ - at_ - 1));
  std::string scratch;
  return std::string(from.string(scratch));
}

Status FileReader::finish() const {
  if (!error_.empty()) return Error::text(error_);
  if (has_ended_) return {};
  return Error::text("The file is cut short at byte " + std::to_string(dropped_ + buffer_.size()));
}

// Returns false if there are too few bytes, or after a failure.
bool FileReader::read_header() {
  constexpr std::string_view kRedis = "REDIS";
  constexpr std::string_view kValkey = "VALKEY";
  const std::string_view bytes = buffer_;
  const std::string_view magic = bytes.substr(0, kHeaderBytes);
  const bool is_valkey = bytes.starts_with(kValkey.substr(0, bytes.size()));
  if (!is_valkey && !bytes.starts_with(kRedis.substr(0, bytes.size()))) {
    fail("there is not what an RDB file begins with");
    return false;
  }
  if (magic.size() < kHeaderBytes) return false;
  dialect_ = is_valkey ? Dialect::kValkey : Dialect::kRedis;
  const unsigned version = version_in(magic.substr(is_valkey ? kValkey.size() : kRedis.size()));
  const bool is_known = is_valkey ? version >= kValkeyVersionMin && version <= kValkeyVersionMax
                                  : version >= 1 && version <= kReadVersionMax;
  if (!is_known) {
    fail("there is a version of the format that cannot be read: " + std::string(magic));
    return false;
  }
  version_ = version;
  at_ = scanned_ = kHeaderBytes;
  return true;
}

// Reads the code of the next item. Returns false if there is none, or after a failure.
bool FileReader::begin_item() {
  if (!error_.empty() || at_ == buffer_.size()) return false;
  code_ = static_cast<uint8_t>(buffer_[at_]);
  scanned_ = at_ + 1;
  value_layout_ = std::nullopt;
  std::optional<std::string_view> layout = layout_of_code(code_, version_);
  if (!layout) {
    value_layout_ = layout_of(static_cast<Type>(code_), dialect_);
    if (value_layout_) layout = "s";
  }
  if (!layout) {
    fail(code_ == static_cast<uint8_t>(Type::kModule)
             ? "there is a value of a module in a form whose end nobody else can find"
         : code_ == static_cast<uint8_t>(Opcode::kFunctionEarly)
             ? "there is a function in the form of a release candidate"
             : "there is neither a value nor an opcode that is known: " + std::to_string(code_));
    return false;
  }
  skipper_ = ValueSkipper(*layout);
  is_inside_ = true;
  return true;
}

// Passes over the present item. Returns false if it is not whole yet, or after a failure.
bool FileReader::skip_item() {
  if (!is_inside_ && !begin_item()) return false;
  for (;;) {
    std::string_view left = std::string_view(buffer_).substr(scanned_);
    const ValueSkipper::Progress progress = skipper_.skip(left);
    scanned_ = buffer_.size() - left.size();
    if (progress == ValueSkipper::Progress::kDamaged) fail("a length is damaged");
    if (progress != ValueSkipper::Progress::kDone) return false;
    if (!value_layout_) return true;
    skipper_ = ValueSkipper(*std::exchange(value_layout_, std::nullopt));
    value_at_ = scanned_;
  }
}

// Yields the item that was passed, if it is an event, and goes behind it.
FileReader::Next FileReader::finish_item() {
  const std::string_view item = std::string_view(buffer_).substr(at_, scanned_ - at_);
  Decoder from(item.substr(1));
  Next event = code_ < kSlotInfo    ? finish_entry(from)
               : code_ == kSlotInfo ? std::nullopt
                                    : finish_opcode(from);
  if (error_.empty() && !from.ok()) fail(from.why());
  if (!error_.empty()) return std::nullopt;
  at_ = scanned_;
  is_inside_ = false;
  return event;
}

FileReader::Next FileReader::finish_opcode(Decoder& from) {
  constexpr int64_t kMillisPerSecond = 1000;
  switch (static_cast<Opcode>(code_)) {
    case Opcode::kFunction2:
      return FileFunction{text(from)};
    case Opcode::kModuleAux:
      return FileModuleAux{};
    case Opcode::kAux: {
      const std::string_view name = text(from);
      return FileAux{.name = name, .value = text(from)};
    }
    case Opcode::kResizeDb: {
      const uint64_t keys = from.length();
      return FileResizeDb{.keys = keys, .keys_with_deadline = from.length()};
    }
    case Opcode::kSelectDb:
      return FileSelectDb{from.length()};
    case Opcode::kEnd:
      return finish_file(from);
    // The others are about the next entry.
    case Opcode::kIdle:
      idle_s_ = from.length();
      break;
    case Opcode::kFreq:
      frequency_ = from.byte();
      break;
    case Opcode::kExpireMillis:
      deadline_ms_ = from.millis();
      break;
    case Opcode::kExpireSeconds:
      deadline_ms_ = from.seconds() * kMillisPerSecond;
      break;
    case Opcode::kFunctionEarly:
      ensure(false);
  }
  return std::nullopt;
}

FileReader::Next FileReader::finish_entry(Decoder& from) {
  FileEntry entry{.key = text(from),
                  .type = static_cast<Type>(code_),
                  .deadline_ms = std::exchange(deadline_ms_, std::nullopt),
                  .idle_s = std::exchange(idle_s_, std::nullopt),
                  .frequency = std::exchange(frequency_, std::nullopt),
                  .value = std::string_view(buffer_).substr(value_at_, scanned_ - value_at_),
                  .value_offset = dropped_ + value_at_};
  return entry;
}

// The checksum covers everything before it. Zero: the writer made none.
FileReader::Next FileReader::finish_file(Decoder& from) {
  has_ended_ = true;
  if (version_ < kSumVersionMin) return FileEnd{};
  const uint64_t stored = static_cast<uint64_t>(from.millis());
  sum_up_to(at_ + 1);
  if (checks_sum_ && stored != 0 && stored != sum_)
    return fail("the checksum is wrong: somewhere before the file is damaged");
  return FileEnd{.has_checksum = stored != 0};
}

// Reads a string, which stays where it is until the next feed().
std::string_view FileReader::text(Decoder& from) {
  std::string scratch;
  const std::string_view text = from.string(scratch);
  if (text.data() != scratch.data()) return text;
  return converted_.emplace_back(std::move(scratch));
}

}  // namespace kvstash::persist::rdb
