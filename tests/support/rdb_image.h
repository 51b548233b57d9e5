// rdb_images: what RDB bytes hold, database by database, as images that can be compared with those
// of keyspaces (value_image.h). It knows exactly the forms that kvstash writes, and fails at
// anything else. Encodings are not compared: see without_encoding.
//
// For tests; a decoder of its own, so that a fault of the encoder is not repeated by its twin.
#pragma once

#include "base/ensure.h"
#include "base/lzf.h"
#include "persist/rdb/format.h"
#include "store/intset.h"
#include "support/value_image.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvstash::test {

// An image in which all values have the same encoding.
inline KeyspaceImage without_encoding(KeyspaceImage image) {
  for (auto& [key, value] : image)
    value.encoding = {};
  return image;
}

class RdbImages {
 public:
  // Reads entries, beginning in database 0.
  static std::map<uint32_t, KeyspaceImage> read(std::string_view bytes) {
    RdbImages images(bytes);
    while (!images.left_.empty())
      images.read_one();
    return std::move(images.databases_);
  }

 private:
  using Type = persist::rdb::Type;
  using Opcode = persist::rdb::Opcode;
  using Parts = std::vector<std::string>;

  explicit RdbImages(std::string_view bytes) : left_(bytes) {}

  void read_one() {
    const uint8_t first = byte();
    if (first < persist::rdb::kOpcodeMin) return read_entry(static_cast<Type>(first));
    switch (static_cast<Opcode>(first)) {
      case Opcode::kSelectDb:
        db_ = static_cast<uint32_t>(length());
        return;
      case Opcode::kExpireMillis:
        deadline_ms_ = static_cast<int64_t>(little<uint64_t>());
        return;
      case Opcode::kIdle:
        length();
        return;
      default:
        ensure(static_cast<Opcode>(first) == Opcode::kFreq);
        byte();
    }
  }

  void read_entry(Type type) {
    const std::string key = string();
    ValueImage image;
    image.deadline_ms = std::exchange(deadline_ms_, std::nullopt);
    read_value(type, image);
    if (image.type != store::ValueType::kList) std::ranges::sort(image.parts);
    const bool is_new = databases_[db_].emplace(key, std::move(image)).second;
    ensure(is_new);
  }

  void read_value(Type type, ValueImage& to) {
    switch (type) {
      case Type::kString:
        to.type = store::ValueType::kString;
        to.parts = {string()};
        return;
      case Type::kListQuicklist2:
        to.type = store::ValueType::kList;
        return read_list(to.parts);
      case Type::kSet:
      case Type::kSetIntset:
      case Type::kSetListpack:
        to.type = store::ValueType::kSet;
        return read_set(type, to.parts);
      case Type::kSortedSet:
      case Type::kSortedSetListpack:
        to.type = store::ValueType::kSortedSet;
        return read_sorted_set(type, to.parts);
      case Type::kHash:
      case Type::kHashListpack:
      case Type::kHashFieldDeadlines:
        to.type = store::ValueType::kHash;
        return read_hash(type, to.parts);
      default:
        ensure(type == Type::kStream3);
        to.type = store::ValueType::kStream;
        read_stream(to.parts);
    }
  }

  static Parts pack_elements(const std::string& bytes) {
    ensure(!bytes.empty());
    const store::ListpackView pack(reinterpret_cast<const unsigned char*>(bytes.data()));
    ensure(pack.total_bytes() == bytes.size());
    Parts elements;
    for (store::PackPosition at = pack.first(); at;)
      elements.push_back(text_of(pack.take(at)));
    return elements;
  }

  void read_list(Parts& to) {
    for (uint64_t pieces = length(); pieces != 0; --pieces) {
      if (length() == static_cast<uint64_t>(persist::rdb::ListPiece::kPlain)) {
        to.push_back(string());
        continue;
      }
      for (std::string& element : pack_elements(string()))
        to.push_back(std::move(element));
    }
  }

  void read_set(Type type, Parts& to) {
    if (type == Type::kSetListpack) {
      to = pack_elements(string());
    } else if (type == Type::kSetIntset) {
      const store::Intset integers{string()};
      for (size_t i = 0; i < integers.size(); ++i)
        to.push_back(std::to_string(integers.at(i)));
    } else {
      for (uint64_t left = length(); left != 0; --left)
        to.push_back(string());
    }
  }

  void read_sorted_set(Type type, Parts& to) {
    if (type == Type::kSortedSetListpack) {
      const Parts elements = pack_elements(string());
      for (size_t i = 0; i + 1 < elements.size(); i += 2)
        to.push_back(member_text(elements[i], std::strtod(elements[i + 1].c_str(), nullptr)));
      return;
    }
    std::optional<std::pair<double, std::string>> above;
    for (uint64_t left = length(); left != 0; --left) {
      std::string member = string();
      const double score = std::bit_cast<double>(little<uint64_t>());
      to.push_back(member_text(member, score));
      std::pair<double, std::string> here(score, std::move(member));
      ensure(!above || here < *above);  // From the highest down.
      above = std::move(here);
    }
  }

  void read_hash(Type type, Parts& to) {
    if (type == Type::kHashListpack) {
      const Parts elements = pack_elements(string());
      for (size_t i = 0; i + 1 < elements.size(); i += 2)
        to.push_back(field_text(elements[i], elements[i + 1], std::nullopt));
      return;
    }
    const bool has_deadlines = type == Type::kHashFieldDeadlines;
    const uint64_t base_ms = has_deadlines ? little<uint64_t>() : 0;
    for (uint64_t left = length(); left != 0; --left) {
      const uint64_t distance = has_deadlines ? length() : 0;
      const std::string name = string();
      const std::string value = string();
      std::optional<int64_t> deadline_ms;
      if (distance != 0) deadline_ms = static_cast<int64_t>(base_ms + distance - 1);
      to.push_back(field_text(name, value, deadline_ms));
    }
  }

  void read_stream(Parts& to) {
    for (uint64_t blocks = length(); blocks != 0; --blocks) {
      ensure(length() == persist::rdb::kStreamIdBytes);
      const store::StreamId id = stream_id();
      const std::string block = string();
      to.push_back(block_text(id, reinterpret_cast<const unsigned char*>(block.data())));
    }
    store::Stream::Counters counters;
    counters.length = length();
    for (store::StreamId* id : {&counters.last_id, &counters.first_id, &counters.max_deleted_id})
      *id = {length(), 0}, id->seq = length();
    counters.entries_added = length();
    to.push_back(counters_text(counters));
    for (uint64_t groups = length(); groups != 0; --groups)
      read_group(to);
  }

  void read_group(Parts& to) {
    const std::string group = string();
    const uint64_t ms = length();
    const uint64_t seq = length();
    to.push_back("group " + group + " " + text_of(store::StreamId{ms, seq}) + " " +
                 std::to_string(static_cast<int64_t>(length())));
    std::map<store::StreamId, std::string> pending;
    for (uint64_t left = length(); left != 0; --left) {
      const store::StreamId id = stream_id();
      const uint64_t delivered_ms = little<uint64_t>();
      const std::string text = "pending " + group + " " + text_of(id) + " " +
                               std::to_string(delivered_ms) + " " + std::to_string(length());
      ensure(pending.emplace(id, text).second);
    }
    for (uint64_t consumers = length(); consumers != 0; --consumers) {
      const std::string name = string();
      const auto seen_ms = static_cast<int64_t>(little<uint64_t>());
      const auto active_ms = static_cast<int64_t>(little<uint64_t>());
      to.push_back("consumer " + group + " " + name + " " + std::to_string(seen_ms) + " " +
                   std::to_string(active_ms));
      for (uint64_t left = length(); left != 0; --left) {
        const auto owned = pending.find(stream_id());
        ensure(owned != pending.end());
        to.push_back(owned->second + " " + name);
        pending.erase(owned);
      }
    }
    ensure(pending.empty());
  }

  // ---- Primitives.

  std::string_view take(size_t size) {
    ensure(size <= left_.size());
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  uint8_t byte() { return static_cast<uint8_t>(take(1)[0]); }
  template <typename T>
  T little() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  uint64_t big(size_t bytes) {
    uint64_t value = 0;
    for (; bytes != 0; --bytes)
      value = value << 8 | byte();
    return value;
  }
  store::StreamId stream_id() {
    const uint64_t ms = big(8);
    return {ms, big(8)};
  }
  uint64_t length() {
    const uint8_t first = byte();
    if (first == 0x80) return big(4);
    if (first == 0x81) return big(8);
    ensure(first < 0x80);
    return first < 0x40 ? first : (first & 0x3fu) << 8 | byte();
  }
  std::string string() {
    const auto first = static_cast<uint8_t>(left_.at(0));
    if (first < 0xc0) return std::string(take(length()));
    byte();
    switch (first) {
      case 0xc0:
        return std::to_string(static_cast<int8_t>(byte()));
      case 0xc1:
        return std::to_string(little<int16_t>());
      case 0xc2:
        return std::to_string(little<int32_t>());
      default: {
        ensure(first == 0xc3);
        const uint64_t packed = length();
        std::string raw(length(), '\0');
        ensure(lzf_decompress(take(packed), raw));
        return raw;
      }
    }
  }

  std::string_view left_;
  uint32_t db_ = 0;
  std::optional<int64_t> deadline_ms_;
  std::map<uint32_t, KeyspaceImage> databases_;
};

}  // namespace kvstash::test
