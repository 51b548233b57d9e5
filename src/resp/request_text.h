// Request text: a command as the RESP bytes in which clients, logs and replicas write it.
//
//   "*" count CRLF { "$" length CRLF bytes CRLF }
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::resp {

// Returns the number of bytes that append_request adds.
size_t request_bytes(std::span<const std::string_view> argv);

// Appends the text of `argv`, which must not be empty.
void append_request(std::string& to, std::span<const std::string_view> argv);

// Whether `raw`, from which `argv` was parsed (its words are views into it), is byte for byte what
// append_request writes. The parser also accepts other forms: inline commands, and any two bytes in
// place of most line ends.
bool is_request_text(std::string_view raw, std::span<const std::string_view> argv);

}  // namespace kvstash::resp
