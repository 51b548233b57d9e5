// RecordingSink: a journal that keeps its records as text, in the order in which they came.
#pragma once

#include "engine/effect_sink.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

// A record is its database and words, "0 SET k v"; units and flushes stand between as "<" ">" ".".
class RecordingSink final : public engine::EffectSink {
 public:
  void on_write(engine::DbIndex db, std::span<const std::string_view> argv) override {
    std::string record = std::to_string(static_cast<uint32_t>(db));
    for (const std::string_view word : argv)
      record.append(" ").append(word);
    records.push_back(std::move(record));
  }
  void begin_unit() override { records.emplace_back("<"); }
  void end_unit() override { records.emplace_back(">"); }
  void flush() override { records.emplace_back("."); }

  std::vector<std::string> records;
};

}  // namespace kvstash::test
