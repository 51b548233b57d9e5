#include "persist/rdb/file_facts.h"

#include <doctest/doctest.h>

#include <string>

using namespace kvstash;
using namespace kvstash::persist::rdb;

namespace {

FileFacts read_back(const std::string& bytes) {
  FileReader reader;
  reader.feed(bytes);
  FileFacts facts;
  for (;;) {
    const Result<std::optional<FileEvent>> event = reader.next();
    REQUIRE(event.ok());
    if (!event->has_value()) return facts;
    if (const auto* aux = std::get_if<FileAux>(&**event)) CHECK(take_fact(facts, *aux));
  }
}

}  // namespace

TEST_CASE("file facts: are written under Redis's names and read again") {
  FileFacts facts{.redis_version = "7.2.4", .made_at_s = 1'700'000'000, .memory_bytes = 123'456};
  facts.place = {.id = std::string(40, 'a'), .offset = 77, .db = 3};
  facts.is_log_base = true;
  std::string bytes;
  FileWriter writer(bytes, {.is_compressed = false});
  writer.begin();
  write_facts(writer, facts);
  for (const char* name : {"redis-ver", "redis-bits", "ctime", "used-mem", "repl-stream-db",
                           "repl-id", "repl-offset", "aof-base"})
    CHECK(bytes.find(name) != std::string::npos);
  const FileFacts again = read_back(bytes);
  CHECK(again.redis_version == "7.2.4");
  CHECK(again.made_at_s == 1'700'000'000);
  CHECK(again.memory_bytes == 123'456);
  REQUIRE(again.place.has_value());
  CHECK(again.place->id == std::string(40, 'a'));
  CHECK(again.place->offset == 77);
  CHECK(again.place->db == 3);
  CHECK(again.is_log_base);
}

TEST_CASE("file facts: a file without a place in a stream has none, and strangers are told") {
  std::string bytes;
  FileWriter writer(bytes, {});
  writer.begin();
  write_facts(writer, {.redis_version = "7.0.15"});
  const FileFacts facts = read_back(bytes);
  CHECK_FALSE(facts.place.has_value());
  CHECK_FALSE(facts.is_log_base);
  FileFacts other;
  CHECK_FALSE(take_fact(other, {.name = "kvstash-lsn", .value = "1"}));
  CHECK(take_fact(other, {.name = "repl-offset", .value = "no number"}));
  CHECK(other.place->offset == -1);
}
