#include "persist/node/data_load.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace kvstash::persist {
namespace {

uint64_t bytes_of(const RecoveryPlan& plan) {
  uint64_t bytes = plan.base ? plan.base->file_bytes : 0;
  for (const RecoveredFile& file : plan.increments)
    bytes += file.end;
  return bytes;
}

}  // namespace

DataLoad::DataLoad(NodeContext& node, BackgroundWaits& waits) : node_(&node), waits_(&waits) {
  take_up_options();
}

void DataLoad::take_up_options() {
  key_load_delay_us_ = node_->options().key_load_delay_us;
}

void DataLoad::begin(uint64_t bytes_total) {
  progress_.bytes_total = bytes_total;
  progress_.bytes_loaded = 0;
  progress_.keys_loaded = 0;
  progress_.keys_expired = 0;
  began_s_ = node_->unix_s();
}

// key-load-delay: waits so many microseconds after each key; -n: one microsecond after n keys.
std::function<void()> DataLoad::wait_after_key() {
  return [this, keys = int64_t{0}]() mutable {
    const int64_t delay_us = key_load_delay_us_.load(std::memory_order_relaxed);
    if (delay_us == 0 || waits_->has_ended()) return;
    if (delay_us < 0 && ++keys % -delay_us != 0) return;
    waits_->rest(std::chrono::microseconds(std::max<int64_t>(delay_us, 1)));
  };
}

Result<std::optional<LoadedStream>> DataLoad::load_rdb(RdbChoice choice) {
  const PersistOptions now = node_->options();
  const Result<std::optional<Disk::FileInfo>> found = node_->disk().find(now.dbfilename);
  if (!found.ok()) return found.error();
  begin(*found ? (*found)->size : 0);
  if (!*found && choice.may_be_missing) return std::optional<LoadedStream>();
  Loader loader(node_->set(), node_->disk(), progress_);
  // A replica removes what its primary removes.
  if (Status loaded =
          loader.load_rdb(now.dbfilename, {.drops_expired = !node_->set().role().is_replica(),
                                           .is_fresh = choice.is_fresh,
                                           .checks_sum = now.rdbchecksum,
                                           .after_key = wait_after_key()});
      !loaded.ok())
    return loaded.error();
  return loader.stream();
}

Status DataLoad::load_snapshot(const std::string& path, std::function<bool()> goes_on) {
  const Result<std::optional<Disk::FileInfo>> found = node_->disk().find(path);
  if (!found.ok()) return found.error();
  begin(*found ? (*found)->size : 0);
  Loader loader(node_->set(), node_->disk(), progress_);
  return loader.load_rdb(path, {.drops_expired = false,
                                .is_fresh = true,
                                .checks_sum = node_->options().rdbchecksum,
                                .after_key = wait_after_key(),
                                .goes_on = std::move(goes_on)});
}

Result<std::optional<LoadedStream>> DataLoad::load_log(const AofLayout& layout,
                                                       const RecoveryPlan& plan) {
  begin(bytes_of(plan));
  Loader loader(node_->set(), node_->disk(), progress_);
  if (plan.base) {
    if (Status loaded = load_base(loader, layout.path(plan.base->name), *plan.base); !loaded.ok())
      return loaded.error();
  }
  for (const RecoveredFile& file : plan.increments) {
    if (file.end == 0) continue;
    if (Status loaded = loader.load_records(layout.path(file.name), 0, file.end); !loaded.ok())
      return loaded.error();
  }
  return loader.stream();
}

Status DataLoad::load_base(Loader& loader, const std::string& path, const RecoveredFile& base) {
  uint64_t begin = 0;
  uint64_t end = base.end;
  if (base.begins_with_rdb) {
    std::optional<uint64_t> rest;
    Status loaded = loader.load_rdb(path,
                                    {.drops_expired = false,
                                     .is_fresh = true,
                                     .checks_sum = node_->options().rdbchecksum,
                                     .after_key = wait_after_key()},
                                    &rest);
    if (!loaded.ok()) return loaded;
    begin = *rest;
    end = base.file_bytes;
  }
  if (begin >= end) return {};
  return loader.load_records(path, begin, end);
}

void DataLoad::tell(PersistFacts& facts) const {
  facts.is_loading = node_->set().is_loading();
  facts.load_began_s = began_s_;
  facts.load_bytes_total = progress_.bytes_total;
  facts.load_bytes = progress_.bytes_loaded;
  facts.load_keys = progress_.keys_loaded;
  facts.load_keys_expired = progress_.keys_expired;
}

}  // namespace kvstash::persist
