#include "server/allocator_report.h"

#include <cstring>

#ifndef KVSTASH_NO_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace kvstash::server {

#ifndef KVSTASH_NO_JEMALLOC

namespace {

Error reason(int code) {
  return Error::text(std::string("ERR ") + std::strerror(code));
}

// Reads a setting, after writing it if `value` is given. Settings have several widths, and jemalloc
// accepts only the exact width of the setting, so `T` must have it.
template <typename T>
int access(const std::string& name, std::optional<int64_t> value, int64_t& answer) {
  if (value) {
    T wanted = static_cast<T>(*value);
    if (const int failed = mallctl(name.c_str(), nullptr, nullptr, &wanted, sizeof(wanted));
        failed != 0)
      return failed;
  }
  T now{};
  size_t length = sizeof(now);
  const int failed = mallctl(name.c_str(), &now, &length, nullptr, 0);
  if (failed == 0) answer = static_cast<int64_t>(now);
  return failed;
}

}  // namespace

std::string allocator_report() {
  std::string text;
  malloc_stats_print(
      [](void* to, const char* words) { static_cast<std::string*>(to)->append(words); }, &text,
      nullptr);
  return text;
}

Result<int64_t> allocator_number(const std::string& name, std::optional<int64_t> value) {
  int64_t answer = 0;
  int failed = access<int64_t>(name, value, answer);
  if (failed == EINVAL) failed = access<int32_t>(name, value, answer);
  if (failed == EINVAL) failed = access<bool>(name, value, answer);
  if (failed != 0) return reason(failed);
  return answer;
}

Result<std::string> allocator_text(const std::string& name,
                                   const std::optional<std::string>& value) {
  if (value) {
    const char* wanted = value->c_str();
    if (const int failed =
            mallctl(name.c_str(), nullptr, nullptr, static_cast<void*>(&wanted), sizeof(wanted));
        failed != 0)
      return reason(failed);
  }
  const char* now = nullptr;
  size_t length = sizeof(now);
  if (const int failed = mallctl(name.c_str(), static_cast<void*>(&now), &length, nullptr, 0);
      failed != 0)
    return reason(failed);
  return std::string(now == nullptr ? "" : now);
}

#else

std::string allocator_report() {
  return "Stats not supported for the current allocator";
}

Result<int64_t> allocator_number(const std::string&, std::optional<int64_t>) {
  return Error::literal("ERR the current allocator has no settings");
}

Result<std::string> allocator_text(const std::string&, const std::optional<std::string>&) {
  return Error::literal("ERR the current allocator has no settings");
}

#endif

}  // namespace kvstash::server
