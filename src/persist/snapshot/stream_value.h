// StreamValue: a stream as a snapshot sees it (BigValue).
//
// Its numbers are copied when it is made. Its blocks are written by id, and a block that is about
// to change ahead of that is encoded before. Then its consumer groups are written one after the
// other (group_value.h).
#pragma once

#include "persist/snapshot/big_value.h"
#include "persist/snapshot/group_value.h"
#include "store/object.h"
#include "store/stream.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace kvstash::persist {

class StreamValue final : public BigValue {
 public:
  using Group = store::ConsumerGroup;
  using Consumer = store::Consumer;

  StreamValue(Place place, Tally& tally, store::ObjectWord word);

  // As StreamObserver. A change of a consumer is a change of its group here.
  void before_block(store::StreamId id);
  void block_born(store::StreamId id);
  void before_group(const Group& group);
  void before_group_goes(const Group& group);
  void consumer_born(const Group& group, const Consumer& consumer);
  void before_consumer_goes(const Group& group, const Consumer& consumer);
  void before_pending(const Group& group, store::StreamId id);
  void pending_born(const Group& group, store::StreamId id);

 private:
  struct GroupPlace {
    const Group* live;
    std::unique_ptr<GroupValue> value{};  // Null until the group changes or is written.
  };

  bool write_elements(rdb::Encoded& to, Budget& budget) override;
  void write_blocks(rdb::Encoded& to, Budget& budget);
  void finish_blocks(rdb::Encoded& to);
  void write_group(rdb::Encoded& to, Budget& budget);
  // Returns the view of a group, or null if the group came after the cut or is written. Makes one
  // if it is the first change of the group.
  GroupValue* value_of(const Group& group, const GroupValue::Born& born = {});
  template <typename Change>
  void tell(const Group& group, const Change& change);

  store::ObjectWord word_;
  store::Stream::Counters counters_;
  std::optional<store::StreamId> last_block_;  // The last block of the cut.
  size_t left_;                                // Blocks of the cut that were not written yet.
  std::optional<store::StreamId>
      next_;  // The lowest id of a block that was not written; none: done.
  bool are_blocks_done_ = false;
  // Blocks ahead that have changed, as they were; nothing: the block came after the cut.
  std::map<store::StreamId, std::optional<rdb::Encoded>> saved_;

  std::vector<GroupPlace> groups_;                   // The groups of the cut, by name.
  std::unordered_map<const Group*, size_t> places_;  // In groups_; those that are still there.
  size_t group_ = 0;                                 // The group that is written next.
};

}  // namespace kvstash::persist
