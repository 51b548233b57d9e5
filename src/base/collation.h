// Collation: how texts compare in the language of a locale, as strcoll does.
//
// Owns its locale and does not change the process's. Without a locale, or in the locale "C", texts
// compare byte by byte. In all locales a NUL ends a text, as it does for strcoll. One thread at a
// time.
#pragma once

#include <locale.h>

#include <string>

namespace kvstash {

class Collation {
 public:
  // `name` is as for setlocale; an empty name takes the locale from the environment. A locale that
  // the machine does not have is treated as "C".
  explicit Collation(const std::string& name);
  Collation(const Collation&) = delete;
  Collation& operator=(const Collation&) = delete;
  ~Collation();

  // Returns a negative number, zero or a positive number. A NUL must follow each text's bytes.
  int compare(const char* one, const char* other) const;

 private:
  locale_t locale_;  // Null: compare byte by byte.
};

}  // namespace kvstash
