// Run: one script or function that is running: its caller, its rights, and its actions so far.
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
  engine::Call* call = nullptr;  // The call of EVAL, FCALL and the like.
  engine::Caller caller{};       // A copy, so SELECT and setresp() affect only the script.
  std::string_view name{};       // The script's SHA1, or the function's name.
  uint32_t flags = 0;            // ScriptFlags.
  bool is_function = false;
  bool is_read_only = false;      // Run by EVAL_RO and the like, or flagged no-writes.
  bool is_out_of_memory = false;  // Memory was short when the run began.
  DeclaredKeys keys{};            // The keys that it may touch.

  bool has_written = false;  // It has tried to write, so it cannot be killed any more.
  bool has_unit = false;     // A unit of the journal was begun for its effects.
  bool is_cut_off = false;   // SHUTDOWN NOSAVE ended it; its effects must not be kept.
  uint64_t calls_ns = 0;     // Time spent in commands since the last look at the time.
};

}  // namespace kvstash::scripting
