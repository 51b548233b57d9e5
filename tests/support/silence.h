// Silence: while one lives, nothing is logged.
#pragma once

#include "base/log.h"

namespace kvstash::test {

class Silence {
 public:
  Silence() { set_log_level(LogLevel::kNothing); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { set_log_level(before_); }

 private:
  LogLevel before_ = log_level();
};

}  // namespace kvstash::test
