#include "server/info_text.h"

#include <cstdio>

namespace kvstash::server {

void InfoText::section(std::string_view title) {
  if (!text_.empty()) text_ += "\r\n";
  text_.append("# ").append(title).append("\r\n");
}

void InfoText::field(std::string_view name, std::string_view value) {
  text_.append(name).append(":").append(value).append("\r\n");
}

void InfoText::fixed(std::string_view name, double value, int decimals) {
  field(name, std::string_view(fixed_text(value, decimals)));
}

void InfoText::fields(std::initializer_list<std::string_view> names, std::string_view value) {
  for (const std::string_view name : names)
    field(name, value);
}

std::string fixed_text(double value, int decimals) {
  char digits[64];
  const int length = std::snprintf(digits, sizeof(digits), "%.*f", decimals, value);
  return {digits, static_cast<size_t>(length)};
}

}  // namespace kvstash::server
