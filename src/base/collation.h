// Collation: how texts compare in the language of a locale, as strcoll does.
//
// Owns its locale and leaves the process's alone. Without one, or in the locale "C", texts compare
// byte by byte. In both a NUL ends a text, as it does for strcoll. One thread at a time.
#pragma once

#include <locale.h>

#include <string>

namespace kvstash {

class Collation {
 public:
  // `name` as setlocale takes it; empty: what the environment says. One that this machine does not
  // have is as "C".
  explicit Collation(const std::string& name);
  Collation(const Collation&) = delete;
  Collation& operator=(const Collation&) = delete;
  ~Collation();

  // Negative, zero or positive. A NUL must follow each text's bytes.
  int compare(const char* one, const char* other) const;

 private:
  locale_t locale_;  // Null: bytes.
};

}  // namespace kvstash
