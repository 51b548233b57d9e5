// Request: one command of a client, as read and not yet run.
//
// A Request holds views into the client's input and into vectors of the intake, which are valid
// until the session's intake has run it. Code that keeps data for longer copies or pins it.
#pragma once

#include "engine/command/command_table.h"
#include "engine/command/key_place.h"

#include <span>
#include <string_view>

namespace kvstash::engine {

struct Request {
  // Null: the command is unknown, or its subcommand was not looked up yet.
  const Command* command;
  std::span<const std::string_view> args;
  KeyPlaces places;  // Places of the keys, if they are plain.
  // All its bytes as the client sent them. Empty: they do not stand in one piece.
  std::string_view raw{};
};

}  // namespace kvstash::engine
