// Value: a value that was read and is in no keyspace yet. It owns its object, and frees it unless
// the keyspace takes it.
//
// May be handed from thread to thread.
#pragma once

#include "store/entry.h"
#include "store/object.h"

#include <string>
#include <string_view>
#include <utility>

namespace kvstash::persist::rdb {

class Value {
 public:
  // A string: a view of the bytes that were read, which must outlive the value, or a text of its
  // own.
  static Value string(std::string_view text) { return Value(text, {}); }
  static Value string(std::string text) { return Value("", std::move(text)); }
  template <store::Container T>
  static Value object(T&& value) {
    return Value(T::kType, value.release());
  }

  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  Value(Value&& other) noexcept
      : type_(other.type_),
        word_(std::exchange(other.word_, 0)),
        view_(other.view_),
        text_(std::move(other.text_)) {}
  Value& operator=(Value&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(word_, other.word_);
    std::swap(view_, other.view_);
    std::swap(text_, other.text_);
    return *this;
  }
  ~Value() {
    if (word_ != 0) store::destroy_object(type_, word_);
  }

  store::ValueType type() const { return type_; }
  bool is_string() const { return type_ == store::ValueType::kString; }
  std::string_view text() const { return text_.empty() ? view_ : std::string_view(text_); }
  // The object of any other type, which the caller owns from now on.
  store::ObjectWord release() { return std::exchange(word_, 0); }
  store::ObjectWord word() const { return word_; }
  // Whether this is a list, set, sorted set or hash without elements, which no key may have. Old
  // versions of Redis wrote such values, and newer ones leave them out when they load a file.
  bool is_empty() const {
    return !is_string() && type_ != store::ValueType::kStream &&
           store::object_size(type_, word_) == 0;
  }

 private:
  Value(std::string_view view, std::string text) : view_(view), text_(std::move(text)) {}
  Value(store::ValueType type, store::ObjectWord word) : type_(type), word_(word) {}

  store::ValueType type_ = store::ValueType::kString;
  store::ObjectWord word_ = 0;
  std::string_view view_;
  std::string text_;
};

}  // namespace kvstash::persist::rdb
