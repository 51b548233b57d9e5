#include "replication/node/replication.h"

#include <utility>

namespace kvstash::replication {

Replication::Replication(Setup setup, ReplicationOptions options, const net::NetOptions& net)
    : set_(setup.set),
      history_(std::move(setup.replid)),
      options_(std::move(options)),
      replica_end_({.set = setup.set, .persistence = setup.persistence, .history = &history_},
                   {.replication = options_, .net = net}) {
  set_->set_replication(*this);
}

void Replication::take_up_options(ReplicationOptions options, const net::NetOptions& net) {
  {
    const std::lock_guard guard(lock_);
    options_ = options;
  }
  replica_end_.take_up_options({.replication = std::move(options), .net = net});
}

ReplicationFacts Replication::facts() const {
  ReplicationFacts facts;
  facts.history = history_.get();
  facts.offset = replica_end_.offset();
  facts.primary = replica_end_.facts();
  facts.now_ms = set_->clock().monotonic_ns() / 1'000'000;
  const std::lock_guard guard(lock_);
  facts.backlog_size = options_.repl_backlog_size;
  return facts;
}

}  // namespace kvstash::replication
