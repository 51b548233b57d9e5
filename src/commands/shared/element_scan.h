// Element scan: what HSCAN, SSCAN and ZSCAN have in common: their options, when a call has seen
// enough, and the shape of the reply.
//
// A container is walked from a position (store/hash_table.h: ScanPosition), which is the cursor: 0
// is both the beginning and, as an answer, the end. Lives for one command, on its thread.
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
  std::string_view pattern = "*";  // As long as the command's arguments.
  size_t count = 10;               // About so many elements a call.
  bool has_values = true;          // Not NOVALUES.
};

enum class NoValues : uint8_t { kRefused, kAllowed };

// What follows the cursor.
Result<ElementScanOptions> parse_element_scan(engine::ArgReader args, NoValues no_values);

// Writes the reply of one call.
class ElementScan {
 public:
  ElementScan(const ElementScanOptions& options, resp::ReplyWriter& to)
      : options_(&options), to_(&to), begin_(to.begin()) {}

  // Whether an element of this name is asked for. It is counted as seen.
  bool wants(store::PackedValue name);
  void add(store::PackedValue value);  // One element of the reply.

  // Calls `step`, which takes a position, visits what is there and returns the next one, until
  // enough was seen; then completes the reply.
  template <typename Step>
  void run(store::ScanPosition from, Step&& step) {
    constexpr size_t kStepsPerElement = 10;  // In a table that has been emptied.
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
