#include "replication/link/snapshot_frame.h"

#include "base/ensure.h"
#include "base/numbers.h"

#include <algorithm>
#include <utility>

namespace kvstash::replication {
namespace {

constexpr size_t kLineBytesMax = 1024;
constexpr size_t kMarkChars = 40;
constexpr std::string_view kMarkBegin = "$EOF:";

}  // namespace

Result<SnapshotFrame::Found> SnapshotFrame::feed(std::string_view bytes) {
  size_t line_bytes = 0;
  bool begins = false;
  if (!has_begun_) {
    const Result<std::optional<size_t>> line = read_line(bytes);
    if (!line.ok()) return line.error();
    if (!*line) return Found{.consumed = bytes.size()};
    line_bytes = **line;
    begins = has_begun_ = true;
    bytes.remove_prefix(line_bytes);
  }
  Found found = mark_.empty() ? take_sized(bytes) : take_marked(bytes);
  found.has_begun = begins;
  found.consumed += line_bytes;
  return found;
}

// Returns how many of the bytes belong to the first line that is not empty, and to those before it;
// nothing: the line goes on.
Result<std::optional<size_t>> SnapshotFrame::read_line(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '\n') {
      if (line_.size() == kLineBytesMax)
        return Error::literal("the primary sends a line without an end in place of a snapshot");
      line_ += bytes[at];
      continue;
    }
    if (line_.ends_with('\r')) line_.pop_back();
    if (line_.empty()) continue;
    if (Status taken = take_line(std::exchange(line_, "")); !taken.ok()) return taken.error();
    return std::optional<size_t>(at + 1);
  }
  return std::optional<size_t>();
}

Status SnapshotFrame::take_line(std::string_view line) {
  if (line.starts_with('-'))
    return Error::text("MASTER aborted replication with an error: " + std::string(line.substr(1)));
  if (line.starts_with(kMarkBegin) && line.size() == kMarkBegin.size() + kMarkChars) {
    mark_ = line.substr(kMarkBegin.size());
    return {};
  }
  if (line.starts_with('$')) {
    size_ = parse_uint64(line.substr(1));
    if (size_) {
      left_ = *size_;
      return {};
    }
  }
  return Error::text("Bad protocol from MASTER, the first byte is not '$' (we received '" +
                     std::string(line) + "'), are you sure the host and port are right?");
}

SnapshotFrame::Found SnapshotFrame::take_sized(std::string_view bytes) {
  const auto taken = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  left_ -= taken;
  return {.first = bytes.substr(0, taken), .has_ended = left_ == 0, .consumed = taken};
}

SnapshotFrame::Found SnapshotFrame::take_marked(std::string_view bytes) {
  // The mark may begin in what is held: that is looked through together with the bytes behind it.
  const size_t held = held_.size();
  ensure(held < kMarkChars);
  std::string seam = std::move(held_);
  held_.clear();
  seam += bytes.substr(0, kMarkChars - 1);
  if (const size_t at = seam.find(mark_); at != std::string::npos) {
    given_ = seam.substr(0, std::min(at, held));
    return {.first = given_,
            .second = at > held ? bytes.substr(0, at - held) : std::string_view(),
            .has_ended = true,
            .consumed = at + kMarkChars - held};
  }
  if (const size_t at = bytes.find(mark_); at != std::string_view::npos) {
    given_ = seam.substr(0, held);
    return {.first = given_,
            .second = bytes.substr(0, at),
            .has_ended = true,
            .consumed = at + kMarkChars};
  }
  const size_t kept = std::min(held + bytes.size(), kMarkChars - 1);
  if (bytes.size() >= kept) {
    given_ = seam.substr(0, held);
    held_ = bytes.substr(bytes.size() - kept);
    return {
        .first = given_, .second = bytes.substr(0, bytes.size() - kept), .consumed = bytes.size()};
  }
  given_ = seam.substr(0, seam.size() - kept);
  held_ = seam.substr(seam.size() - kept);
  return {.first = given_, .consumed = bytes.size()};
}

}  // namespace kvstash::replication
