// InfoText: writes the lines of INFO: "# Section", "name:value", each ended by CR LF.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace kvstash::server {

class InfoText {
 public:
  void section(std::string_view title);

  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
  template <std::integral T>
  void field(std::string_view name, T value) {
    field(name, std::string_view(std::to_string(value)));
  }
  void fixed(std::string_view name, double value, int decimals);
  // Writes several fields that have the same value.
  void fields(std::initializer_list<std::string_view> names, std::string_view value);
  // Writes lines that are complete already.
  void lines(std::string_view text) { text_ += text; }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// Formats a number as printf's "%.*f" does.
std::string fixed_text(double value, int decimals);

}  // namespace kvstash::server
