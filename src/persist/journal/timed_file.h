// TimedFile: a file that tells how long its writes and syncs took.
//
// As thread-safe as the file inside, and as the function that is told, which is called on the
// thread of the call.
#pragma once

#include "base/disk.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace kvstash::persist {

class TimedFile final : public DiskFile {
 public:
  enum class Call : uint8_t { kWrite, kSync };
  using Clock = std::function<int64_t()>;  // Monotonic, in nanoseconds.
  using Told = std::function<void(Call call, int64_t took_ns)>;

  TimedFile(std::unique_ptr<DiskFile> file, Clock clock, Told told)
      : file_(std::move(file)), clock_(std::move(clock)), told_(std::move(told)) {}

  Result<size_t> write(std::string_view bytes) override {
    return timed(Call::kWrite, [&] { return file_->write(bytes); });
  }
  Result<size_t> overwrite(uint64_t offset, std::string_view bytes) override {
    return timed(Call::kWrite, [&] { return file_->overwrite(offset, bytes); });
  }
  Status sync() override {
    return timed(Call::kSync, [&] { return file_->sync(); });
  }
  Status truncate(uint64_t size) override { return file_->truncate(size); }
  Result<size_t> read(uint64_t offset, char* out, size_t bytes_max) override {
    return file_->read(offset, out, bytes_max);
  }
  Result<uint64_t> size() override { return file_->size(); }
  Status close() override { return file_->close(); }

 private:
  template <typename Act>
  auto timed(Call call, Act act) -> decltype(act()) {
    const int64_t began_ns = clock_();
    auto done = act();
    told_(call, clock_() - began_ns);
    return done;
  }

  std::unique_ptr<DiskFile> file_;
  Clock clock_;
  Told told_;
};

}  // namespace kvstash::persist
