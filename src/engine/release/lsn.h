// Lsn: a place in the journal, as a count of its bytes. A reply "follows from" an LSN if what it
// says holds only once the journal up to there is kept: the records of what its command changed,
// and of what it read, end at that LSN or before it.
//
// LSNs are ordered, and only grow. They are plain values for any thread.
#pragma once

#include <cstdint>
#include <limits>

namespace kvstash::engine {

enum class Lsn : uint64_t {};

constexpr Lsn kLsnNone{0};                                    // Before every record.
constexpr Lsn kLsnMax{std::numeric_limits<uint64_t>::max()};  // Behind every record.

}  // namespace kvstash::engine
