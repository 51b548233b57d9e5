// Object: a value that does not fit into its entry: all types but strings. What an entry keeps is
// one word, and only the type's class knows what it means.
//
// A container class T is one word itself, owns what it points to, and offers
//
//   static constexpr ValueType kType;
//   static T adopt(uintptr_t word);  uintptr_t release();   // Moves in and out of an entry.
//   size_t bytes() const;                                   // All it owns, as allocated. O(1).
//   Encoding encoding() const;
//   bool offer();                                           // See observer.h.
//   T copy() const;
//   size_t size() const;                                    // Elements; 0: the key goes away, ...
//   static constexpr bool kKeepsEmpty = true;               // ... but not if the class says this.
//
// Here the keyspace reaches the few operations it needs without knowing the classes.
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

// Whether a value without elements stays.
template <Container T>
constexpr bool keeps_empty() {
  if constexpr (requires { T::kKeepsEmpty; }) return T::kKeepsEmpty;
  return false;
}

size_t object_bytes(ValueType type, ObjectWord word);
size_t object_size(ValueType type, ObjectWord word);  // Elements. O(1).
// About how many pieces freeing it takes, as Redis reckons: 1 of what is packed. O(1).
size_t object_pieces(ValueType type, ObjectWord word);
Encoding object_encoding(ValueType type, ObjectWord word);
ObjectWord copy_object(ValueType type, ObjectWord word);
void destroy_object(ValueType type, ObjectWord word);  // Any thread, unless it is observed.
// Before a value is dropped: whether the observer of its large form took it over (observer.h).
bool offer_object(ValueType type, ObjectWord word);
// The earliest deadline of a field. Only hashes have them. Milliseconds since 1970. O(1).
std::optional<int64_t> next_field_deadline_ms(ValueType type, ObjectWord word);

}  // namespace kvstash::store
