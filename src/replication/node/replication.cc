#include "replication/node/replication.h"

#include "persist/node/persistence.h"

#include <utility>

namespace kvstash::replication {

Replication::Replication(Setup setup, ReplicationOptions options)
    : set_(setup.set),
      persistence_(setup.persistence),
      history_(std::move(setup.replid)),
      options_(std::move(options)) {
  set_->set_replication(*this);
}

void Replication::take_up_options(ReplicationOptions options) {
  const std::lock_guard guard(lock_);
  options_ = std::move(options);
}

ReplicationFacts Replication::facts() const {
  ReplicationFacts facts;
  facts.history = history_.get();
  facts.offset = persistence_->facts().offset;
  const std::lock_guard guard(lock_);
  facts.backlog_size = options_.repl_backlog_size;
  return facts;
}

}  // namespace kvstash::replication
