// PFDEBUG and PFSELFTEST. Declared in hyperloglog.h.
#include "base/random.h"
#include "base/text.h"
#include "commands/hyperloglog/hyperloglog.h"
#include "commands/hyperloglog/hyperloglog_key.h"
#include "engine/execution/call.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace kvstash::commands {
namespace {

using engine::Key;
using store::HllEncoding;
using store::HllMark;
using store::HllRegisters;
using store::HllView;

// Makes the key's HyperLogLog dense, and records the command as sent. False: it was dense already.
Result<bool> convert(Call& call, Key& key, const HllView& view) {
  if (view.encoding() == HllEncoding::kDense) return false;
  if (Status status = make_dense(key); !status.ok()) return status.error();
  call.record_as_sent();
  return true;
}

Status reply_registers(Call& call, Key& key, const HllView& view) {
  HllRegisters registers;
  if (!view.read(registers)) return corrupt_hll();
  if (const Result<bool> converted = convert(call, key, view); !converted.ok())
    return converted.error();
  call.reply().array(registers.size());
  for (const uint8_t value : registers)
    call.reply().integer(value);
  return {};
}

Status reply_runs(Call& call, const HllView& view) {
  if (view.encoding() != HllEncoding::kSparse)
    return Error::literal("ERR HLL encoding is not sparse");
  if (!view.is_sound()) return corrupt_hll();
  call.reply().bulk(view.describe_runs());
  return {};
}

// ---- PFSELFTEST.

// Tests that dense registers have the values that were written to them.
Status test_registers(Random& random) {
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    std::string dense = *HllView::of(store::empty_hll())->to_dense();
    HllRegisters expected;
    for (uint16_t i = 0; i < store::kHllRegisters; ++i) {
      expected[i] = static_cast<uint8_t>(random.below(64));
      if (expected[i] != 0) store::set_dense_register(dense, {.index = i, .value = expected[i]});
    }
    HllRegisters found;
    if (!HllView::of(dense)->read(found)) return corrupt_hll();
    const auto [at, differs] = std::ranges::mismatch(found, expected);
    if (at != found.end()) {
      return Error::text("ERR TESTFAILED Register " + std::to_string(at - found.begin()) +
                         " should be " + std::to_string(*differs) + " but is " +
                         std::to_string(*at));
    }
  }
  return {};
}

// Tests that estimates for known numbers of elements have no more than the expected error.
Status test_estimates(Random& random) {
  constexpr uint64_t kElements = 1'000'000;
  const double standard_error = 1.04 / std::sqrt(static_cast<double>(store::kHllRegisters));
  const uint64_t seed = random.next();
  HllRegisters registers{};
  uint64_t next_check = 1;
  for (uint64_t count = 1; count <= kElements; ++count) {
    const uint64_t element = seed ^ count;
    const HllMark mark =
        store::hll_mark_of({reinterpret_cast<const char*>(&element), sizeof(element)});
    registers[mark.index] = std::max(registers[mark.index], mark.value);
    if (count != next_check) continue;
    next_check *= 10;
    const auto estimate = static_cast<double>(store::hll_count(registers));
    const double error = std::abs(estimate - static_cast<double>(count));
    // Two of ten elements may share a register.
    const double error_max =
        count == 10 ? 1.0 : std::ceil(standard_error * 6 * static_cast<double>(count));
    if (error > error_max) {
      return Error::text("ERR TESTFAILED Too big error. card:" + std::to_string(count) +
                         " abserr:" + std::to_string(std::llround(error)));
    }
  }
  return {};
}

}  // namespace

Status pfdebug(Call& call) {
  Key key = call.write(2);
  if (!key.exists()) return Error::literal("ERR The specified key does not exist");
  const Result<HllView> view = view_hll(key);
  if (!view.ok()) return view.error();
  const std::string_view action = call.arg(1);
  if (equals_ignore_case(action, "getreg")) return reply_registers(call, key, *view);
  if (equals_ignore_case(action, "decode")) return reply_runs(call, *view);
  if (equals_ignore_case(action, "encoding")) {
    call.reply().simple(view->encoding() == HllEncoding::kDense ? "dense" : "sparse");
    return {};
  }
  if (equals_ignore_case(action, "todense")) {
    const Result<bool> converted = convert(call, key, *view);
    if (!converted.ok()) return converted.error();
    call.reply().integer(*converted ? 1 : 0);
    return {};
  }
  return Error::text("ERR Unknown PFDEBUG subcommand '" + std::string(action) + "'");
}

Status pfselftest(Call& call) {
  Random random(call.shards().ports().entropy->draw());
  if (Status status = test_registers(random); !status.ok()) return status;
  if (Status status = test_estimates(random); !status.ok()) return status;
  call.reply().ok();
  return {};
}

}  // namespace kvstash::commands
