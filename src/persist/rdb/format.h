// The numbers of the RDB format: versions, types of values, opcodes between entries.
//
// The format is described in docs/formats/rdb.md. Plain constants; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvstash::persist::rdb {

// Whose format the bytes are. Types from 22 on mean different things to Redis and to Valkey.
enum class Dialect : uint8_t { kRedis, kValkey };

inline constexpr unsigned kVersionForRedis70 = 10;        // The highest that Redis 7.0 reads.
inline constexpr unsigned kVersionUsual = 11;             // What is written without a reason.
inline constexpr unsigned kVersionOfFieldDeadlines = 12;  // Needed for fields with deadlines.
inline constexpr unsigned kReadVersionMax = 12;           // The highest of Redis that is read.
inline constexpr unsigned kValkeyVersionMin = 80;         // Valkey's versions begin here,
inline constexpr unsigned kValkeyVersionMax = 80;         // and this is the highest that is read.

// The type of a value: the byte before its key in a file, and before the value in a payload.
enum class Type : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSetText = 3,  // Scores as text.
  kHash = 4,
  kSortedSet = 5,  // Scores as binary doubles.
  kModule = 6,     // Without marks: its end cannot be found without the module.
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,
  kStream = 15,
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListQuicklist2 = 18,
  kStream2 = 19,
  kSetListpack = 20,
  kStream3 = 21,
  kHashFieldDeadlinesEarly = 22,  // Redis, before 7.4 was released; in Valkey kValkeyHash2.
  kHashListpackEarly = 23,        // The same.
  kHashFieldDeadlines = 24,       // Redis: HASH_METADATA.
  kHashListpackEx = 25,           // Redis: HASH_LISTPACK_EX.
};
// Valkey's type 22: a hash whose fields have deadlines.
inline constexpr Type kValkeyHash2 = Type::kHashFieldDeadlinesEarly;

// What stands in a file instead of a type.
enum class Opcode : uint8_t {
  kFunction2 = 245,
  kFunctionEarly = 246,  // Functions before Redis 7.0 was released.
  kModuleAux = 247,
  kIdle = 248,
  kFreq = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpireMillis = 252,
  kExpireSeconds = 253,
  kSelectDb = 254,
  kEnd = 255,
};
inline constexpr uint8_t kOpcodeMin = static_cast<uint8_t>(Opcode::kFunction2);

// How a string whose length has both high bits set is kept.
enum class StringForm : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// The marks in what modules have written (Type::kModule2, Opcode::kModuleAux).
enum class ModuleMark : uint8_t {
  kEnd = 0,
  kSigned = 1,
  kUnsigned = 2,
  kFloat = 3,
  kDouble = 4,
  kString = 5,
};

// How a piece of a list is kept (Type::kListQuicklist2).
enum class ListPiece : uint8_t { kPlain = 1, kPacked = 2 };

inline constexpr size_t kLengthBytesMax = 9;
inline constexpr size_t kStreamIdBytes = 16;

}  // namespace kvstash::persist::rdb
