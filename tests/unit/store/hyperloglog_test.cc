#include "store/hyperloglog.h"

#include "base/random.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

namespace kvstash::store {
namespace {

using Kind = HllChange::Kind;

HllView view_of(const std::string& bytes) {
  const std::optional<HllView> view = HllView::of(bytes);
  REQUIRE(view.has_value());
  return *view;
}

// Carries the mark, as the commands do. False: the register was as high already.
bool add(std::string& bytes, HllMark mark, size_t sparse_bytes_max) {
  if (view_of(bytes).encoding() == HllEncoding::kSparse) {
    const HllChange change(view_of(bytes), mark, sparse_bytes_max);
    REQUIRE(change.kind() != Kind::kCorrupt);
    if (change.kind() == Kind::kNone) return false;
    if (change.kind() == Kind::kReplace) {
      bytes.resize(std::max(bytes.size(), change.new_size()));
      change.apply(bytes);
      bytes.resize(change.new_size());
      return true;
    }
    bytes = *view_of(bytes).to_dense();
  }
  return set_dense_register(bytes, mark);
}

HllRegisters registers_of(const std::string& bytes) {
  HllRegisters registers;
  REQUIRE(view_of(bytes).read(registers));
  return registers;
}

std::string with_runs(std::string_view runs) {
  return empty_hll().substr(0, kHllHeaderBytes).append(runs);
}

}  // namespace

TEST_CASE("an element's mark is the one that the format prescribes") {
  // As redis-server 7.0.15 places them: PFDEBUG DECODE after PFADD h a b c.
  CHECK(hll_mark_of("a").index == 12711);
  CHECK(hll_mark_of("a").value == 2);
  std::string bytes = empty_hll();
  for (const char* element : {"a", "b", "c"})
    add(bytes, hll_mark_of(element), 3000);
  CHECK(view_of(bytes).describe_runs() == "Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
}

TEST_CASE("marks stay within the registers and the values of the format") {
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    const HllMark mark = hll_mark_of(std::to_string(random.next()));
    CHECK(mark.index < kHllRegisters);
    REQUIRE((mark.value >= 1 && mark.value <= 51));
  }
}

TEST_CASE("sparse and dense registers agree with an array through random marks") {
  Random random(7);
  for (const size_t sparse_bytes_max : {size_t{100}, size_t{3000}, size_t{40000}}) {
    CAPTURE(sparse_bytes_max);
    std::string bytes = empty_hll();
    HllRegisters expected{};
    for (int i = 0; i < 6000; ++i) {
      // Crowded in one place, so that runs meet; now and then a value that sparse runs cannot have.
      const auto index = static_cast<uint16_t>(random.one_in(3) ? random.below(kHllRegisters)
                                                                : 5000 + random.below(300));
      const auto value =
          static_cast<uint8_t>(random.one_in(5000) ? 33 + random.below(19) : 1 + random.below(6));
      const bool is_new = expected[index] < value;
      REQUIRE(add(bytes, {.index = index, .value = value}, sparse_bytes_max) == is_new);
      expected[index] = std::max(expected[index], value);
      REQUIRE(view_of(bytes).is_sound());
      if (i % 100 == 0) REQUIRE(registers_of(bytes) == expected);
    }
    CHECK(registers_of(bytes) == expected);
    const std::string dense = *view_of(bytes).to_dense();
    CHECK(dense.size() == kHllDenseBytes);
    CHECK(registers_of(dense) == expected);
  }
}

TEST_CASE("a sparse one grows to its limit and not beyond") {
  std::string bytes = empty_hll();
  constexpr size_t kBytesMax = 200;
  for (uint16_t i = 0; view_of(bytes).encoding() == HllEncoding::kSparse; ++i) {
    CHECK(bytes.size() <= kBytesMax);
    add(bytes, {.index = static_cast<uint16_t>(i * 100), .value = 3}, kBytesMax);
  }
  CHECK(bytes.size() == kHllDenseBytes);
}

TEST_CASE("neighbours of one value share a run of four at most") {
  std::string bytes = empty_hll();
  for (uint16_t i = 0; i < 6; ++i)
    add(bytes, {.index = i, .value = 2}, 3000);
  CHECK(view_of(bytes).describe_runs() == "v:2,4 v:2,2 Z:16378");
  add(bytes, {.index = 1, .value = 9}, 3000);
  CHECK(view_of(bytes).describe_runs() == "v:2,1 v:9,1 v:2,4 Z:16378");
  add(bytes, {.index = 3, .value = 9}, 3000);
  CHECK(view_of(bytes).describe_runs() == "v:2,1 v:9,1 v:2,1 v:9,1 v:2,2 Z:16378");
  add(bytes, {.index = 2, .value = 9}, 3000);
  CHECK(view_of(bytes).describe_runs() == "v:2,1 v:9,3 v:2,2 Z:16378");
}

TEST_CASE("bytes that are no HyperLogLog are told by their header and length") {
  const std::string empty = empty_hll();
  CHECK(HllView::of(empty).has_value());
  CHECK(HllView::of(empty.substr(0, 16)).has_value());
  CHECK(!HllView::of(empty.substr(0, 15)).has_value());
  CHECK(!HllView::of("").has_value());
  std::string changed = empty;
  changed[0] = 'h';
  CHECK(!HllView::of(changed).has_value());
  changed = empty;
  changed[4] = 2;
  CHECK(!HllView::of(changed).has_value());
  std::string dense = *view_of(empty).to_dense();
  CHECK(HllView::of(dense).has_value());
  CHECK(!HllView::of(dense.substr(1)).has_value());
  dense += 'x';
  CHECK(!HllView::of(dense).has_value());
}

TEST_CASE("runs that do not cover the registers exactly are damage") {
  using namespace std::string_view_literals;
  struct {
    std::string_view runs;
    Kind last_register;  // What a mark in the last register comes upon.
  } const kDamaged[] = {
      {""sv, Kind::kCorrupt},
      {"\x7f"sv, Kind::kCorrupt},          // Half a run.
      {"\x7f\xfe"sv, Kind::kCorrupt},      // One register is missing.
      {"\x7f\xff\x00"sv, Kind::kReplace},  // One too many.
      {"\x7f\xff\x80"sv, Kind::kReplace},  // The same with a value.
      {"\x7f\xfd\x83"sv, Kind::kCorrupt},  // The last run reaches over the end.
      {"\x40\x00\x7f\xff"sv, Kind::kCorrupt},
  };
  for (const auto& [runs, last_register] : kDamaged) {
    const std::string bytes = with_runs(runs);
    CAPTURE(runs);
    const HllView view = view_of(bytes);
    CHECK(!view.is_sound());
    HllRegisters registers{};
    CHECK(!view.merge_into(registers));
    CHECK(!view.to_dense().has_value());
    CHECK(HllChange(view, {.index = 16383, .value = 1}, 3000).kind() == last_register);
  }
  CHECK(view_of(with_runs("\x7f\xfb\x83"sv)).is_sound());
}

TEST_CASE("the count is near the truth, as near as the paper says") {
  HllRegisters registers{};
  CHECK(hll_count(registers) == 0);
  uint64_t next_check = 1;
  for (uint64_t count = 1; count <= 300000; ++count) {
    const HllMark mark = hll_mark_of("element:" + std::to_string(count));
    registers[mark.index] = std::max(registers[mark.index], mark.value);
    if (count != next_check) continue;
    const double error =
        std::abs(static_cast<double>(hll_count(registers)) - static_cast<double>(count));
    CHECK(error <= std::max(1.0, 0.0081 * 4 * static_cast<double>(count)));
    next_check = next_check * 3 + 1;
  }
}

TEST_CASE("registers that no elements could make have a count all the same, Redis's") {
  HllRegisters registers;
  registers.fill(1);
  CHECK(hll_count(registers) == 23637);
  registers.fill(32);
  CHECK(hll_count(registers) == 50760319129350);
  for (const uint8_t value : {uint8_t{50}, uint8_t{51}, uint8_t{52}, uint8_t{63}}) {
    registers.fill(value);
    CHECK(hll_count(registers) == uint64_t{1} << 63);
  }
}

TEST_CASE("the cached count is kept in the header until it is forgotten") {
  std::string bytes = empty_hll();
  CHECK(view_of(bytes).cached_count() == 0);
  forget_hll_count(bytes);
  CHECK(!view_of(bytes).cached_count().has_value());
  cache_hll_count(bytes, 123456789012);
  CHECK(view_of(bytes).cached_count() == 123456789012);
  CHECK(view_of(*view_of(bytes).to_dense()).cached_count() == 123456789012);
  CHECK(bytes.substr(16) == empty_hll().substr(16));
}

TEST_CASE("merging takes the higher of two registers, in either encoding") {
  Random random(3);
  std::string one = empty_hll();
  std::string other = empty_hll();
  for (int i = 0; i < 500; ++i) {
    add(one, hll_mark_of(std::to_string(random.next())), 3000);
    add(other, hll_mark_of(std::to_string(random.next())), 3000);
  }
  HllRegisters merged = registers_of(one);
  REQUIRE(view_of(other).merge_into(merged));
  HllRegisters of_dense = registers_of(*view_of(other).to_dense());
  REQUIRE(view_of(*view_of(one).to_dense()).merge_into(of_dense));
  CHECK(merged == of_dense);
  for (size_t i = 0; i < kHllRegisters; ++i)
    REQUIRE(merged[i] == std::max(registers_of(one)[i], registers_of(other)[i]));
}

}  // namespace kvstash::store
