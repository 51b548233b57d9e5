#include "persist/rdb/value_skipper.h"

#include "base/ensure.h"

#include <algorithm>

namespace kvstash::persist::rdb {
namespace {

using Progress = ValueSkipper::Progress;

// A length, or the form of a string that has no length.
struct Head {
  uint64_t value = 0;
  bool is_form = false;
  size_t bytes = 0;  // That it takes.
};

// Reads a length at the beginning of `bytes`.
Progress read_head(std::string_view bytes, Head& head) {
  if (bytes.empty()) return Progress::kNeedsMore;
  const auto first = static_cast<uint8_t>(bytes.front());
  head = {.value = first & 0x3fu, .is_form = first >> 6 == 3, .bytes = 1};
  if (first >> 6 == 0 || head.is_form) return Progress::kDone;
  if (first > 0x81) return Progress::kDamaged;
  if (first >= 0x80) head.value = 0;
  const size_t more = first < 0x80 ? 1 : first == 0x80 ? 4 : 8;
  if (bytes.size() <= more) return Progress::kNeedsMore;
  for (size_t i = 1; i <= more; ++i)
    head.value = head.value << 8 | static_cast<uint8_t>(bytes[i]);
  head.bytes += more;
  return Progress::kDone;
}

// As read_head, for a length that is no form of a string.
Progress read_length(std::string_view bytes, Head& head) {
  const Progress progress = read_head(bytes, head);
  return progress == Progress::kDone && head.is_form ? Progress::kDamaged : progress;
}

std::string_view redis_layout_of(Type type) {
  switch (type) {
    case Type::kString:
    case Type::kHashZipmap:
    case Type::kListZiplist:
    case Type::kSetIntset:
    case Type::kSortedSetZiplist:
    case Type::kHashZiplist:
    case Type::kHashListpack:
    case Type::kSortedSetListpack:
    case Type::kSetListpack:
    case Type::kHashListpackEarly:
      return "s";
    case Type::kList:
    case Type::kSet:
    case Type::kListQuicklist:
      return "n(s)";
    case Type::kSortedSetText:
      return "n(st)";
    case Type::kHash:
      return "n(ss)";
    case Type::kSortedSet:
      return "n(s8)";
    case Type::kModule2:
      return "lm";
    case Type::kListQuicklist2:
      return "n(ls)";
    // Blocks; length and last id, from the second version on three more ids and a count; groups
    // with their pending entries, and consumers with the ids of theirs.
    case Type::kStream:
      return "n(ss)llln(slln(i8l)n(s8n(i)))";
    case Type::kStream2:
      return "n(ss)llllllll"
             "n(sllln(i8l)n(s8n(i)))";
    case Type::kStream3:
      return "n(ss)llllllll"
             "n(sllln(i8l)n(s88n(i)))";
    case Type::kHashFieldDeadlinesEarly:
      return "n(lss)";
    case Type::kHashFieldDeadlines:
      return "8n(lss)";
    case Type::kHashListpackEx:
      return "8s";
    case Type::kModule:
      break;
  }
  return {};
}

}  // namespace

std::optional<std::string_view> layout_of(Type type, Dialect dialect) {
  if (dialect == Dialect::kValkey && type > Type::kStream3)
    return type == kValkeyHash2 ? std::optional<std::string_view>("n(ss8)") : std::nullopt;
  const std::string_view layout = redis_layout_of(type);
  return layout.empty() ? std::nullopt : std::optional(layout);
}

Progress ValueSkipper::skip(std::string_view& bytes) {
  for (;;) {
    const uint64_t passed = std::min<uint64_t>(raw_left_, bytes.size());
    bytes.remove_prefix(static_cast<size_t>(passed));
    raw_left_ -= passed;
    if (raw_left_ != 0) return Progress::kNeedsMore;
    if (at_ == layout_.size()) return Progress::kDone;
    const Progress progress = step(bytes);
    if (progress != Progress::kDone) return progress;
  }
}

// Does one letter of the layout.
Progress ValueSkipper::step(std::string_view& bytes) {
  Head head;
  Progress progress = Progress::kDone;
  switch (layout_[at_]) {
    case 's':
      progress = skip_string(bytes);
      break;
    case 'l':
      progress = read_length(bytes, head);
      if (progress == Progress::kDone) bytes.remove_prefix(head.bytes);
      break;
    case '1':
    case '4':
    case '8':
      raw_left_ = static_cast<uint64_t>(layout_[at_] - '0');
      break;
    case 'i':
      raw_left_ = kStreamIdBytes;
      break;
    case 't':
      if (bytes.empty()) return Progress::kNeedsMore;
      // The three last lengths stand for infinities and no number (Decoder::text_double).
      raw_left_ =
          static_cast<uint8_t>(bytes.front()) < 253 ? static_cast<uint8_t>(bytes.front()) : 0;
      bytes.remove_prefix(1);
      break;
    case 'm':
      return skip_module(bytes);
    case 'n':
      return begin_loop(bytes);
    case ')':
      end_loop();
      return Progress::kDone;
    default:
      ensure(false);
  }
  if (progress == Progress::kDone) ++at_;
  return progress;
}

Progress ValueSkipper::skip_string(std::string_view& bytes) {
  Head head;
  if (const Progress progress = read_head(bytes, head); progress != Progress::kDone)
    return progress;
  std::string_view rest = bytes.substr(head.bytes);
  if (!head.is_form) {
    raw_left_ = head.value;
  } else if (head.value <= static_cast<uint64_t>(StringForm::kInt32)) {
    raw_left_ = uint64_t{1} << head.value;
  } else if (head.value == static_cast<uint64_t>(StringForm::kLzf)) {
    Head packed;
    Head whole;
    Progress progress = read_length(rest, packed);
    if (progress != Progress::kDone) return progress;
    rest.remove_prefix(packed.bytes);
    progress = read_length(rest, whole);
    if (progress != Progress::kDone) return progress;
    rest.remove_prefix(whole.bytes);
    raw_left_ = packed.value;
  } else {
    return Progress::kDamaged;
  }
  bytes = rest;
  return Progress::kDone;
}

// Passes over one mark and what follows it. Stays at the letter until the mark of the end.
Progress ValueSkipper::skip_module(std::string_view& bytes) {
  Head mark;
  if (const Progress progress = read_length(bytes, mark); progress != Progress::kDone)
    return progress;
  std::string_view rest = bytes.substr(mark.bytes);
  Head number;
  Progress progress = Progress::kDone;
  if (mark.value > static_cast<uint64_t>(ModuleMark::kString)) return Progress::kDamaged;
  switch (static_cast<ModuleMark>(mark.value)) {
    case ModuleMark::kEnd:
      ++at_;
      break;
    case ModuleMark::kSigned:
    case ModuleMark::kUnsigned:
      progress = read_length(rest, number);
      if (progress == Progress::kDone) rest.remove_prefix(number.bytes);
      break;
    case ModuleMark::kFloat:
      raw_left_ = 4;
      break;
    case ModuleMark::kDouble:
      raw_left_ = 8;
      break;
    case ModuleMark::kString:
      progress = skip_string(rest);
      break;
  }
  if (progress == Progress::kDone) bytes = rest;
  return progress;
}

// Stands at "n("; goes behind the parenthesis, or behind the whole loop if its count is zero.
Progress ValueSkipper::begin_loop(std::string_view& bytes) {
  Head head;
  if (const Progress progress = read_length(bytes, head); progress != Progress::kDone)
    return progress;
  bytes.remove_prefix(head.bytes);
  at_ += 2;
  if (head.value == 0) {
    pass_over_loop();
    return Progress::kDone;
  }
  ensure(depth_ < kDepthMax);
  loops_[depth_++] = {.start = at_, .left = head.value};
  return Progress::kDone;
}

void ValueSkipper::end_loop() {
  ensure(depth_ != 0);
  Loop& loop = loops_[depth_ - 1];
  if (--loop.left != 0) {
    at_ = loop.start;
    return;
  }
  --depth_;
  ++at_;
}

void ValueSkipper::pass_over_loop() {
  for (size_t open = 1; open != 0; ++at_) {
    if (layout_[at_] == '(') ++open;
    if (layout_[at_] == ')') --open;
  }
}

}  // namespace kvstash::persist::rdb
