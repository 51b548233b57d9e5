// Request: one command of a client, as read and not yet run.
//
// Views into the client's input and into vectors of the intake: it lives until its session's intake
// has run it. What must outlive that is copied or pinned by whoever keeps it.
#pragma once

#include "engine/command/command_table.h"
#include "engine/command/key_place.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

struct Request {
  const Command* command;  // Null: unknown, or a subcommand still to be looked for.
  std::span<const std::string_view> args;
  KeyPlaces places;        // Of its keys, if they are plain.
  std::string_view raw{};  // All its bytes, as the client sent them. Empty: its words stand apart.
};

}  // namespace kvstash::engine
