// WriteRefusal: whether commands that write are refused, because data could not be saved or logged,
// and with which words.
//
// Any thread.
#pragma once

#include "persist/node/node_context.h"
#include "persist/node/persist_facts.h"

#include <mutex>
#include <string>

namespace kvstash::persist {

class WriteRefusal {
 public:
  explicit WriteRefusal(NodeContext& node) : node_(&node) {}

  void note_save(bool is_ok);
  // `error`: why the log cannot be written; empty: it can.
  void note_log(const std::string& error);
  // The options have changed.
  void update();

  bool was_save_ok() const;
  void tell(PersistFacts& facts) const;

 private:
  void apply();

  NodeContext* node_;
  mutable std::mutex lock_;  // Held while the shards are told, so that they hear of the last state.
  bool was_save_ok_ = true;
  std::string log_error_;
};

}  // namespace kvstash::persist
