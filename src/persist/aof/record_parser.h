// Reads one record of an append-only file: a command in RESP, "*<n>" and n times "$<bytes>".
//
// Stricter than the request parser: a file has no inline commands, no empty ones and no sloppy line
// ends. Errors have the words of redis-check-aof. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::persist {

struct RecordParse {
  enum class Kind : uint8_t {
    kComplete,
    kIncomplete,  // Right as far as it goes. `bytes_needed` and `error` say what is missing.
    kWrong,       // `error` says what is wrong.
  };

  Kind kind = Kind::kIncomplete;
  size_t consumed = 0;      // kComplete: the size of the record.
  size_t bytes_needed = 0;  // kIncomplete: the least size of the record.
  size_t error_offset = 0;  // Where in the text the line or the argument begins that is at fault.
  size_t name_offset = 0;   // Where the command's name begins.
  size_t lines = 0;         // Line ends that were read.
  std::string error;        // Empty if the text ends between two parts.
};

// Reads a record from the front of `text`. If it is complete, its arguments are appended to `argv`;
// they are views of `text`.
RecordParse parse_record(std::string_view text, std::vector<std::string_view>& argv);

}  // namespace kvstash::persist
