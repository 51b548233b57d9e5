// Discovery: learning who is there, from INFO of data nodes and hello messages of sentinels, and
// what follows from it.
#pragma once

#include "sentinel/hello.h"
#include "sentinel/state.h"

#include <string_view>

namespace kvstash::sentinel {

// INFO of a primary or a replica arrived.
void learn_info(State& state, Instance& instance, std::string_view text);

// A hello message arrived, by a channel or from a peer itself. Our own, and those about primaries
// that we do not watch, are passed over.
void learn_hello(State& state, std::string_view text);

// A name was resolved, or stands for nothing.
void learn_name(State& state, const NameResolved& event);

}  // namespace kvstash::sentinel
