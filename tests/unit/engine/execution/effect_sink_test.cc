#include "engine/execution/effect_sink.h"

#include "support/recording_sink.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {
namespace {

using Records = std::vector<std::string>;

void write(EffectSink& sink, std::string_view word, RecordTarget target = RecordTarget::kBoth) {
  sink.write({.db = DbIndex{0}, .argv = std::span(&word, 1), .raw = {}, .target = target});
}

}  // namespace

TEST_CASE("units nest, and the outermost counts") {
  test::RecordingSink sink;
  write(sink, "a");
  sink.begin_unit();
  write(sink, "b");
  sink.begin_unit();
  write(sink, "c");
  sink.end_unit();
  write(sink, "d");
  sink.end_unit();
  write(sink, "e");
  CHECK(sink.records == Records{"0 a", "<", "0 b", "0 c", "0 d", ">", "0 e"});
}

TEST_CASE("a unit without a record leaves no trace") {
  test::RecordingSink sink;
  {
    const RecordUnit unit(&sink);
    const RecordUnit inner(&sink);
  }
  const RecordUnit without_journal(nullptr);
  CHECK(sink.records.empty());
  sink.begin_unit();
  sink.begin_unit();
  sink.end_unit();
  write(sink, "a");
  sink.end_unit();
  CHECK(sink.records == Records{"<", "0 a", ">"});
}

TEST_CASE("a record is for the log, for replicas, or for both") {
  test::RecordingSink sink;
  write(sink, "a", RecordTarget::kAof);
  write(sink, "b", RecordTarget::kReplicas);
  CHECK(sink.records == Records{"aof:0 a", "replicas:0 b"});
  CHECK((RecordTarget::kBoth & RecordTarget::kAof) == RecordTarget::kAof);
  CHECK((RecordTarget::kReplicas & RecordTarget::kAof) == RecordTarget::kNone);
}

}  // namespace kvstash::engine
