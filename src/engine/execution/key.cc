#include "engine/execution/key.h"

#include "engine/data/eviction.h"
#include "engine/data/expiry.h"
#include "engine/execution/call.h"

namespace kvstash::engine {

void Key::set_string(std::string_view value, Deadline deadline) {
  const bool is_new = entry_ == nullptr;
  entry_ = space_->put_string(ref_, entry_, value, deadline);
  if (is_new) begin();
}

void Key::set_text(std::string_view value, store::Encoding encoding, Deadline deadline) {
  const bool is_new = entry_ == nullptr;
  entry_ = space_->put_text(ref_, entry_, value, encoding, deadline);
  if (is_new) begin();
}

void Key::set_integer(int64_t value, Deadline deadline) {
  const bool is_new = entry_ == nullptr;
  entry_ = space_->put_integer(ref_, entry_, value, deadline);
  if (is_new) begin();
}

std::span<char> Key::open_string(size_t size, store::ByteRange change) {
  const bool is_new = entry_ == nullptr;
  std::span<char> bytes;
  entry_ = space_->open_string(ref_, entry_, size, bytes, change);
  if (is_new) begin();
  return bytes;
}

void Key::cut_string(size_t size) {
  entry_ = space_->cut_string(ref_, &entry(), size);
}

void Key::set_object(store::ValueType type, store::ObjectWord word, Deadline deadline) {
  const bool is_new = entry_ == nullptr;
  entry_ = space_->put_object(ref_, entry_, type, word, deadline);
  if (is_new) begin();
}

store::ObjectWord Key::open_object() {
  return space_->open_object(ref_, entry());
}

void Key::update_object(store::ObjectWord word, size_t bytes_before) {
  entry_ = space_->update_object(ref_, entry_, word, bytes_before);
}

void Key::set_deadline(Deadline deadline) {
  entry_ = space_->set_deadline(ref_, &entry(), deadline);
}

void Key::erase() {
  space_->erase(ref_, &entry());
  entry_ = nullptr;
  was_erased_ = true;
}

void Key::expire_field(std::string_view field) {
  if (entry_ == nullptr || !entry_->has_due_fields(call_->horizon_ms())) [[likely]]
    return;
  entry_ = engine::expire_field(call_->hold(), place(), entry_, field);
}

void Key::take_from(Key& from) {
  entry_ = space_->move_in(ref_, *from.space_, from.ref_, &from.entry());
  from.entry_ = nullptr;
  tell_new();
}

void Key::copy_from(const Key& from) {
  entry_ = space_->copy_in(ref_, from.entry());
  was_erased_ = false;  // Redis publishes "new" for a copy also over an erased key.
  begin();
}

HeldKey Key::place() const {
  return {*shard_, db_, ref_.name};
}

bool Key::may_change() {
  return call_->audit_.allows_change(call_->command(), call_->args(), ref_.name);
}

void Key::changed(uint32_t event_class, std::string_view event, uint64_t elements) {
  ensure_slow([this] { return may_change(); });
  call_->effects_->add_change(db_, ref_.name, event_class, event, elements);
}

// KeyAudit does not check this change: to Redis, XREADGROUP reads its streams.
void Key::changed_quietly(uint32_t event_class, std::string_view event, uint64_t elements) {
  call_->effects_->add_quiet_change(db_, ref_.name, event_class, event, elements);
}

void Key::also(uint32_t event_class, std::string_view event) {
  call_->effects_->add_event(db_, ref_.name, event_class, event);
}

void Key::begin() {
  entry_->set_access(access_clock_of_new(call_->hold()));
  if (!was_erased_) tell_new();
}

void Key::tell_new() {
  if ((call_->options().notify_keyspace_events & notify::kNew) != 0) [[unlikely]]
    call_->effects_->add_event(db_, ref_.name, notify::kNew, "new");
}

}  // namespace kvstash::engine
