#include "base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace kvstash {

void panic(const char* file, int line, const char* why) {
  std::fprintf(stderr, "kvstash: %s at %s:%d\n", why, file, line);
  std::fflush(nullptr);
  std::abort();
}

}  // namespace kvstash
