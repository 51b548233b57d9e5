// RecordingSink: a journal that keeps its records as text, in the order in which they came.
#pragma once

#include "base/ensure.h"
#include "engine/execution/effect_sink.h"
#include "resp/request_text.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::test {

// A record is its database and its words, "0 SET k v", with "aof:" or "replicas:" in front if only
// one of the two gets it; the beginning and end of a unit and a flush stand between records as "<",
// ">" and ".". Raw bytes must be the words as RESP.
class RecordingSink final : public engine::EffectSink {
 public:
  engine::Lsn flush() override {
    records.emplace_back(".");
    return engine::kLsnNone;
  }

  std::vector<std::string> records;
  size_t raw_records = 0;  // Number of records that came with raw bytes.

 private:
  void on_record(const engine::Record& record) override {
    std::string text;
    if (record.target == engine::RecordTarget::kAof) text = "aof:";
    if (record.target == engine::RecordTarget::kReplicas) text = "replicas:";
    text += std::to_string(static_cast<uint32_t>(record.db));
    for (const std::string_view word : record.argv)
      text.append(" ").append(word);
    records.push_back(std::move(text));
    if (record.raw.empty()) return;
    ++raw_records;
    std::string formatted;
    resp::append_request(formatted, record.argv);
    ensure(record.raw == formatted);
  }
  void on_begin_unit() override { records.emplace_back("<"); }
  void on_end_unit() override { records.emplace_back(">"); }
};

}  // namespace kvstash::test
