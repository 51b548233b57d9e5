#include "replication/node/node_history.h"

#include <doctest/doctest.h>

#include <string>

namespace kvstash::replication {
namespace {

TEST_CASE("a node begins with a name that no other has, and no second one") {
  SystemEntropy entropy;
  const NodeHistory one(entropy);
  const NodeHistory other(entropy);
  CHECK(is_replid(one.get().replid));
  CHECK(one.get().second_replid.empty());
  CHECK(one.replid() == one.get().replid);
  CHECK(one.replid() != other.replid());
}

TEST_CASE("a renamed history holds under its old name up to there") {
  SystemEntropy entropy;
  NodeHistory history(entropy);
  const std::string old = history.replid();
  history.rename(100);
  CHECK(history.replid() != old);
  CHECK(history.get().second_replid == old);
  CHECK(history.get().second_end == 100);
}

TEST_CASE("behind a gap nothing of before holds") {
  SystemEntropy entropy;
  NodeHistory history(entropy);
  history.rename(100);
  const std::string old = history.replid();
  history.begin();
  CHECK(history.replid() != old);
  CHECK(history.get().second_replid.empty());
}

TEST_CASE("a start goes on from a history under a name of its own, unless that had no name") {
  SystemEntropy entropy;
  NodeHistory history(entropy);
  const std::string own = history.replid();
  history.go_on_from("nonsense", 5);
  CHECK(history.replid() == own);
  CHECK(history.get().second_replid.empty());
  const std::string loaded(40, 'a');
  history.go_on_from(loaded, 77);
  CHECK(history.get().second_replid == loaded);
  CHECK(history.get().second_end == 77);
  CHECK(history.replid() != loaded);
}

}  // namespace
}  // namespace kvstash::replication
