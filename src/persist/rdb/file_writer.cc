#include "persist/rdb/file_writer.h"

#include "base/crc64.h"
#include "base/ensure.h"

#include <fmt/format.h>

#include <utility>

namespace kvstash::persist::rdb {
namespace {

template <typename Write>
Encoded encode(const Write& write) {
  Encoded encoded;
  Encoder to(encoded);
  write(to);
  return encoded;
}

}  // namespace

void FileWriter::append(std::string_view bytes) {
  if (options_.has_checksum) sum_ = crc64(sum_, bytes);
  bytes_ += bytes.size();
  *out_ += bytes;
}

void FileWriter::begin() {
  ensure(bytes_ == 0 && options_.version <= kReadVersionMax);
  append(fmt::format("REDIS{:04}", options_.version));
}

void FileWriter::aux(std::string_view name, std::string_view value) {
  entries(encode([&](Encoder& to) {
    to.opcode(Opcode::kAux);
    to.string(name);
    to.string(value);
  }));
}

void FileWriter::function(std::string_view code) {
  entries(encode([&](Encoder& to) {
    to.opcode(Opcode::kFunction2);
    to.string(code);
  }));
}

void FileWriter::select_db(uint64_t db) {
  entries(encode([&](Encoder& to) {
    to.opcode(Opcode::kSelectDb);
    to.length(db);
  }));
}

void FileWriter::resize_db(uint64_t keys, uint64_t keys_with_deadline) {
  entries(encode([&](Encoder& to) {
    to.opcode(Opcode::kResizeDb);
    to.length(keys);
    to.length(keys_with_deadline);
  }));
}

void FileWriter::entries(Encoded&& encoded) {
  append(options_.is_compressed ? compress(std::move(encoded)) : std::move(encoded.bytes));
}

void FileWriter::end() {
  append(encode([](Encoder& to) { to.opcode(Opcode::kEnd); }).bytes);
  // The checksum covers everything but itself; zero says that there is none.
  const uint64_t sum = sum_;
  append(encode([&](Encoder& to) { to.millis(static_cast<int64_t>(sum)); }).bytes);
}

}  // namespace kvstash::persist::rdb
