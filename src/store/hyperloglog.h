// HyperLogLog: a string value that estimates how many different elements were added to it, with a
// standard error of 0.81 %. The format is Redis's to the bit, so that a value can be read from one
// server and set on the other.
//
//   ┌────────┬──────────┬──────────┬──────────────┬───────────────┐
//   │ "HYLL" │ encoding │ not used │ cached count │ registers ... │   count: little-endian, its
//   └────────┴──────────┴──────────┴──────────────┴───────────────┘   highest bit means that it
//     4        1          3          8                                is not valid
//
//   dense    16384 registers of 6 bits, packed from the low bits of each byte on: 12288 bytes
//   sparse   runs of equal registers, from the first to the last:
//            00nnnnnn            n + 1 registers are 0
//            01nnnnnn nnnnnnnn   n + 1 registers are 0, high bits first
//            1vvvvvnn            n + 1 registers are v + 1
//
// The low 14 bits of an element's hash (MurmurHash64A) select a register. The register keeps the
// highest position at which the first set bit of the other 50 bits was seen. The count is estimated
// from how often each register value occurs: see P. Flajolet et al., "HyperLogLog", 2007, and O.
// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284,
// algorithm 6.
//
// All functions are pure and work on bytes that their caller owns. Bytes from clients may be
// anything; no function reads outside them. Any thread.
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

// The value of each register, unpacked.
using HllRegisters = std::array<uint8_t, kHllRegisters>;

// What an element requires: register `index` has at least this `value`.
struct HllMark {
  uint16_t index;
  uint8_t value;  // 1 .. 51.
};
HllMark hll_mark_of(std::string_view element);

// Returns the estimated number of elements.
uint64_t hll_count(const HllRegisters& registers);

// Returns the bytes of a sparse HyperLogLog without elements.
std::string empty_hll();

// Reads a HyperLogLog. The view lives as long as the bytes.
class HllView {
 public:
  // Returns nothing if the bytes are no HyperLogLog by their header or length. The content of a
  // view may still be damaged: see is_sound().
  static std::optional<HllView> of(std::string_view bytes);

  HllEncoding encoding() const { return static_cast<HllEncoding>(bytes_[4]); }
  std::string_view bytes() const { return bytes_; }

  // Whether the runs cover every register once; always true for the dense encoding. O(n).
  bool is_sound() const;
  std::optional<uint64_t> cached_count() const;
  // Returns false if the HyperLogLog is not sound.
  bool read(HllRegisters& into) const;
  // Raises each of `registers` to at least the value here. Returns false if the HyperLogLog is not
  // sound; then some registers may have been raised.
  bool merge_into(HllRegisters& registers) const;
  // Returns the same HyperLogLog in the dense encoding, with the same header otherwise, or nothing
  // if it is not sound.
  std::optional<std::string> to_dense() const;
  // Returns the runs of a sparse HyperLogLog as PFDEBUG DECODE shows them: "z:5 v:2,1 Z:16378".
  std::string describe_runs() const;

 private:
  friend class HllChange;

  explicit HllView(std::string_view bytes) : bytes_(bytes) {}
  std::string_view body() const { return bytes_.substr(kHllHeaderBytes); }

  template <typename Visit>
  bool each_run(Visit&& visit) const;

  std::string_view bytes_;
};

// How a sparse HyperLogLog has to change to carry a mark: some of its bytes are replaced by others.
// The constructor finds the change; `apply` makes it.
class HllChange {
 public:
  enum class Kind : uint8_t {
    kNone,     // The register is at least as high already.
    kReplace,  // Some bytes are to be replaced: see `apply`.
    kToDense,  // It cannot stay sparse: the value is too large, or it would exceed `bytes_max`.
    kCorrupt,  // The HyperLogLog is not sound.
  };

  // `bytes_max` includes the header.
  HllChange(const HllView& sparse, HllMark mark, size_t bytes_max);

  Kind kind() const { return kind_; }
  // For kReplace: the size of the value after the change.
  size_t new_size() const { return old_size_ - replaced_ + window_.size; }
  // For kReplace: makes the change in `bytes`, which hold the value and have room for new_size().
  void apply(std::span<char> bytes) const;

 private:
  // The runs around a change, of at most two bytes each: up to three new ones, one before and five
  // behind.
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
  size_t offset_ = 0;  // The first byte to be replaced.
  size_t replaced_ = 0;
  Window window_;
};

// Raises a register of a dense HyperLogLog. Returns true if it was lower.
bool set_dense_register(std::span<char> bytes, HllMark mark);

// ---- The cached count, in the header of either encoding.
void cache_hll_count(std::span<char> bytes, uint64_t count);
void forget_hll_count(std::span<char> bytes);

}  // namespace kvstash::store
