#include "persist/node/node_journal.h"

#include "base/ensure.h"
#include "engine/shard.h"

#include <algorithm>
#include <utility>

namespace kvstash::persist {

using engine::Lsn;

NodeJournal::NodeJournal(NodeContext& node) : node_(&node), journal_({}, 0) {
  for (size_t id = 0; id < node.set().size(); ++id)
    lanes_.push_back(std::make_unique<Lane>(journal_));
  journal_.on_append([this] {
    for (const std::function<void()>& tell : listeners_)
      tell();
  });
}

void NodeJournal::begin_at(Offset offset, engine::DbIndex db,
                           const std::optional<LoadedStream>& of) {
  ensure(!is_attached());
  journal_.begin_at({.lsn = Lsn{offset}, .offset = offset}, db);
  unbroken_from_ = offset;
  if (of) node_->history().go_on_from(of->replid, of->offset);
  has_gap_ = false;
}

void NodeJournal::attach(User user) {
  if (!is_attached()) {
    if (has_gap_) {
      node_->history().begin();
      unbroken_from_ = journal_.end_place().offset;
      journal_.select_again();
    }
    set_lanes(true);
  }
  has_gap_ = false;
  users_.fetch_or(bit(user), std::memory_order_acq_rel);
  if (user == User::kReplicas) journal_.set_backlog_bytes(backlog_bytes_);
}

void NodeJournal::detach(User user) {
  if (!has(user)) return;
  if (user == User::kReplicas) journal_.set_backlog_bytes(0);
  users_.fetch_and(static_cast<uint8_t>(~bit(user)), std::memory_order_acq_rel);
  join();
  if (is_attached()) return;
  set_lanes(false);
  has_gap_ = true;
}

void NodeJournal::begin_following(engine::DbIndex db) {
  join();
  attach(User::kReplicas);
  journal_.begin_following(db);
}

void NodeJournal::end_following() {
  join();
  journal_.end_following();
}

void NodeJournal::restart_at(Offset offset, engine::DbIndex db) {
  ensure(!is_attached());
  journal_.jump_to(offset);
  unbroken_from_ = offset;
  has_gap_ = false;
  begin_following(db);
}

void NodeJournal::join() const {
  for (size_t id = 0; id < node_->set().size(); ++id)
    node_->set().at(id).release().join_journal();
}

std::unique_lock<std::mutex> NodeJournal::settle(const engine::Hold& all) const {
  std::unique_lock<std::mutex> settled;
  if (incoming_ != nullptr) settled = incoming_->settle(all);
  join();
  return settled;
}

void NodeJournal::set_lanes(bool are_attached) {
  for (size_t id = 0; id < node_->set().size(); ++id)
    node_->set().at(id).set_sink(are_attached ? lanes_[id].get() : nullptr);
}

void NodeJournal::set_backlog_bytes(size_t bytes) {
  backlog_bytes_ = bytes;
  if (has(User::kReplicas)) journal_.set_backlog_bytes(bytes);
}

std::optional<RdbFacts::Stream> NodeJournal::stream() const {
  if (!is_attached()) return std::nullopt;
  const std::optional<engine::DbIndex> db = journal_.database();
  return RdbFacts::Stream{.replid = node_->history().replid(),
                          .offset = journal_.end_place().offset,
                          .db = db ? static_cast<int64_t>(*db) : 0};
}

NodeJournal::Range NodeJournal::range() const {
  const Journal::Numbers now = journal_.numbers();
  return {.begin = std::max<Offset>(now.begin.offset, unbroken_from_), .end = now.end.offset};
}

void NodeJournal::tell(PersistFacts& facts) const {
  const Journal::Numbers now = journal_.numbers();
  facts.offset = now.end.offset;
  facts.journal_bytes = is_attached() ? now.memory : 0;
}

void NodeJournal::finish() {
  set_lanes(false);
}

}  // namespace kvstash::persist
