#include "store/listpack.h"

#include "base/alloc.h"
#include "base/ensure.h"

#include <algorithm>

namespace kvstash::store {
namespace {

constexpr unsigned char kEnd = 0xff;
constexpr uint32_t kCountUnknown = 65535;
constexpr size_t kCountOffset = 4;
constexpr size_t kPrefetchBytes = 768;  // A search prefetches memory this far ahead.
constexpr size_t kTextBytesTiny = PackedNeedle::kShortBytesMax;
constexpr unsigned char kHeadsThatTell = 0xe0;  // A head below this tells the entry's length alone.
constexpr size_t kTextBytesShort = 4095;
constexpr size_t kBacklenBytesMax = 5;

// The heads of entries with 4-byte text lengths, and of integers of 2 bytes and more.
enum Head : unsigned char {
  kText32 = 0xf0,
  kInt16 = 0xf1,
  kInt24 = 0xf2,
  kInt32 = 0xf3,
  kInt64 = 0xf4
};

uint32_t load_count(const unsigned char* data) {
  uint16_t count;
  std::memcpy(&count, data + kCountOffset, sizeof(count));
  return count;
}

void store_count(unsigned char* data, size_t count) {
  const uint16_t stored = static_cast<uint16_t>(std::min<size_t>(count, kCountUnknown));
  std::memcpy(data + kCountOffset, &stored, sizeof(stored));
}

// The form in which a value is stored: the one place where texts of integers are recognised.
PackedValue canonical(PackedValue value) {
  if (value.is_integer()) return value;
  const std::string_view text = value.text();
  if (text.empty() || text.size() > kInt64CharsMax) return value;
  if (text[0] != '-' && (text[0] < '0' || text[0] > '9')) return value;
  const std::optional<int64_t> integer = parse_int64(text);
  return integer ? PackedValue(*integer) : value;
}

constexpr bool fits(int64_t value, unsigned bits) {
  const int64_t limit = int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

uint32_t integer_bytes(int64_t value) {
  if (value >= 0 && value <= 127) return 1;
  if (fits(value, 13)) return 2;
  if (fits(value, 16)) return 3;
  if (fits(value, 24)) return 4;
  return fits(value, 32) ? 5 : 9;
}

uint32_t head_bytes_of_text(size_t size) {
  return size <= kTextBytesTiny ? 1 : size <= kTextBytesShort ? 2 : 5;
}

// The bytes of head and text of a canonical value.
uint32_t bytes_to_encode(PackedValue value) {
  if (value.is_integer()) return integer_bytes(value.integer());
  const size_t size = value.text().size();
  ensure(size <= ListpackView::kBytesMax);
  return head_bytes_of_text(size) + static_cast<uint32_t>(size);
}

void write_integer(unsigned char* p, int64_t value) {
  const uint32_t bytes = integer_bytes(value);
  if (bytes == 1) {
    p[0] = static_cast<unsigned char>(value);
    return;
  }
  if (bytes == 2) {
    p[0] = static_cast<unsigned char>(0xc0 | (value >> 8 & 31));
    p[1] = static_cast<unsigned char>(value);
    return;
  }
  constexpr unsigned char kHeads[] = {0, 0, 0, kInt16, kInt24, kInt32, 0, 0, 0, kInt64};
  p[0] = kHeads[bytes];
  std::memcpy(p + 1, &value, bytes - 1);
}

void write_text(unsigned char* p, std::string_view text) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  const uint32_t head = head_bytes_of_text(size);
  if (head == 1) {
    p[0] = static_cast<unsigned char>(0x80 | size);
  } else if (head == 2) {
    p[0] = static_cast<unsigned char>(0xe0 | size >> 8);
    p[1] = static_cast<unsigned char>(size);
  } else {
    p[0] = kText32;
    std::memcpy(p + 1, &size, sizeof(size));
  }
  std::memcpy(p + head, text.data(), size);
}

void write_backlen(unsigned char* p, uint32_t encoded, uint32_t bytes) {
  for (uint32_t i = bytes; i-- > 0; encoded >>= 7)
    p[i] = static_cast<unsigned char>((encoded & 127) | (i == 0 ? 0u : 128u));
}

// Whether the bytes before `end` are exactly those that write_backlen makes. Other bytes may read
// as the same length now, but as another length once the entry before them is changed.
bool has_backlen(const unsigned char* end, uint32_t encoded, size_t bytes) {
  unsigned char expected[kBacklenBytesMax];
  write_backlen(expected, encoded, static_cast<uint32_t>(bytes));
  return std::memcmp(end - bytes, expected, bytes) == 0;
}

// Writes the entry of a canonical value whose lengths the caller knows. Returns where the next
// entry goes.
unsigned char* write_entry(unsigned char* p, PackedValue value, uint32_t encoded,
                           uint32_t backlen) {
  if (value.is_integer()) {
    write_integer(p, value.integer());
  } else {
    write_text(p, value.text());
  }
  write_backlen(p + encoded, encoded, backlen);
  return p + encoded + backlen;
}

}  // namespace

PackedNeedle::PackedNeedle(std::string_view text) : text_(text.empty() ? "" : text) {
  const PackedValue value = canonical(text);
  is_integer_ = value.is_integer();
  if (is_integer_) integer_ = value.integer();
  if (text_.size() >= sizeof(last_))
    std::memcpy(&last_, text_.data() + text_.size() - sizeof(last_), sizeof(last_));
}

// ---- PackView

template <PackForm kForm>
uint32_t PackView<kForm>::encoded_bytes_long(const unsigned char* p) {
  const unsigned char head = *p;
  if (head < 0xe0) return 2;
  if (head < 0xf0) return 2 + ((head & 15u) << 8 | p[1]);
  switch (head) {
    case kText32:
      return 5 + load<uint32_t>(p + 1);
    case kInt16:
      return 3;
    case kInt24:
      return 4;
    case kInt32:
      return 5;
    case kInt64:
      return 9;
    default:
      return 0;
  }
}

template <PackForm kForm>
PackedValue PackView<kForm>::decode_long(const unsigned char*& p) {
  const unsigned char* at = p;
  const uint32_t encoded = encoded_bytes_long(at);
  p += encoded + backlen_bytes(encoded);
  const unsigned char head = *at;
  const char* text = reinterpret_cast<const char*>(at);
  if (head < 0xe0) {
    const int64_t value = (head & 31) << 8 | at[1];
    return PackedValue(value >= 4096 ? value - 8192 : value);
  }
  if (head < 0xf0) return PackedValue(std::string_view(text + 2, encoded - 2));
  switch (head) {
    case kText32:
      return PackedValue(std::string_view(text + 5, encoded - 5));
    case kInt16:
      return PackedValue(int64_t{load<int16_t>(at + 1)});
    case kInt24: {
      // Load four bytes, the first of them the head, and shift the head out arithmetically.
      return PackedValue(int64_t{load<int32_t>(at) >> 8});
    }
    case kInt32:
      return PackedValue(int64_t{load<int32_t>(at + 1)});
    case kInt64:
      return PackedValue(load<int64_t>(at + 1));
    default:
      panic(__FILE__, __LINE__, "listpack is damaged");
  }
}

// Reads the length field that ends before `end`, which is one past the last byte of the entry.
template <PackForm kForm>
uint32_t PackView<kForm>::read_backlen(const unsigned char* end) {
  uint32_t length = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const unsigned char byte = *--end;
    length |= static_cast<uint32_t>(byte & 127) << shift;
    if ((byte & 128) == 0) break;
  }
  return length;
}

template <PackForm kForm>
PackPosition PackView<kForm>::before(uint32_t offset) const {
  ensure(kForm == PackForm::kListpack);
  const uint32_t encoded = read_backlen(data_ + offset);
  return {offset - encoded - backlen_bytes(encoded)};
}

template <PackForm kForm>
size_t PackView<kForm>::size() const {
  const uint32_t count = load_count(data_);
  if (count != kCountUnknown) return count;
  size_t walked = 0;
  for (PackPosition at = first(); at; at = next(at))
    ++walked;
  return walked;
}

template <PackForm kForm>
PackPosition PackView<kForm>::advance(PackPosition at, size_t count) const {
  for (; count > 0 && at; --count)
    at = next(at);
  return at;
}

template <PackForm kForm>
PackPosition PackView<kForm>::seek(int64_t index) const {
  const uint32_t stored = load_count(data_);
  if (stored != kCountUnknown) {
    const int64_t count = stored;
    if (index < -count || index >= count) return {};
    constexpr bool kHasBackWay = kForm == PackForm::kListpack;
    if (index < 0 && (-index > count / 2 || !kHasBackWay)) index += count;
    if (index > count / 2 && kHasBackWay) index -= count;
  }
  if (index >= 0) return advance(first(), static_cast<size_t>(index));
  PackPosition at = last();
  while (++index < 0 && at)
    at = prev(at);
  return at;
}

template <PackForm kForm>
bool PackView<kForm>::equals(PackPosition at, std::string_view text) const {
  const PackedValue held = value(at);
  char scratch[kInt64CharsMax];
  return held.string(scratch) == text;
}

template <PackForm kForm>
PackPosition PackView<kForm>::find(const PackedNeedle& needle, PackPosition from,
                                   size_t skip) const {
  if (needle.is_short_text()) return find_short(needle, from, skip);
  while (from) {
    const PackPosition at = from;
    if (needle.matches(take(from))) return at;
    for (size_t i = 0; i < skip && from; ++i)
      from = next(from);
  }
  return {};
}

// Compares an entry whose head has more than one byte with a text. Other programs may write such a
// head before a short text, too.
template <PackForm kForm>
bool PackView<kForm>::holds_after_long_head(const unsigned char* p, std::string_view text) {
  const size_t head = *p == kText32 ? 5 : 2;
  const std::string_view held(reinterpret_cast<const char*>(p) + head,
                              encoded_bytes_long(p) - head);
  return held == text;
}

// The end of an element is known only when its head has come from memory, so a walk waits for one
// head after the other. But elements in the same place of their groups mostly have the same head:
// while that guess holds, the processor does not wait, but goes on to the next head.
template <PackForm kForm>
PackPosition PackView<kForm>::find_short(const PackedNeedle& needle, PackPosition from,
                                         size_t skip) const {
  if (!from) return {};
  const size_t size = needle.text().size();
  const auto head = static_cast<unsigned char>(0x80 | size);
  const auto bytes = static_cast<uint32_t>(1 + size);
  const uint32_t step = bytes + backlen_bytes(bytes);
  unsigned char usual_head = kEnd;
  uint32_t usual_step = 0;
  const unsigned char* p = data_ + from.offset;
  while (*p != kEnd) {
    __builtin_prefetch(p + kPrefetchBytes);
    if (*p == head) {
      if (needle.matches_at(reinterpret_cast<const char*>(p + 1)))
        return {static_cast<uint32_t>(p - data_)};
      p += step;
    } else {
      if (*p >= kHeadsThatTell && *p <= kText32 && holds_after_long_head(p, needle.text()))
          [[unlikely]]
        return {static_cast<uint32_t>(p - data_)};
      p += skip_bytes(p);
    }
    for (size_t i = 0; i < skip && *p != kEnd; ++i) {
      if (*p == usual_head) [[likely]] {
        p += usual_step;
        continue;
      }
      const uint32_t skipped = skip_bytes(p);
      if (*p < kHeadsThatTell) {
        usual_head = *p;
        usual_step = skipped;
      }
      p += skipped;
    }
  }
  return {};
}

template <PackForm kForm>
PackPosition PackView<kForm>::random(Random& random, size_t group) const {
  const size_t groups = size() / group;
  return seek(static_cast<int64_t>(random.below(groups) * group));
}

// Selection sampling: each group is taken with probability wanted / left, so that every subset is
// equally likely.
template <PackForm kForm>
std::vector<PackPosition> PackView<kForm>::sample(Random& random, size_t count,
                                                  size_t group) const {
  size_t left = size() / group;
  count = std::min(count, left);
  std::vector<PackPosition> picked;
  picked.reserve(count);
  for (PackPosition at = first(); picked.size() < count; at = advance(at, group), --left) {
    if (random.below(left) < count - picked.size()) picked.push_back(at);
  }
  return picked;
}

template <PackForm kForm>
std::vector<PackPosition> PackView<kForm>::sample_with_repeats(Random& random, size_t count,
                                                               size_t group) const {
  struct Pick {
    uint64_t index;
    size_t order;
  };
  const size_t groups = size() / group;
  std::vector<Pick> picks(count);
  for (size_t i = 0; i < count; ++i)
    picks[i] = {random.below(groups), i};
  std::sort(picks.begin(), picks.end(),
            [](const Pick& a, const Pick& b) { return a.index < b.index; });
  std::vector<PackPosition> result(count);
  PackPosition at = first();
  uint64_t index = 0;
  for (const Pick& pick : picks) {
    at = advance(at, (pick.index - index) * group);
    index = pick.index;
    result[pick.order] = at;
  }
  return result;
}

// ---- Bytes from outside

namespace {

// The bytes of an entry that must be present before its length can be read.
size_t length_bytes(unsigned char head) {
  if (head < 0xc0) return 1;
  if (head < 0xf0) return 2;
  return head == kText32 ? 5 : 1;
}

}  // namespace

template <PackForm kForm>
bool is_valid_pack(std::string_view bytes, bool deep) {
  using View = PackView<kForm>;
  if (bytes.size() < View::kEmptyBytes || bytes.size() > UINT32_MAX) return false;
  const unsigned char* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const View view(data);
  if (view.total_bytes() != bytes.size() || data[bytes.size() - 1] != kEnd) return false;
  if (!deep) return true;

  const size_t end = bytes.size() - 1;
  size_t at = View::kHeaderBytes;
  size_t count = 0;
  for (; at < end; ++count) {
    if (data[at] == kEnd || end - at < length_bytes(data[at])) return false;
    // A text's length may overflow 32 bits when the head's length is added.
    if (data[at] == kText32 && size_t{View::template load<uint32_t>(data + at + 1)} + 5 > end - at)
      return false;
    const uint32_t encoded = View::encoded_bytes(data + at);
    if (encoded == 0) return false;
    const size_t whole = size_t{encoded} + View::backlen_bytes(encoded);
    if (whole > end - at) return false;
    at += whole;
    if (kForm == PackForm::kListpack && !has_backlen(data + at, encoded, whole - encoded))
      return false;
  }
  const uint32_t stored = load_count(data);
  return stored == kCountUnknown || stored == count;
}

// ---- Pack

template <PackForm kForm>
Pack<kForm>::Pack() : data_(static_cast<unsigned char*>(allocate(View::kEmptyBytes))) {
  set_total(View::kEmptyBytes);
  store_count(data_, 0);
  data_[View::kHeaderBytes] = kEnd;
}

template <PackForm kForm>
Pack<kForm>::Pack(ListpackView source) : data_(nullptr) {
  copy_from(source);
}

template <PackForm kForm>
Pack<kForm>::Pack(ForwardPackView source) : data_(nullptr) {
  copy_from(source);
}

template <PackForm kForm>
template <PackForm kFrom>
void Pack<kForm>::copy_from(PackView<kFrom> source) {
  if constexpr (kFrom == kForm) {
    data_ = static_cast<unsigned char*>(allocate(source.total_bytes()));
    std::memcpy(data_, source.data(), source.total_bytes());
    return;
  }
  size_t total = View::kEmptyBytes;
  for (PackPosition at = source.first(); at; at = source.next(at)) {
    const uint32_t encoded = View::encoded_bytes(source.data() + at.offset);
    total += size_t{encoded} + View::backlen_bytes(encoded);
  }
  ensure(total <= UINT32_MAX);
  data_ = static_cast<unsigned char*>(allocate(total));
  set_total(static_cast<uint32_t>(total));
  store_count(data_, load_count(source.data()));
  unsigned char* to = data_ + View::kHeaderBytes;
  for (PackPosition at = source.first(); at; at = source.next(at)) {
    const uint32_t encoded = View::encoded_bytes(source.data() + at.offset);
    const uint32_t backlen = View::backlen_bytes(encoded);
    std::memcpy(to, source.data() + at.offset, encoded);
    write_backlen(to + encoded, encoded, backlen);
    to += encoded + backlen;
  }
  *to = kEnd;
}

template <PackForm kForm>
Pack<kForm>::~Pack() {
  if (data_ != nullptr) deallocate(data_, total_bytes());
}

template <PackForm kForm>
size_t Pack<kForm>::bytes() const {
  return allocation_bytes(total_bytes());
}

template <PackForm kForm>
size_t Pack<kForm>::entry_bytes(PackedValue value) {
  const uint32_t encoded = bytes_to_encode(canonical(value));
  return size_t{encoded} + View::backlen_bytes(encoded);
}

template <PackForm kForm>
void Pack<kForm>::change_count(int64_t delta) {
  const uint32_t count = load_count(data_);
  if (count != kCountUnknown) store_count(data_, static_cast<size_t>(count + delta));
}

// Replaces `removed` bytes at `offset` by a gap of `added` bytes, which the caller fills, and
// returns the start of the gap. Every change of length goes through here.
template <PackForm kForm>
unsigned char* Pack<kForm>::open_gap(uint32_t offset, uint32_t removed, size_t added) {
  const uint32_t old_total = view().total_bytes();
  const size_t tail = old_total - offset - removed;
  const size_t new_total = offset + added + tail;
  ensure(new_total <= UINT32_MAX);
  if (allocation_bytes(new_total) == allocation_bytes(old_total)) {
    if (added != removed) std::memmove(data_ + offset + added, data_ + offset + removed, tail);
  } else {
    unsigned char* moved = static_cast<unsigned char*>(allocate(new_total));
    std::memcpy(moved, data_, offset);
    std::memcpy(moved + offset + added, data_ + offset + removed, tail);
    deallocate(data_, old_total);
    data_ = moved;
  }
  set_total(static_cast<uint32_t>(new_total));
  return data_ + offset;
}

template <PackForm kForm>
PackPosition Pack<kForm>::insert_at(uint32_t offset, PackedValue value) {
  value = canonical(value);
  const uint32_t encoded = bytes_to_encode(value);
  const uint32_t backlen = View::backlen_bytes(encoded);
  unsigned char* at = open_gap(offset, 0, size_t{encoded} + backlen);
  write_entry(at, value, encoded, backlen);
  change_count(1);
  return {offset};
}

template <PackForm kForm>
void Pack<kForm>::append(std::span<const std::string_view> values) {
  size_t added = 0;
  for (const std::string_view value : values)
    added += entry_bytes(value);
  unsigned char* at = open_gap(view().total_bytes() - 1, 0, added);
  for (const std::string_view text : values) {
    const PackedValue value = canonical(text);
    const uint32_t encoded = bytes_to_encode(value);
    const uint32_t backlen = View::backlen_bytes(encoded);
    at = write_entry(at, value, encoded, backlen);
  }
  change_count(static_cast<int64_t>(values.size()));
}

template <PackForm kForm>
void Pack<kForm>::append(std::span<PackedValue> values) {
  size_t added = 0;
  for (PackedValue& value : values) {
    value = canonical(value);
    const uint32_t encoded = bytes_to_encode(value);
    added += size_t{encoded} + View::backlen_bytes(encoded);
  }
  unsigned char* at = open_gap(view().total_bytes() - 1, 0, added);
  for (const PackedValue value : values) {
    const uint32_t encoded = bytes_to_encode(value);
    const uint32_t backlen = View::backlen_bytes(encoded);
    at = write_entry(at, value, encoded, backlen);
  }
  change_count(static_cast<int64_t>(values.size()));
}

template <PackForm kForm>
void Pack<kForm>::insert_raw(uint32_t offset, View other) {
  ensure(other.data() != data_);
  const size_t added = other.total_bytes() - View::kEmptyBytes;
  const uint32_t other_count = load_count(other.data());
  std::memcpy(open_gap(offset, 0, added), other.data() + View::kHeaderBytes, added);
  const uint32_t count = load_count(data_);
  const bool is_unknown = count == kCountUnknown || other_count == kCountUnknown;
  store_count(data_, is_unknown ? kCountUnknown : count + other_count);
}

template <PackForm kForm>
void Pack<kForm>::append(View other) {
  insert_raw(view().total_bytes() - 1, other);
}

template <PackForm kForm>
void Pack<kForm>::prepend(View other) {
  insert_raw(View::kHeaderBytes, other);
}

template <PackForm kForm>
PackPosition Pack<kForm>::insert_before(PackPosition at, PackedValue value) {
  ensure(bool(at));
  return insert_at(at.offset, value);
}

template <PackForm kForm>
PackPosition Pack<kForm>::insert_after(PackPosition at, PackedValue value) {
  ensure(bool(at));
  return insert_at(at.offset + View::skip_bytes(data_ + at.offset), value);
}

template <PackForm kForm>
void Pack<kForm>::replace(PackPosition at, PackedValue value) {
  ensure(bool(at));
  value = canonical(value);
  const uint32_t encoded = bytes_to_encode(value);
  const uint32_t backlen = View::backlen_bytes(encoded);
  const uint32_t removed = View::skip_bytes(data_ + at.offset);
  unsigned char* entry = open_gap(at.offset, removed, size_t{encoded} + backlen);
  write_entry(entry, value, encoded, backlen);
}

template <PackForm kForm>
PackPosition Pack<kForm>::erase(PackPosition at, size_t count) {
  ensure(bool(at));
  uint32_t end = at.offset;
  size_t erased = 0;
  for (; erased < count && data_[end] != kEnd; ++erased)
    end += View::skip_bytes(data_ + end);
  open_gap(at.offset, end - at.offset, 0);
  change_count(-static_cast<int64_t>(erased));
  return view().checked(at.offset);
}

template <PackForm kForm>
size_t Pack<kForm>::remove(const PackedNeedle& needle, bool from_head, size_t max) {
  size_t removed = 0;
  if (from_head) {
    PackPosition at = view().find(needle, view().first(), 0);
    for (; at && removed < max; ++removed) {
      const PackPosition behind = erase(at);  // Before view(), as bytes may move.
      at = view().find(needle, behind, 0);
    }
    return removed;
  }
  for (PackPosition at = view().last(); at && removed < max;) {
    const PackPosition before = view().prev(at);
    if (needle.matches(view().value(at))) {
      erase(at);
      ++removed;
    }
    at = before;
  }
  return removed;
}

template <PackForm kForm>
void Pack<kForm>::clear() {
  *this = Pack();
}

template <PackForm kForm>
Pack<kForm> Pack<kForm>::split_off(PackPosition at) {
  ensure(bool(at));
  Pack tail;
  const uint32_t moved = view().total_bytes() - 1 - at.offset;
  std::memcpy(tail.open_gap(View::kHeaderBytes, 0, moved), data_ + at.offset, moved);
  // Count the elements of the tail, so that both counts are right even if the count was unknown.
  store_count(tail.data_, kCountUnknown);
  const size_t tail_count = tail.size();
  const size_t total_count = size();
  store_count(tail.data_, tail_count);
  open_gap(at.offset, moved, 0);
  store_count(data_, total_count - tail_count);
  return tail;
}

template class PackView<PackForm::kListpack>;
template class PackView<PackForm::kForward>;
template class Pack<PackForm::kListpack>;
template class Pack<PackForm::kForward>;
template bool is_valid_pack<PackForm::kListpack>(std::string_view bytes, bool deep);
template bool is_valid_pack<PackForm::kForward>(std::string_view bytes, bool deep);

}  // namespace kvstash::store
