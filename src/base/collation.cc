#include "base/collation.h"

#include <cstring>

namespace kvstash {

Collation::Collation(const std::string& name)
    : locale_(newlocale(LC_COLLATE_MASK, name.c_str(), locale_t{})) {}

Collation::~Collation() {
  if (locale_ != locale_t{}) freelocale(locale_);
}

int Collation::compare(const char* one, const char* other) const {
  return locale_ == locale_t{} ? std::strcmp(one, other) : strcoll_l(one, other, locale_);
}

}  // namespace kvstash
