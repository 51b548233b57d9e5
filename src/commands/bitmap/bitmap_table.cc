#include "commands/bitmap/bitmap.h"
#include "commands/shared/row_parts.h"
#include "commands/tables.h"

namespace kvstash::commands {

namespace {

using namespace engine;
using namespace commands::rows;
using enum ArgType;

constexpr HistoryNote kBitcountHistory[] = {
    {"7.0.0", "Added the `BYTE|BIT` option."},
};
constexpr ArgSpec kBitcountIndexIndexUnit[] = {
    {.name = "byte", .type = kPureToken, .token = "BYTE"},
    {.name = "bit", .type = kPureToken, .token = "BIT"},
};
constexpr ArgSpec kBitcountIndex[] = {
    {.name = "start", .type = kInteger},
    {.name = "end", .type = kInteger},
    {.name = "index_unit",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kBitcountIndexIndexUnit},
};
constexpr ArgSpec kBitcountArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "index", .type = kBlock, .flags = kArgOptional, .arguments = kBitcountIndex},
};
constexpr CommandSpec kBitcountRow = {
    .name = "bitcount",
    .arity = -2,
    .flags = kReadOnly,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.6.0",
    .complexity = "O(N)",
    .summary = "Count set bits in a string",
    .history = kBitcountHistory,
    .arguments = kBitcountArgs,
    .run = bitcount,
};

constexpr KeySpec kBitfieldKeys[] = {
    {.flags = kKeyRW | kKeyAccess | kKeyUpdate | kKeyVariableFlags,
     .index = 1,
     .notes = "This command allows both access and modification of the key"},
};
constexpr ArgSpec kBitfieldOperationEncodingOffset[] = {
    {.name = "encoding"},
    {.name = "offset", .type = kInteger},
};
constexpr ArgSpec kBitfieldOperationWriteWrapSatFail[] = {
    {.name = "wrap", .type = kPureToken, .token = "WRAP"},
    {.name = "sat", .type = kPureToken, .token = "SAT"},
    {.name = "fail", .type = kPureToken, .token = "FAIL"},
};
constexpr ArgSpec kBitfieldOperationWriteWriteOperationEncodingOffsetValue[] = {
    {.name = "encoding"},
    {.name = "offset", .type = kInteger},
    {.name = "value", .type = kInteger},
};
constexpr ArgSpec kBitfieldOperationWriteWriteOperationEncodingOffsetIncrement[] = {
    {.name = "encoding"},
    {.name = "offset", .type = kInteger},
    {.name = "increment", .type = kInteger},
};
constexpr ArgSpec kBitfieldOperationWriteWriteOperation[] = {
    {.name = "encoding_offset_value",
     .type = kBlock,
     .token = "SET",
     .arguments = kBitfieldOperationWriteWriteOperationEncodingOffsetValue},
    {.name = "encoding_offset_increment",
     .type = kBlock,
     .token = "INCRBY",
     .arguments = kBitfieldOperationWriteWriteOperationEncodingOffsetIncrement},
};
constexpr ArgSpec kBitfieldOperationWrite[] = {
    {.name = "wrap_sat_fail",
     .type = kOneOf,
     .token = "OVERFLOW",
     .flags = kArgOptional,
     .arguments = kBitfieldOperationWriteWrapSatFail},
    {.name = "write_operation", .type = kOneOf, .arguments = kBitfieldOperationWriteWriteOperation},
};
constexpr ArgSpec kBitfieldOperation[] = {
    {.name = "encoding_offset",
     .type = kBlock,
     .token = "GET",
     .arguments = kBitfieldOperationEncodingOffset},
    {.name = "write", .type = kBlock, .arguments = kBitfieldOperationWrite},
};
constexpr ArgSpec kBitfieldArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "operation",
     .type = kOneOf,
     .flags = kArgOptional | kArgMultiple,
     .arguments = kBitfieldOperation},
};
constexpr CommandSpec kBitfieldRow = {
    .name = "bitfield",
    .arity = -2,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kBitfieldKeys,
    .find_keys = bitfield_keys,
    .since = "3.2.0",
    .complexity = "O(1) for each subcommand specified",
    .summary = "Perform arbitrary bitfield integer operations on strings",
    .arguments = kBitfieldArgs,
    .run = bitfield,
};

constexpr ArgSpec kBitfieldRoArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "encoding_offset",
     .type = kBlock,
     .token = "GET",
     .flags = kArgOptional | kArgMultiple | kArgMultipleToken,
     .arguments = kBitfieldOperationEncodingOffset},
};
constexpr CommandSpec kBitfieldRoRow = {
    .name = "bitfield_ro",
    .arity = -2,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "6.0.0",
    .complexity = "O(1) for each subcommand specified",
    .summary =
        "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
    .arguments = kBitfieldRoArgs,
    .run = bitfield_ro,
};

constexpr KeySpec kBitopKeys[] = {
    key_at(2, kKeyOW | kKeyUpdate),
    keys_from(3, -1, 1, kKeyRO | kKeyAccess),
};
constexpr ArgSpec kBitopArgs[] = {
    {.name = "operation"},
    {.name = "destkey", .type = kKey, .key_spec = 0},
    {.name = "key", .type = kKey, .key_spec = 1, .flags = kArgMultiple},
};
constexpr CommandSpec kBitopRow = {
    .name = "bitop",
    .arity = -4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kBitopKeys,
    .since = "2.6.0",
    .complexity = "O(N)",
    .summary = "Perform bitwise operations between strings",
    .arguments = kBitopArgs,
    .run = bitop,
};

constexpr ArgSpec kBitposIndexEndIndex[] = {
    {.name = "end", .type = kInteger},
    {.name = "index_unit",
     .type = kOneOf,
     .since = "7.0.0",
     .flags = kArgOptional,
     .arguments = kBitcountIndexIndexUnit},
};
constexpr ArgSpec kBitposIndex[] = {
    {.name = "start", .type = kInteger},
    {.name = "end_index", .type = kBlock, .flags = kArgOptional, .arguments = kBitposIndexEndIndex},
};
constexpr ArgSpec kBitposArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "bit", .type = kInteger},
    {.name = "index", .type = kBlock, .flags = kArgOptional, .arguments = kBitposIndex},
};
constexpr CommandSpec kBitposRow = {
    .name = "bitpos",
    .arity = -3,
    .flags = kReadOnly,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.8.7",
    .complexity = "O(N)",
    .summary = "Find first bit set or clear in a string",
    .history = kBitcountHistory,
    .arguments = kBitposArgs,
    .run = bitpos,
};

constexpr ArgSpec kGetbitArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "offset", .type = kInteger},
};
constexpr CommandSpec kGetbitRow = {
    .name = "getbit",
    .arity = 3,
    .flags = kReadOnly | kFast,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kReadsFirst,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary = "Returns the bit value at offset in the string value stored at key",
    .arguments = kGetbitArgs,
    .run = getbit,
};

constexpr ArgSpec kSetbitArgs[] = {
    {.name = "key", .type = kKey, .key_spec = 0},
    {.name = "offset", .type = kInteger},
    {.name = "value", .type = kInteger},
};
constexpr CommandSpec kSetbitRow = {
    .name = "setbit",
    .arity = 4,
    .flags = kWrite | kDenyOom,
    .group = CommandGroup::kBitmap,
    .scope = Scope::kKeys,
    .keys = kReadsAndUpdatesFirst,
    .since = "2.2.0",
    .complexity = "O(1)",
    .summary = "Sets or clears the bit at offset in the string value stored at key",
    .arguments = kSetbitArgs,
    .run = setbit,
};

constexpr CommandSpec kRows[] = {
    kBitcountRow, kBitfieldRow, kBitfieldRoRow, kBitopRow, kBitposRow, kGetbitRow, kSetbitRow,
};

}  // namespace

CommandRows bitmap_commands() {
  return kRows;
}

}  // namespace kvstash::commands
