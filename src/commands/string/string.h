// String commands: values that are bytes or numbers.
//
// Their rows are in string_table.cc. Each runs on the thread that holds the shards of its keys.
#pragma once

#include "base/result.h"
#include "engine/command/command_spec.h"

#include <span>
#include <string_view>
#include <vector>

namespace kvstash::engine {
class Call;
}

namespace kvstash::commands {

using engine::Call;

// Whole values.
Status get(Call& call);
Status set(Call& call);
Status setnx(Call& call);
Status setex(Call& call);
Status psetex(Call& call);
Status getset(Call& call);
Status getdel(Call& call);
Status getex(Call& call);

// Several keys at once.
Status mget(Call& call);
Status mset(Call& call);
Status msetnx(Call& call);
Status lcs(Call& call);

// Parts of a value.
Status append(Call& call);
Status strlen(Call& call);
Status getrange(Call& call);
Status substr(Call& call);
Status setrange(Call& call);

// Numbers.
Status incr(Call& call);
Status decr(Call& call);
Status incrby(Call& call);
Status decrby(Call& call);
Status incrbyfloat(Call& call);

// Find the keys of these commands (FindKeys) with the parsers that the commands use.
engine::KeysFound set_keys(std::span<const std::string_view> argv,
                           std::vector<engine::KeyAt>& keys);

}  // namespace kvstash::commands
