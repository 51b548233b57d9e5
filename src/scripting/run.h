// Run: one script or function being run: for whom, what it may do, and what it has done so far.
//
// Made by the command that runs it (EVAL, FCALL, ...), on the thread that executes; lives until its
// reply is written.
#pragma once

#include "engine/execution/call.h"
#include "scripting/declared_keys.h"
#include "scripting/script_flags.h"

#include <cstdint>
#include <string_view>

namespace kvstash::scripting {

struct Run {
  engine::Call* call = nullptr;  // EVAL's own, or FCALL's.
  engine::Caller caller{};       // The script's own copy: SELECT and setresp() change nothing else.
  std::string_view name{};       // The script's SHA1, or the function's name.
  uint32_t flags = 0;            // ScriptFlags.
  bool is_function = false;
  bool is_read_only = false;      // EVAL_RO and the like, or flagged no-writes.
  bool is_out_of_memory = false;  // When it began.
  DeclaredKeys keys{};            // What it may touch.

  bool has_written = false;  // Tried to: from then on it cannot be killed.
  bool has_unit = false;     // A unit of the journal was begun for what it does.
  bool is_cut_off = false;   // By SHUTDOWN NOSAVE: what it did is not to be kept.
  uint64_t calls_ns = 0;     // Spent in its commands since the time was last looked at.
};

}  // namespace kvstash::scripting
