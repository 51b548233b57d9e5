// Object: a value that is not kept in its entry: any type but strings. The entry keeps one word,
// whose meaning only the type's class knows.
//
// A container class T is one word itself, owns what it points to, and offers
//
//   static constexpr ValueType kType;
//   static T adopt(uintptr_t word);  uintptr_t release();   // Into and out of an entry.
//   size_t bytes() const;                                   // All it owns, as allocated. O(1).
//   Encoding encoding() const;
//   bool offer();                                           // See observer.h.
//   T copy() const;
//   size_t size() const;                                    // Number of elements.
//   static constexpr bool kKeepsEmpty = true;               // Optional: an empty value stays.
//
// Without kKeepsEmpty, a key whose value has no elements is deleted. Through the functions here the
// keyspace reaches the few operations that it needs, without knowing the classes.
#pragma once

#include "store/entry.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace kvstash::store {

using ObjectWord = uintptr_t;

template <typename T>
concept Container = sizeof(T) == sizeof(ObjectWord) && requires(T value, const T& constant) {
  { T::kType } -> std::convertible_to<ValueType>;
  { T::adopt(ObjectWord{}) } -> std::same_as<T>;
  { value.release() } -> std::convertible_to<ObjectWord>;
  { constant.bytes() } -> std::convertible_to<size_t>;
  { constant.encoding() } -> std::same_as<Encoding>;
  { value.offer() } -> std::same_as<bool>;
  { constant.copy() } -> std::same_as<T>;
  { constant.size() } -> std::convertible_to<size_t>;
};

// Whether a value of class T without elements stays.
template <Container T>
constexpr bool keeps_empty() {
  if constexpr (requires { T::kKeepsEmpty; }) return T::kKeepsEmpty;
  return false;
}

size_t object_bytes(ValueType type, ObjectWord word);
size_t object_size(ValueType type, ObjectWord word);  // Number of elements. O(1).
// Returns about how many pieces freeing a value takes, as Redis counts: 1 for a packed value. O(1).
size_t object_pieces(ValueType type, ObjectWord word);
Encoding object_encoding(ValueType type, ObjectWord word);
ObjectWord copy_object(ValueType type, ObjectWord word);
void destroy_object(ValueType type, ObjectWord word);  // Any thread, unless it is observed.
// To be called before a value is dropped: asks the observer of its large form, if it has one, to
// take it over, and returns whether it did (observer.h).
bool offer_object(ValueType type, ObjectWord word);
// Returns the earliest deadline of a field, in milliseconds since 1970. Only hashes have one. O(1).
std::optional<int64_t> next_field_deadline_ms(ValueType type, ObjectWord word);

}  // namespace kvstash::store
