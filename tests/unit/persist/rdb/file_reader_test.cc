#include "persist/rdb/file_reader.h"

#include "base/random.h"
#include "persist/rdb/file_writer.h"
#include "support/rdb_values.h"
#include "support/value_image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace kvstash;
using namespace kvstash::persist::rdb;
using namespace kvstash::test;
using namespace std::string_literals;

namespace {

// An event as text.
std::string text_of(const FileEvent& event) {
  struct Shows {
    std::string operator()(const FileAux& aux) const {
      return "aux " + std::string(aux.name) + "=" + std::string(aux.value);
    }
    std::string operator()(const FileFunction& function) const {
      return "function " + std::string(function.code);
    }
    std::string operator()(const FileSelectDb& select) const {
      return "db " + std::to_string(select.db);
    }
    std::string operator()(const FileResizeDb& sizes) const {
      return "sizes " + std::to_string(sizes.keys) + "," + std::to_string(sizes.keys_with_deadline);
    }
    std::string operator()(const FileModuleAux&) const { return "module aux"; }
    std::string operator()(const FileEntry& entry) const {
      std::string text = "key " + std::string(entry.key) + " type " +
                         std::to_string(static_cast<unsigned>(entry.type));
      if (entry.deadline_ms) text += " deadline " + std::to_string(*entry.deadline_ms);
      if (entry.idle_s) text += " idle " + std::to_string(*entry.idle_s);
      if (entry.frequency) text += " frequency " + std::to_string(*entry.frequency);
      return text + " value " + std::string(entry.value);
    }
    std::string operator()(const FileEnd&) const { return "end"; }
  };
  return std::visit(Shows{}, event);
}

using Texts = std::vector<std::string>;

// Feeds the bytes in pieces; the last text is the error, if there is one.
Texts events(std::string_view bytes, size_t piece, bool checks_sum = true) {
  FileReader reader(checks_sum);
  Texts texts;
  for (size_t at = 0;; at += piece) {
    for (;;) {
      const Result<std::optional<FileEvent>> event = reader.next();
      if (!event.ok()) {
        texts.emplace_back(event.error().message());
        return texts;
      }
      if (!event->has_value()) break;
      texts.push_back(text_of(**event));
    }
    if (at >= bytes.size()) break;
    reader.feed(bytes.substr(at, piece));
  }
  const Status status = reader.finish();
  if (!status.ok()) texts.emplace_back(status.error().message());
  if (reader.has_ended() && !reader.rest().empty())
    texts.push_back("rest " + std::string(reader.rest()));
  return texts;
}

std::string last_of(std::string_view bytes) {
  return events(bytes, 1'000'000).back();
}

std::string of_one_entry(std::string_view entry) {
  return "REDIS0010" + std::string(entry) + "\xff" + std::string(8, '\0');
}

// What a file of the corpus loads as, without encodings and without what depends on the time at
// which the file was made.
KeyspaceImage loaded(const std::string& name) {
  std::ifstream file("tests/fuzz/corpus/rdb_file/" + name, std::ios::binary);
  REQUIRE(file.is_open());
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  FileReader reader;
  reader.feed(std::string_view(bytes).substr(1));  // The first byte is for the fuzzer.
  RdbSpace space;
  while (!reader.has_ended()) {
    const Result<std::optional<FileEvent>> event = reader.next();
    REQUIRE_MESSAGE(event.ok(), (event.ok() ? "" : std::string(event.error().message())));
    REQUIRE(event->has_value());
    const auto* entry = std::get_if<FileEntry>(&**event);
    if (entry == nullptr || entry->key == "stream-20-short") continue;
    Result<Value> value = read_value(entry->type, reader.dialect(), entry->value, space.options());
    REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : std::string(value.error().message())));
    space.put(entry->key, *std::move(value), entry->deadline_ms);
  }
  CHECK(reader.finish().ok());
  KeyspaceImage image = image_of(space.space());
  for (auto& [key, found] : image) {
    found.encoding = store::Encoding::kRaw;
    // Lists and streams are cut differently into pieces.
    if (found.type == store::ValueType::kStream) found.parts.clear();
  }
  return image;
}

std::string whole_file() {
  std::string out;
  FileWriter writer(out, {.version = 12});
  writer.begin();
  writer.aux("ctime", "1700000000");
  writer.function("#!lua name=a\n" + std::string(100, ' '));
  for (const Extreme extreme : {Extreme::kUsual, Extreme::kNothingPacked}) {
    RdbSpace space(extreme);
    space.fill();
    space.fill_field_deadlines();
    writer.select_db(static_cast<uint64_t>(extreme));
    writer.resize_db(space.space().size(), 1);
    space.for_each([&](const store::Entry& entry) {
      Encoded encoded;
      Encoder to(encoded);
      write_entry(to, entry, {.version = 12});
      writer.entries(std::move(encoded));
    });
  }
  writer.end();
  return out;
}

}  // namespace

TEST_CASE("file reader: yields what stands in a file, in pieces of any size") {
  const std::string bytes = whole_file() + "behind";
  const Texts whole = events(bytes, bytes.size());
  REQUIRE(whole.size() > 100);
  CHECK(whole[0] == "aux ctime=1700000000");
  CHECK(whole[1] == "function #!lua name=a\n" + std::string(100, ' '));
  CHECK(whole[2] == "db 0");
  CHECK(whole[whole.size() - 2] == "end");
  CHECK(whole.back() == "rest behind");
  for (const size_t piece : {size_t{1}, size_t{13}, size_t{4096}}) {
    Texts pieces = events(bytes, piece);
    pieces.resize(std::min(pieces.size(), whole.size() - 1));
    CHECK((pieces == Texts(whole.begin(), whole.end() - 1)));
  }
}

TEST_CASE("file reader: values are those that were written") {
  const std::string bytes = whole_file();
  FileReader reader;
  reader.feed(bytes);
  RdbSpace copy;
  for (;;) {
    const Result<std::optional<FileEvent>> event = reader.next();
    REQUIRE(event.ok());
    const auto* select = std::get_if<FileSelectDb>(&**event);
    if (select != nullptr && select->db != 0) break;
    const auto* entry = std::get_if<FileEntry>(&**event);
    if (entry == nullptr) continue;
    Result<Value> value = read_value(entry->type, reader.dialect(), entry->value, copy.options());
    REQUIRE(value.ok());
    copy.put(entry->key, *std::move(value), entry->deadline_ms);
  }
  RdbSpace real;
  real.fill();
  real.fill_field_deadlines();
  CHECK(difference(image_of(copy.space()), image_of(real.space())) == "");
}

TEST_CASE("file reader: files of Redis 7.0 hold the same under every limit of encodings") {
  const KeyspaceImage usual = loaded("redis7_usual");
  CHECK(usual.size() > 50);
  for (const char* name : {"redis7_nothing_packed", "redis7_all_packed", "redis7_compressed",
                           "redis7_lfu", "redis7_lru_no_checksum"}) {
    INFO(name);
    CHECK(difference(loaded(name), usual) == "");
  }
}

TEST_CASE("file reader: files of Redis 8 and Valkey 9 hold the same, and fields have deadlines") {
  const KeyspaceImage redis = loaded("redis8");
  CHECK(difference(loaded("redis8_nothing_packed"), redis) == "");
  CHECK(difference(loaded("valkey9"), redis) == "");
  for (const char* key : {"hash-3-short", "hash-20-long"}) {
    const std::vector<std::string>& parts = redis.at(key).parts;
    CHECK(std::count_if(parts.begin(), parts.end(), [](const std::string& part) {
            return part.find("4000000000000") != std::string::npos;
          }) == 1);
  }
}

TEST_CASE("file reader: what is said before an entry is about that entry alone") {
  const Texts texts =
      events(of_one_entry("\xfc\x02\x01\x00\x00\x00\x00\x00\x00\xf8\x41\x00\x00\x01k\x01v"
                          "\xfd\x02\x00\x00\x00\xf9\x07\x00\xc0\x05\x01w\x00\x01l\x01x"s),
             1);
  CHECK(texts == Texts{"key k type 0 deadline 258 idle 256 value \x01v",
                       "key 5 type 0 deadline 2000 frequency 7 value \x01w",
                       "key l type 0 value \x01x", "end"});
}

TEST_CASE("file reader: versions without a checksum, Valkey's magic, sizes of slots") {
  CHECK(events("REDIS0003\xfe\x00\x00\x01k\x01v\xff"s, 2) ==
        Texts{"db 0", "key k type 0 value \x01v", "end"});
  CHECK(events("VALKEY080\x16\x01k\x00\xff"s + std::string(8, '\0'), 4) ==
        Texts{"key k type 22 value "s + '\0', "end"});
  CHECK(events(of_one_entry("\xf4\x01\x02\x03"), 1) == Texts{"end"});
}

TEST_CASE("file reader: data of modules is passed over where its end can be found") {
  const std::string value =
      "\x81"
      "12345678"
      "\x02\x07\x05\x02hi\x00"s;
  CHECK(events(of_one_entry("\xf7\x81"
                            "12345678"
                            "\x02\x01\x05\x02hi\x00\x07\x01k"s +
                            value),
               1) == Texts{"module aux", "key k type 7 value " + value, "end"});
  CHECK(last_of(of_one_entry("\x06\x01k\x07")) ==
        "At byte 10 of the file there is a value of a module in a form whose end nobody else can "
        "find");
}

TEST_CASE("file reader: what cannot be read is refused with its place") {
  CHECK(last_of("nothing") == "At byte 0 of the file there is not what an RDB file begins with");
  CHECK(last_of("REDIS0013") ==
        "At byte 0 of the file there is a version of the format that cannot be read: REDIS0013");
  CHECK(last_of("VALKEY011").find("cannot be read: VALKEY011") != std::string::npos);
  CHECK(last_of("REDIS0000").find("cannot be read") != std::string::npos);
  CHECK(last_of(of_one_entry("\x1a")) ==
        "At byte 10 of the file there is neither a value nor an opcode that is known: 26");
  CHECK(last_of(of_one_entry("\xf6\x01")).find("release candidate") != std::string::npos);
  CHECK(last_of("REDIS0011\x00\x01k\x05vv"s) == "The file is cut short at byte 15");
  CHECK(last_of("REDIS") == "The file is cut short at byte 5");
  CHECK(last_of("") == "The file is cut short at byte 0");
}

TEST_CASE("file reader: a file that is cut anywhere is cut short") {
  const std::string bytes = whole_file();
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const size_t size = random.below(bytes.size());
    CHECK(last_of(std::string_view(bytes).substr(0, size)) ==
          "The file is cut short at byte " + std::to_string(size));
  }
}

TEST_CASE("file reader: a flipped bit is an error at the end at the latest") {
  const std::string bytes = whole_file();
  Random random(4);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    damaged[random.below(bytes.size())] ^= static_cast<char>(1u << random.below(8));
    // A version below 5 has no checksum, which then is left over.
    CHECK(events(damaged, 50'000).back() != "end");
  }
}

TEST_CASE("file reader: a wrong checksum counts only if it is to be checked") {
  std::string bytes = whole_file();
  bytes.back() ^= 1;
  CHECK(last_of(bytes).find("the checksum is wrong") != std::string::npos);
  CHECK(events(bytes, bytes.size(), false).back() == "end");
}
