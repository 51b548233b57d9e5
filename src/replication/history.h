// History: the names of the history that a node's journal tells, and what they stand for.
//
// Two nodes whose journals have the same name and the same offset have had the same changes. A
// replica that becomes a primary takes a new name, because its old primary may go on under the old
// one; up to the place at which that happened, the old name stands for the same changes. So does a
// node that starts again, for it may have lost what its replicas have.
//
// Pure; a plain value. Offsets count the bytes of the stream before a place, as master_repl_offset
// does.
#pragma once

#include "base/random.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kvstash::replication {

// Forty zeros: INFO shows them where there is no second name.
std::string_view no_replid();
// Whether the text is 40 characters of which each is a lower-case hexadecimal digit.
bool is_replid(std::string_view text);
// Draws a name that nobody has had.
std::string new_replid(Entropy& entropy);

struct History {
  std::string replid{};         // The name of what is recorded now.
  std::string second_replid{};  // The name of before; empty: there is none.
  uint64_t second_end = 0;      // The second name holds up to this offset.

  // The node takes a new name at `offset`. The present one becomes the second.
  void rename(std::string new_replid, uint64_t offset);
  // The node has taken the whole history of another one.
  void replace(std::string new_replid);
};

// What a replica that comes back asks for: the stream from `offset` on, in the history `replid`.
struct Resumption {
  std::string_view replid;
  uint64_t offset = 0;
};

// The part of the stream that a node can still tell.
struct StreamRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

enum class Resumes : uint8_t {
  kYes,
  kOtherHistory,  // Neither name is the one that was asked for.
  kBehindSecond,  // The second name is, but the replica went on behind the place of the renaming.
  kTooOld,        // The range begins later.
  kAhead,         // The replica has more than there is.
};

Resumes can_resume(const History& history, const StreamRange& range, const Resumption& asked);

// A sentence for the log on why a replica gets everything anew. `replica`: how the log calls it.
std::string why_not(Resumes verdict, const History& history, const Resumption& asked,
                    std::string_view replica);

}  // namespace kvstash::replication
