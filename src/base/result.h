// Result<T>, Status, Error: failures that come from outside the program, as values.
//
// Exceptions do not cross a room: a function that can fail because of a client, a peer or a disk
// returns one of these. For commands the message of an Error is what the client sees after the '-',
// code first ("ERR syntax error", "WRONGTYPE Operation ..."); elsewhere it is a sentence for the
// log.
#pragma once

#include "base/ensure.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kvstash {

// An error message. Copying a literal costs nothing: messages known at compile time are kept as
// views.
class Error {
 public:
  // `text` must live forever, as a literal does.
  static constexpr Error literal(std::string_view text) { return Error(text); }
  static Error text(std::string message) { return Error(std::move(message)); }

  std::string_view message() const { return owned_.empty() ? fixed_ : std::string_view(owned_); }

 private:
  constexpr explicit Error(std::string_view fixed) : fixed_(fixed) {}
  explicit Error(std::string owned) : owned_(std::move(owned)) {}

  std::string_view fixed_;
  std::string owned_;
};

// Success, or an Error. Default-constructed: success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error)
      : error_(new Error(std::move(error))) {
  }  // NOLINT(google-explicit-constructor): reads as `return error`
  Status(Status&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
  Status& operator=(Status&& other) noexcept {
    std::swap(error_, other.error_);
    return *this;
  }
  ~Status() { delete error_; }

  bool ok() const { return error_ == nullptr; }
  const Error& error() const {
    ensure(error_ != nullptr);
    return *error_;
  }

 private:
  Error* error_ = nullptr;  // One word, so that success costs one comparison on the hot path.
};

// A value, or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {
  }  // NOLINT(google-explicit-constructor): reads as `return value`
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {
  }  // NOLINT(google-explicit-constructor): reads as `return error`

  bool ok() const { return state_.index() == 0; }
  T& operator*() & {
    ensure(ok());
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const& {
    ensure(ok());
    return *std::get_if<0>(&state_);
  }
  T&& operator*() && {
    ensure(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

  const Error& error() const {
    ensure(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace kvstash
