#include "store/hyperloglog.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace kvstash::store {
namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr size_t kCountOffset = 8;
constexpr unsigned kIndexBits = 14;
constexpr unsigned kRankBits = 64 - kIndexBits;  // Bits of a hash beside the index.
constexpr unsigned kRegisterBits = 6;
constexpr unsigned kRegisterMax = 63;
static_assert(1u << kIndexBits == kHllRegisters);

constexpr size_t kShortZerosMax = 64;
constexpr unsigned kSparseValueMax = 32;
constexpr size_t kSparseValueRunMax = 4;

uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

// MurmurHash64A by Austin Appleby, in the public domain: the hash that the format prescribes.
uint64_t murmur_hash(std::string_view bytes) {
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr unsigned kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kMultiplier);
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash ^ word * kMultiplier) * kMultiplier;
  }
  if (!bytes.empty()) {
    uint64_t tail = 0;
    std::memcpy(&tail, bytes.data(), bytes.size());
    hash = (hash ^ tail) * kMultiplier;
  }
  hash = (hash ^ hash >> kShift) * kMultiplier;
  return hash ^ hash >> kShift;
}
static_assert(std::endian::native == std::endian::little, "words are read as the format wants");

// ---- Runs of the sparse encoding, by their first byte.

bool is_value(uint8_t first) {
  return (first & 0x80) != 0;
}
bool is_long(uint8_t first) {
  return (first & 0xc0) == 0x40;
}
size_t run_bytes(uint8_t first) {
  return is_long(first) ? 2 : 1;
}
uint8_t run_value(uint8_t first) {
  return is_value(first) ? static_cast<uint8_t>((first >> 2 & 31) + 1) : uint8_t{0};
}
uint8_t value_byte(uint8_t value, size_t registers) {
  ensure(value >= 1 && value <= kSparseValueMax);
  ensure(registers >= 1 && registers <= kSparseValueRunMax);
  return static_cast<uint8_t>(0x80u | (value - 1u) << 2 | (registers - 1u));
}

struct Run {
  size_t offset;     // Within the body.
  size_t bytes;      // Length of the run itself.
  size_t registers;  // Registers that the run covers.
  uint8_t value;
};

// Returns the run at `offset`, or nothing if its second byte is missing.
std::optional<Run> run_at(std::string_view body, size_t offset) {
  const uint8_t first = byte_at(body, offset);
  Run run{.offset = offset, .bytes = run_bytes(first), .registers = 0, .value = run_value(first)};
  if (run.bytes > body.size() - offset) return std::nullopt;
  if (is_value(first)) {
    run.registers = (first & 3u) + 1;
  } else if (is_long(first)) {
    run.registers = ((first & 63u) << 8 | byte_at(body, offset + 1)) + 1;
  } else {
    run.registers = (first & 63u) + 1;
  }
  return run;
}

// ---- Dense registers: four in three bytes.

constexpr size_t kGroupRegisters = 4;
constexpr size_t kGroupBytes = 3;

uint32_t load_group(std::string_view packed, size_t group) {
  const size_t at = group * kGroupBytes;
  return byte_at(packed, at) | uint32_t{byte_at(packed, at + 1)} << 8 |
         uint32_t{byte_at(packed, at + 2)} << 16;
}

void store_group(std::span<char> packed, size_t group, uint32_t word) {
  for (size_t i = 0; i < kGroupBytes; ++i)
    packed[group * kGroupBytes + i] = static_cast<char>(word >> (8 * i));
}

// ---- Ertl's estimator.

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double weight = 1.0;
  double sum = 1.0 - x;
  for (double before = -1.0; before != sum;) {
    before = sum;
    x = std::sqrt(x);
    weight *= 0.5;
    sum -= std::pow(1.0 - x, 2) * weight;
  }
  return sum / 3.0;
}

double sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double weight = 1.0;
  double sum = x;
  for (double before = -1.0; before != sum;) {
    before = sum;
    x *= x;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

}  // namespace

HllMark hll_mark_of(std::string_view element) {
  const uint64_t hash = murmur_hash(element);
  // The added bit ends the search for the first set bit.
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kRankBits;
  return {.index = static_cast<uint16_t>(hash & (kHllRegisters - 1)),
          .value = static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

uint64_t hll_count(const HllRegisters& registers) {
  std::array<uint32_t, kRegisterMax + 1> often{};  // How often each register value occurs.
  for (const uint8_t value : registers)
    ++often[value & kRegisterMax];
  constexpr double kCount = kHllRegisters;
  double z = kCount * tau((kCount - often[kRankBits + 1]) / kCount);
  for (unsigned value = kRankBits; value >= 1; --value)
    z = (z + often[value]) * 0.5;
  z += kCount * sigma(often[0] / kCount);
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2).
  const double estimate = kAlpha * kCount * kCount / z;
  constexpr double kEnd = 9223372036854775808.0;
  // Redis gives this count for registers that no elements can produce.
  if (!(estimate < kEnd)) return uint64_t{1} << 63;
  return static_cast<uint64_t>(std::llround(estimate));
}

std::string empty_hll() {
  std::string bytes(kHllHeaderBytes, '\0');
  bytes.replace(0, kMagic.size(), kMagic);
  bytes[4] = static_cast<char>(HllEncoding::kSparse);
  bytes.append("\x7f\xff");  // One run that covers all registers.
  return bytes;
}

// ---- Reading.

std::optional<HllView> HllView::of(std::string_view bytes) {
  if (bytes.size() < kHllHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const HllView view(bytes);
  if (byte_at(bytes, 4) > static_cast<uint8_t>(HllEncoding::kSparse)) return std::nullopt;
  if (view.encoding() == HllEncoding::kDense && bytes.size() != kHllDenseBytes) return std::nullopt;
  return view;
}

// Calls visit(first register, run) for each run. Returns false if the runs do not cover exactly the
// registers.
template <typename Visit>
bool HllView::each_run(Visit&& visit) const {
  const std::string_view runs = body();
  size_t first = 0;
  for (size_t offset = 0; offset < runs.size();) {
    const std::optional<Run> run = run_at(runs, offset);
    if (!run || run->registers > kHllRegisters - first) return false;
    visit(first, *run);
    first += run->registers;
    offset += run->bytes;
  }
  return first == kHllRegisters;
}

bool HllView::is_sound() const {
  return encoding() == HllEncoding::kDense || each_run([](size_t, const Run&) {});
}

std::optional<uint64_t> HllView::cached_count() const {
  uint64_t count;
  std::memcpy(&count, bytes_.data() + kCountOffset, sizeof(count));
  if (count >> 63 != 0) return std::nullopt;
  return count;
}

bool HllView::read(HllRegisters& into) const {
  into.fill(0);
  return merge_into(into);
}

bool HllView::merge_into(HllRegisters& registers) const {
  if (encoding() == HllEncoding::kSparse) {
    return each_run([&registers](size_t first, const Run& run) {
      if (run.value == 0) return;
      for (size_t i = first; i < first + run.registers; ++i)
        registers[i] = std::max(registers[i], run.value);
    });
  }
  const std::string_view packed = body();
  for (size_t group = 0; group < kHllRegisters / kGroupRegisters; ++group) {
    uint32_t word = load_group(packed, group);
    uint8_t* four = &registers[group * kGroupRegisters];
    for (size_t i = 0; i < kGroupRegisters; ++i, word >>= kRegisterBits)
      four[i] = std::max(four[i], static_cast<uint8_t>(word & kRegisterMax));
  }
  return true;
}

std::optional<std::string> HllView::to_dense() const {
  if (encoding() == HllEncoding::kDense) return std::string(bytes_);
  HllRegisters registers;
  if (!read(registers)) return std::nullopt;
  std::string dense(bytes_.substr(0, kHllHeaderBytes));
  dense[4] = static_cast<char>(HllEncoding::kDense);
  dense.resize(kHllDenseBytes);
  const std::span<char> packed = std::span(dense).subspan(kHllHeaderBytes);
  for (size_t group = 0; group < kHllRegisters / kGroupRegisters; ++group) {
    uint32_t word = 0;
    for (size_t i = kGroupRegisters; i-- > 0;)
      word = word << kRegisterBits | registers[group * kGroupRegisters + i];
    store_group(packed, group, word);
  }
  return dense;
}

std::string HllView::describe_runs() const {
  ensure(encoding() == HllEncoding::kSparse);
  const std::string_view runs = body();
  std::string text;
  for (size_t offset = 0; offset < runs.size();) {
    const std::optional<Run> run = run_at(runs, offset);
    if (!run) break;
    if (!text.empty()) text += ' ';
    if (run->value != 0) {
      text.append("v:").append(std::to_string(run->value)).append(",");
    } else {
      text += run->bytes == 2 ? "Z:" : "z:";
    }
    text += std::to_string(run->registers);
    offset += run->bytes;
  }
  return text;
}

// ---- Changing a sparse HyperLogLog.

void HllChange::Window::add_zeros(size_t registers) {
  if (registers == 0) return;
  const auto count = static_cast<unsigned>(registers - 1);
  if (registers > kShortZerosMax) {
    add(static_cast<uint8_t>(0x40u | count >> 8));
    add(static_cast<uint8_t>(count & 0xffu));
  } else {
    add(static_cast<uint8_t>(count));
  }
}

void HllChange::Window::add_value(uint8_t value, size_t registers) {
  if (registers != 0) add(value_byte(value, registers));
}

// Merges adjacent runs of the same value where one run can be as long as both. The number of steps
// is Redis's and as good as part of the format: equal elements must make equal bytes.
void HllChange::Window::merge_equal_values() {
  constexpr int kSteps = 5;
  size_t at = 0;
  for (int step = 0; step < kSteps && at < size; ++step) {
    const uint8_t one = bytes[at];
    const uint8_t other = at + 1 < size ? bytes[at + 1] : uint8_t{0};
    const size_t registers = (one & 3u) + (other & 3u) + 2u;
    const bool are_mergeable = is_value(one) && is_value(other) &&
                               run_value(one) == run_value(other) &&
                               registers <= kSparseValueRunMax;
    if (!are_mergeable) {
      at += run_bytes(one);
      continue;
    }
    bytes[at] = value_byte(run_value(one), registers);
    std::copy(bytes.begin() + static_cast<ptrdiff_t>(at) + 2,
              bytes.begin() + static_cast<ptrdiff_t>(size),
              bytes.begin() + static_cast<ptrdiff_t>(at) + 1);
    --size;
  }
}

HllChange::HllChange(const HllView& sparse, HllMark mark, size_t bytes_max)
    : old_size_(sparse.bytes().size()) {
  ensure(sparse.encoding() == HllEncoding::kSparse && mark.index < kHllRegisters);
  if (mark.value > kSparseValueMax) {
    kind_ = Kind::kToDense;
    return;
  }
  replace(sparse.body(), mark, bytes_max);
}

void HllChange::replace(std::string_view body, HllMark mark, size_t bytes_max) {
  // Find the run that covers the register, and the run before it.
  std::optional<Run> run;
  size_t before = 0;
  size_t first = 0;
  for (size_t offset = 0;; offset += run->bytes, first += run->registers) {
    if (offset >= body.size()) return;
    if (run) before = run->offset;
    run = run_at(body, offset);
    if (!run || run->registers > kHllRegisters - first) return;
    if (mark.index < first + run->registers) break;
  }
  if (run->value >= mark.value) {
    kind_ = Kind::kNone;
    return;
  }
  // The run is cut into up to three.
  const size_t left = mark.index - first;
  const size_t right = run->registers - left - 1;
  Window cut;
  run->value == 0 ? cut.add_zeros(left) : cut.add_value(run->value, left);
  cut.add_value(mark.value, 1);
  run->value == 0 ? cut.add_zeros(right) : cut.add_value(run->value, right);
  if (cut.size > run->bytes && old_size_ - run->bytes + cut.size > bytes_max) {
    kind_ = Kind::kToDense;
    return;
  }
  // The runs before and behind may be merged with the new ones.
  constexpr int kRunsBehind = 5;
  for (size_t at = before; at < run->offset; ++at)
    window_.add(byte_at(body, at));
  for (size_t i = 0; i < cut.size; ++i)
    window_.add(cut.bytes[i]);
  size_t end = run->offset + run->bytes;
  for (int i = 0; i < kRunsBehind && end < body.size(); ++i) {
    const std::optional<Run> behind = run_at(body, end);
    if (!behind) break;
    for (size_t byte = 0; byte < behind->bytes; ++byte)
      window_.add(byte_at(body, end + byte));
    end += behind->bytes;
  }
  offset_ = kHllHeaderBytes + before;
  replaced_ = end - before;
  window_.merge_equal_values();
  kind_ = Kind::kReplace;
}

void HllChange::apply(std::span<char> bytes) const {
  ensure(kind_ == Kind::kReplace && bytes.size() >= std::max(old_size_, new_size()));
  char* at = bytes.data() + offset_;
  std::memmove(at + window_.size, at + replaced_, old_size_ - offset_ - replaced_);
  std::memcpy(at, window_.bytes.data(), window_.size);
}

// ---- Changing a dense HyperLogLog, and headers.

bool set_dense_register(std::span<char> bytes, HllMark mark) {
  ensure(bytes.size() == kHllDenseBytes && mark.index < kHllRegisters);
  const std::span<char> packed = bytes.subspan(kHllHeaderBytes);
  const size_t group = mark.index / kGroupRegisters;
  const unsigned shift = mark.index % kGroupRegisters * kRegisterBits;
  const uint32_t word = load_group({packed.data(), packed.size()}, group);
  if ((word >> shift & kRegisterMax) >= mark.value) return false;
  store_group(packed, group, (word & ~(kRegisterMax << shift)) | uint32_t{mark.value} << shift);
  return true;
}

void cache_hll_count(std::span<char> bytes, uint64_t count) {
  ensure(bytes.size() >= kHllHeaderBytes);
  std::memcpy(bytes.data() + kCountOffset, &count, sizeof(count));
}

void forget_hll_count(std::span<char> bytes) {
  ensure(bytes.size() >= kHllHeaderBytes);
  bytes[kCountOffset + 7] = static_cast<char>(bytes[kCountOffset + 7] | 0x80);
}

}  // namespace kvstash::store
