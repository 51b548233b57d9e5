#include "store/entry.h"

#include "base/alloc.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

namespace kvstash::store {

// Does to an entry what only its keyspace may do.
class EntryTester {
 public:
  explicit EntryTester(Entry* entry) : entry_(entry) {}

  char* payload() { return entry_->payload(); }
  void set_integer(int64_t value) { entry_->set_integer(value); }
  void set_blob(Blob* blob) { entry_->set_blob(blob); }
  void set_mark(Mark mark, bool is_set) { entry_->set_mark(mark, is_set); }
  void reshape(const Entry::Shape& shape) { entry_->reshape(shape); }

 private:
  Entry* entry_;
};

namespace {

// An entry in memory of its own, sized as the header promises.
class Made {
 public:
  Made(std::string_view key, const Entry::Shape& shape)
      : bytes_(Entry::bytes_for(key, shape)),
        entry_(Entry::construct(allocate(bytes_), key, shape)) {}
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() { deallocate(entry_, bytes_); }

  Entry* operator->() { return entry_; }
  size_t bytes() const { return bytes_; }
  EntryTester inside() { return EntryTester(entry_); }

 private:
  size_t bytes_;
  Entry* entry_;
};

}  // namespace

TEST_CASE("an entry gives back the key it was made with, at every length of the length") {
  for (const size_t size : {0u, 1u, 254u, 255u, 256u, 70000u}) {
    CAPTURE(size);
    const std::string key(size, 'k');
    for (const bool has_deadline : {false, true}) {
      Made entry(key, {.encoding = Encoding::kInt, .has_deadline = has_deadline});
      CHECK(entry->key() == key);
      CHECK(entry->has_deadline() == has_deadline);
      CHECK(entry->bytes_asked() == entry.bytes());
    }
  }
}

TEST_CASE("a small key and value take eight bytes more than they are long") {
  CHECK(Entry::bytes_for("key", {.is_inline = true, .value_len = 5}) == 8 + 3 + 5);
  CHECK(Entry::bytes_for("key", {.encoding = Encoding::kInt}) == 8 + 3 + 8);
  CHECK(Entry::bytes_for("key", {.has_deadline = true, .is_inline = true}) == 8 + 24 + 3);
}

TEST_CASE("payloads of each shape come back") {
  Made text("key", {.encoding = Encoding::kEmbstr, .is_inline = true, .value_len = 5});
  std::memcpy(text.inside().payload(), "hello", 5);
  CHECK(text->inline_string() == "hello");
  CHECK_FALSE(text->is_blob());

  Made number("key", {.encoding = Encoding::kInt});
  number.inside().set_integer(-42);
  CHECK(number->integer() == -42);
  CHECK_FALSE(number->is_blob());
  CHECK_FALSE(number->is_inline_string());

  Blob* blob = Blob::make(3, 10);
  std::memcpy(blob->data, "abc", 3);
  Made large("key", {.encoding = Encoding::kRaw});
  large.inside().set_blob(blob);
  CHECK(large->is_blob());
  CHECK(large->blob()->view() == "abc");
  CHECK(large->blob()->capacity == 10);
  Blob::destroy(blob);
}

TEST_CASE("an entry is expired from its deadline on, to the millisecond") {
  Made entry("key", {.encoding = Encoding::kInt, .has_deadline = true});
  entry->link().deadline_ms = 1000;
  CHECK_FALSE(entry->is_expired(999));
  CHECK(entry->is_expired(1000));
  CHECK(entry->is_expired(1001));
  Made eternal("key", {.encoding = Encoding::kInt});
  CHECK_FALSE(eternal->is_expired(1'000'000'000'000'000));
}

TEST_CASE("the deadline of fields is apart from the key's, and there with or without it") {
  for (const bool has_key_deadline : {false, true}) {
    CAPTURE(has_key_deadline);
    const std::string name(300, 'k');
    for (const std::string& key : {std::string("key"), name}) {
      Made entry(key, {.type = ValueType::kHash,
                       .encoding = Encoding::kHashtable,
                       .has_deadline = has_key_deadline,
                       .has_field_deadlines = true});
      if (has_key_deadline) entry->link().deadline_ms = 5000;
      entry->link(DeadlineOf::kFields).deadline_ms = 1000;
      CHECK(entry->key() == key);
      CHECK(entry->has_deadline() == has_key_deadline);
      CHECK_FALSE(entry->is_expired(1000));
      CHECK_FALSE(entry->is_due(999));
      CHECK(entry->is_due(1000));
      CHECK(entry->has_due_fields(1000));
      if (has_key_deadline) CHECK(entry->deadline_ms() == 5000);
      const size_t blocks = has_key_deadline ? 2 : 1;
      CHECK(entry->bytes_asked() == 8 + blocks * 24 + (key.size() > 254 ? 4 : 0) + key.size() + 8);
    }
  }
}

TEST_CASE("access clock, marks and shape do not disturb each other") {
  Made entry("key", {.encoding = Encoding::kInt, .has_deadline = true});
  entry->set_access(0xabcdef);
  CHECK_FALSE(entry->has_marks());
  entry.inside().set_mark(Mark::kFirst, true);
  entry.inside().set_mark(Mark::kSecond, true);
  entry.inside().reshape(
      {.encoding = Encoding::kRaw, .has_deadline = true, .is_inline = true, .value_len = 8});
  CHECK(entry->access() == 0xabcdef);
  CHECK(entry->has_mark(Mark::kFirst));
  CHECK(entry->has_mark(Mark::kSecond));
  CHECK(entry->has_deadline());
  CHECK(entry->is_inline_string());
  CHECK(entry->encoding() == Encoding::kRaw);
  entry.inside().set_mark(Mark::kFirst, false);
  CHECK_FALSE(entry->has_mark(Mark::kFirst));
  CHECK(entry->has_mark(Mark::kSecond));
  CHECK(entry->has_marks());
  CHECK(entry->has_deadline());
  CHECK(entry->is_inline_string());
  CHECK(entry->key() == "key");
}

TEST_CASE("types and encodings have Redis's names") {
  CHECK(type_name(ValueType::kString) == "string");
  CHECK(type_name(ValueType::kSortedSet) == "zset");
  CHECK(type_name(ValueType::kStream) == "stream");
  CHECK(encoding_name(Encoding::kInt) == "int");
  CHECK(encoding_name(Encoding::kEmbstr) == "embstr");
  CHECK(encoding_name(Encoding::kStream) == "stream");
}

}  // namespace kvstash::store
