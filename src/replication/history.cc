#include "replication/history.h"

#include "base/ensure.h"
#include "persist/aof/increment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kvstash::replication {

std::string_view no_replid() {
  return "0000000000000000000000000000000000000000";
}

bool is_replid(std::string_view text) {
  return text.size() == persist::kReplidChars && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string new_replid(Entropy& entropy) {
  std::array<uint8_t, persist::kReplidChars / 2> bytes{};
  entropy.fill(bytes.data(), bytes.size());
  std::string text;
  for (const uint8_t byte : bytes)
    text += fmt::format("{:02x}", byte);
  return text;
}

void History::rename(std::string new_replid, uint64_t offset) {
  ensure(is_replid(new_replid));
  second_replid = std::exchange(replid, std::move(new_replid));
  second_end = offset;
}

void History::replace(std::string new_replid) {
  ensure(is_replid(new_replid));
  *this = {.replid = std::move(new_replid), .second_replid = {}, .second_end = 0};
}

Resumes can_resume(const History& history, const StreamRange& range, const Resumption& asked) {
  ensure(range.begin <= range.end);
  if (asked.replid != history.replid) {
    if (history.second_replid.empty() || asked.replid != history.second_replid)
      return Resumes::kOtherHistory;
    if (asked.offset > history.second_end) return Resumes::kBehindSecond;
  }
  if (asked.offset < range.begin) return Resumes::kTooOld;
  return asked.offset > range.end ? Resumes::kAhead : Resumes::kYes;
}

// Offsets are told as Redis tells them: the number of the first byte that is asked for.
std::string why_not(Resumes verdict, const History& history, const Resumption& asked,
                    std::string_view replica) {
  switch (verdict) {
    case Resumes::kYes:
      return "";
    case Resumes::kOtherHistory:
      return fmt::format(
          "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for "
          "'{}', my replication IDs are '{}' and '{}')",
          asked.replid, history.replid,
          history.second_replid.empty() ? no_replid() : history.second_replid);
    case Resumes::kBehindSecond:
      return fmt::format(
          "Partial resynchronization not accepted: Requested offset for second ID was {}, but I "
          "can reply up to {}",
          asked.offset + 1, history.second_end + 1);
    case Resumes::kTooOld:
      return fmt::format(
          "Unable to partial resync with replica {} for lack of backlog (Replica request was: {}).",
          replica, asked.offset + 1);
    case Resumes::kAhead:
      return fmt::format(
          "Unable to partial resync with replica {} for lack of backlog (Replica request was: {}). "
          "It tried to PSYNC with an offset that is greater than the primary's replication offset.",
          replica, asked.offset + 1);
  }
  ensure(false);
  return "";
}

}  // namespace kvstash::replication
