// HyperLogLog: the bytes of a string value that estimates how many different elements were added
// to it, with a standard error of 0.81 %. Redis's format to the bit, so that such a value can be
// read from one server and set on the other.
//
//   ┌────────┬──────────┬──────────┬──────────────┬───────────────┐
//   │ "HYLL" │ encoding │ not used │ cached count │ registers ... │   the count is little-endian;
//   └────────┴──────────┴──────────┴──────────────┴───────────────┘   its highest bit: not valid
//     4        1          3          8
//
//   dense    16384 registers of 6 bits, packed from the low bits of each byte on: 12288 bytes
//   sparse   runs of equal registers, from the first to the last:
//            00nnnnnn            n + 1 registers are 0
//            01nnnnnn nnnnnnnn   n + 1 registers are 0, high bits first
//            1vvvvvnn            n + 1 registers are v + 1
//
// An element's hash (MurmurHash64A) says with its low 14 bits which register it goes to; the
// register keeps the highest position of the first set bit that the other 50 bits have shown. The
// count is estimated from how often each register value occurs, see P. Flajolet et al.,
// "HyperLogLog", 2007, and O. Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches", arXiv:1702.01284, algorithm 6.
//
// Everything here is a pure function of bytes that somebody else owns; bytes from clients may be
// anything, and nothing reads outside them. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::store {

inline constexpr size_t kHllRegisters = 16384;
inline constexpr size_t kHllHeaderBytes = 16;
inline constexpr size_t kHllDenseBytes = kHllHeaderBytes + kHllRegisters * 6 / 8;

enum class HllEncoding : uint8_t { kDense = 0, kSparse = 1 };

// One register each, unpacked.
using HllRegisters = std::array<uint8_t, kHllRegisters>;

// What an element asks for: its register to be `value` at least.
struct HllMark {
  uint16_t index;
  uint8_t value;  // 1 .. 51.
};
HllMark hll_mark_of(std::string_view element);

// The estimated number of elements.
uint64_t hll_count(const HllRegisters& registers);

// The bytes of a HyperLogLog without elements: sparse.
std::string empty_hll();

// Reads a HyperLogLog. The view lives as long as the bytes.
class HllView {
 public:
  // None: the bytes are no HyperLogLog, by their header or their length. What comes back may still
  // be damaged inside: see is_sound().
  static std::optional<HllView> of(std::string_view bytes);

  HllEncoding encoding() const { return static_cast<HllEncoding>(bytes_[4]); }
  std::string_view bytes() const { return bytes_; }

  // Whether the runs cover every register once. Always so if dense. O(n).
  bool is_sound() const;
  std::optional<uint64_t> cached_count() const;
  // False: not sound.
  bool read(HllRegisters& into) const;
  // Raises each register to this one's. False: not sound, and nothing or part of it was done.
  bool merge_into(HllRegisters& registers) const;
  // The same in the dense encoding, with the same header otherwise. None: not sound.
  std::optional<std::string> to_dense() const;
  // "z:5 v:2,1 Z:16378": the runs of a sparse one, as PFDEBUG DECODE shows them.
  std::string describe_runs() const;

 private:
  friend class HllChange;

  explicit HllView(std::string_view bytes) : bytes_(bytes) {}
  std::string_view body() const { return bytes_.substr(kHllHeaderBytes); }

  template <typename Visit>
  bool each_run(Visit&& visit) const;

  std::string_view bytes_;
};

// How a sparse HyperLogLog has to change to carry a mark: some bytes give way to others. Finding
// out changes nothing.
class HllChange {
 public:
  enum class Kind : uint8_t {
    kNone,     // The register is as high already.
    kReplace,  // See below.
    kToDense,  // It cannot stay sparse: too large a value, or more than `bytes_max` bytes.
    kCorrupt,  // Not sound.
  };

  // `bytes_max` counts the header.
  HllChange(const HllView& sparse, HllMark mark, size_t bytes_max);

  Kind kind() const { return kind_; }
  // Of kReplace: the bytes of the value afterwards.
  size_t new_size() const { return old_size_ - replaced_ + window_.size; }
  // Does it, within `bytes`: the value's, with room for new_size() at least.
  void apply(std::span<char> bytes) const;

 private:
  // The runs around a change: at most three new ones, one before and five behind, of two bytes.
  struct Window {
    std::array<uint8_t, 18> bytes;
    size_t size = 0;

    void add(uint8_t byte) { bytes[size++] = byte; }
    void add_zeros(size_t registers);
    void add_value(uint8_t value, size_t registers);
    void merge_equal_values();
  };

  void replace(std::string_view body, HllMark mark, size_t bytes_max);

  Kind kind_ = Kind::kCorrupt;
  size_t old_size_;
  size_t offset_ = 0;  // Of the first byte that gives way.
  size_t replaced_ = 0;
  Window window_;
};

// Raises a register of a dense one. True if it was lower.
bool set_dense_register(std::span<char> bytes, HllMark mark);

// ---- The cached count, in the header of either encoding.
void cache_hll_count(std::span<char> bytes, uint64_t count);
void forget_hll_count(std::span<char> bytes);

}  // namespace kvstash::store
