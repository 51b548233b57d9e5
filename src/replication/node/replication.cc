#include "replication/node/replication.h"

#include <utility>

namespace kvstash::replication {

Replication::Replication(Setup setup, ReplicationOptions options)
    : history_(setup.history),
      primary_end_({.set = setup.set, .persistence = setup.persistence, .history = setup.history},
                   std::move(options)) {
  setup.set->set_replication(*this);
}

void Replication::take_up_options(ReplicationOptions options) {
  primary_end_.take_up_options(std::move(options));
}

ReplicationFacts Replication::facts() const {
  ReplicationFacts facts;
  facts.history = history_->get();
  primary_end_.tell(facts);
  return facts;
}

}  // namespace kvstash::replication
