#include "persist/rdb/file_facts.h"

#include "base/numbers.h"

#include <string_view>

namespace kvstash::persist::rdb {
namespace {

FileStreamPlace& place_of(FileFacts& facts) {
  if (!facts.place) facts.place.emplace();
  return *facts.place;
}

int64_t number_in(std::string_view text, int64_t otherwise) {
  return parse_int64(text).value_or(otherwise);
}

}  // namespace

void write_facts(FileWriter& to, const FileFacts& facts) {
  to.aux("redis-ver", facts.redis_version);
  to.aux("redis-bits", "64");
  to.aux("ctime", std::to_string(facts.made_at_s));
  to.aux("used-mem", std::to_string(facts.memory_bytes));
  if (facts.place) {
    to.aux("repl-stream-db", std::to_string(facts.place->db));
    to.aux("repl-id", facts.place->id);
    to.aux("repl-offset", std::to_string(facts.place->offset));
  }
  to.aux("aof-base", facts.is_log_base ? "1" : "0");
}

bool take_fact(FileFacts& facts, const FileAux& aux) {
  if (aux.name == "redis-ver") {
    facts.redis_version = aux.value;
  } else if (aux.name == "ctime") {
    facts.made_at_s = number_in(aux.value, 0);
  } else if (aux.name == "used-mem") {
    facts.memory_bytes = parse_uint64(aux.value).value_or(0);
  } else if (aux.name == "repl-stream-db") {
    place_of(facts).db = number_in(aux.value, -1);
  } else if (aux.name == "repl-id") {
    place_of(facts).id = aux.value;
  } else if (aux.name == "repl-offset") {
    place_of(facts).offset = number_in(aux.value, -1);
  } else if (aux.name == "aof-base" || aux.name == "aof-preamble") {
    facts.is_log_base = aux.value == "1";
  } else {
    return aux.name == "redis-bits";
  }
  return true;
}

}  // namespace kvstash::persist::rdb
