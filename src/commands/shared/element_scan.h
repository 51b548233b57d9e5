// Element scan: what HSCAN, SSCAN and ZSCAN share: their options, when a call has seen enough, and
// the form of the reply.
//
// A container is walked from a position (store/hash_table.h: ScanPosition), which is the cursor: 0
// is both the beginning and, in a reply, the end. Lives for one command, on its thread.
#pragma once

#include "base/result.h"
#include "engine/command/arg_reader.h"
#include "resp/reply_writer.h"
#include "store/hash_table.h"
#include "store/listpack.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvstash::commands {

struct ElementScanOptions {
  std::string_view pattern = "*";  // A view of an argument.
  size_t count = 10;               // About how many elements a call visits.
  bool has_values = true;          // False with NOVALUES.
};

enum class NoValues : uint8_t { kRefused, kAllowed };

// Parses the arguments that follow the cursor.
Result<ElementScanOptions> parse_element_scan(engine::ArgReader args, NoValues no_values);

// Writes the reply of one call.
class ElementScan {
 public:
  ElementScan(const ElementScanOptions& options, resp::ReplyWriter& to)
      : options_(&options), to_(&to), begin_(to.begin()) {}

  // Whether an element of this name matches. Counts the element as seen.
  bool wants(store::PackedValue name);
  void add(store::PackedValue value);  // Adds one element to the reply.

  // Calls `step` until enough elements were seen, then completes the reply. `step` takes a
  // position, visits the elements there and returns the next position.
  template <typename Step>
  void run(store::ScanPosition from, Step&& step) {
    constexpr size_t kStepsPerElement = 10;  // Bounds a call in an almost empty table.
    store::ScanPosition at = from;
    size_t steps = 0;
    do {
      at = step(at);
      ++steps;
    } while (at != store::ScanPosition{} && seen_ < options_->count &&
             steps / kStepsPerElement < options_->count);
    finish(at);
  }

 private:
  void finish(store::ScanPosition next);

  const ElementScanOptions* options_;
  resp::ReplyWriter* to_;
  resp::ReplyWriter::Mark begin_;
  size_t seen_ = 0;
  size_t replied_ = 0;
};

}  // namespace kvstash::commands
