// What the journal gets for GEOADD: the scores that it computed.

#include "commands/tables.h"
#include "support/held_shards.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace kvstash::commands {

TEST_CASE("GEOADD is journaled as ZADD with its options, and not at all if nothing changed") {
  const CommandRows rows[] = {geo_commands()};
  test::HeldShards node(1, rows);
  using Records = std::vector<std::string>;
  CHECK(node.effects_of({"geoadd", "g", "13.361389", "38.115556", "Palermo", "15.087269",
                         "37.502669", "Catania"}) ==
        Records{"0 ZADD g 3479099956230698 Palermo 3479447370796909 Catania"});
  CHECK(node.effects_of({"geoadd", "g", "13.361389", "38.115556", "Palermo"}) == Records{});
  CHECK(node.effects_of({"geoadd", "g", "xx", "ch", "15.087269", "37.5", "Catania"}) ==
        Records{"0 ZADD g XX CH 3479447191489404 Catania"});
  CHECK(node.effects_of({"geoadd", "g", "nx", "13.361389", "38.115556", "x"}) ==
        Records{"0 ZADD g NX 3479099956230698 x"});
  CHECK(node.effects_of({"geoadd", "g", "181", "38", "x"}) == Records{});
}

TEST_CASE(
    "a stored search is journaled as what was stored, which depends on no library of mathematics") {
  const CommandRows rows[] = {geo_commands()};
  test::HeldShards node(1, rows);
  using Records = std::vector<std::string>;
  node.run_on(
      0, {"geoadd", "g", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"});
  const std::string found = "3479447370796909 Catania";
  CHECK(node.effects_of({"geosearchstore", "to", "g", "fromlonlat", "15", "37", "byradius", "100",
                         "km"}) == Records{"0 ZADD to " + found});
  CHECK(node.effects_of({"georadius", "g", "15", "37", "100", "km", "store", "to"}) ==
        Records{"<", "0 DEL to", "0 ZADD to " + found, ">"});
  const Records distances =
      node.effects_of({"georadiusbymember", "g", "Catania", "1", "km", "storedist", "to"});
  CHECK(distances == Records{"<", "0 DEL to", "0 ZADD to 0 Catania", ">"});
  CHECK(node.effects_of({"georadius", "g", "0", "0", "1", "m", "store", "to"}) ==
        Records{"0 DEL to"});
  CHECK(node.effects_of({"georadius", "g", "0", "0", "1", "m", "store", "to"}) == Records{});
  CHECK(node.effects_of({"georadius", "g", "15", "37", "100", "km"}) == Records{});
}

}  // namespace kvstash::commands
