#include "replication/node/replication.h"

#include <utility>

namespace kvstash::replication {

Replication::Replication(Setup setup, ReplicationOptions options, const net::NetOptions& net)
    : set_(setup.set),
      history_(setup.history),
      primary_end_({.set = setup.set, .persistence = setup.persistence, .history = setup.history},
                   options),
      replica_end_({.set = setup.set,
                    .persistence = setup.persistence,
                    .history = setup.history,
                    .primary_end = &primary_end_},
                   {.replication = options, .net = net}),
      failover_({.set = setup.set,
                 .waits = &setup.persistence->waits(),
                 .primary_end = &primary_end_,
                 .replica_end = &replica_end_}) {
  primary_end_.on_tick([this] { failover_.tick(); });
  replica_end_.on_take_over([this](bool is_accepted) { failover_.answered(is_accepted); });
  set_->set_replication(*this);
}

void Replication::start() {
  primary_end_.start();
  replica_end_.start();
}

void Replication::finish() {
  replica_end_.finish();
  primary_end_.finish();
}

void Replication::take_up_options(const ReplicationOptions& options, const net::NetOptions& net) {
  primary_end_.take_up_options(options);
  replica_end_.take_up_options({.replication = options, .net = net});
}

ReplicationFacts Replication::facts() const {
  ReplicationFacts facts;
  facts.history = history_->get();
  facts.primary = replica_end_.facts();
  facts.failover = failover_.state();
  facts.now_ms = set_->clock().monotonic_ns() / 1'000'000;
  primary_end_.tell(facts);
  return facts;
}

}  // namespace kvstash::replication
