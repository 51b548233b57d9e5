// Limits: fixed bounds of the server, with the relations between them checked.
//
// A bound that an operator may change has its default here and its value in the options of its
// room. Sizes are bytes (..BytesMax), everything else is a count.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash {

// Requests.
inline constexpr size_t kBulkBytesMax = size_t{512} << 20;   // One argument (the default).
inline constexpr size_t kInlineBytesMax = size_t{64} << 10;  // One inline command, or one header.
inline constexpr uint32_t kArgsMax = 2'147'483'647;  // Arguments of one command: an int in Redis.
inline constexpr uint32_t kUnauthArgsMax = 10;       // Arguments of one command before AUTH.
inline constexpr size_t kUnauthBulkBytesMax = size_t{16} << 10;   // One argument before AUTH.
inline constexpr size_t kUnauthUnsentBytesMax = size_t{4} << 10;  // Unread replies before AUTH.
inline constexpr size_t kQueryBufferBytesMax = size_t{1}
                                               << 30;  // Unread bytes of a client (default).
inline constexpr uint32_t kBatchCommandsMax = 64;      // Parsed, prefetched and run together.

// Replies that we read (in tests, the command line and replication).
inline constexpr uint32_t kReplyDepthMax = 32;                // Nested aggregates.
inline constexpr uint32_t kReplyItemsMax = 64 * 1024 * 1024;  // Elements in one aggregate.

// Keyspace.
inline constexpr uint32_t kSlotCount = 16384;

// Replies that list randomly chosen elements with repeats.
inline constexpr uint32_t kRandomRepeatsMax = 16 * 1024 * 1024;  // Choices in one command.

// Log.
inline constexpr size_t kLogMessageBytesMax =
    1024;  // A longer message, or value of a field, is cut.

static_assert(kUnauthBulkBytesMax < kBulkBytesMax);
static_assert(kUnauthArgsMax < kArgsMax);
static_assert(kInlineBytesMax < kBulkBytesMax);
static_assert(kBulkBytesMax < kQueryBufferBytesMax, "one argument of full size must be readable");
static_assert(kReplyDepthMax <= 64, "replies are built by recursion");
static_assert((kSlotCount & (kSlotCount - 1)) == 0,
              "the slot is taken from the checksum by a mask");

}  // namespace kvstash
