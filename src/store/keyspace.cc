#include "store/keyspace.h"

#include "base/alloc.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kvstash::store {
namespace {

// A blob of at least this size goes to the reaper, because freeing it may return pages to the
// kernel.
constexpr size_t kLazyFreeBytesMin = size_t{64} << 10;
// A string that is opened for change and longer than this gets a blob, with room to grow.
constexpr size_t kOpenInlineBytesMax = 64;
constexpr size_t kGrowthBytesMax = size_t{1} << 20;

Entry::Shape shape_of(const Entry& entry) {
  return {.type = entry.type(),
          .encoding = entry.encoding(),
          .has_deadline = entry.has_deadline(),
          .has_field_deadlines = entry.has_field_deadlines(),
          .is_inline = entry.is_inline_string(),
          .value_len = entry.is_inline_string() ? entry.inline_string().size() : 0};
}

Keyspace::Deadline deadline_of(const Entry& entry) {
  return entry.has_deadline() ? Keyspace::Deadline(entry.deadline_ms()) : std::nullopt;
}

// Doubles the size, but adds at most one megabyte, as sds does.
size_t grown_capacity(size_t size) {
  return size + std::min(size, kGrowthBytesMax);
}

}  // namespace

std::string_view string_bytes(const Entry& entry, NumberText& scratch) {
  if (entry.is_inline_string()) return entry.inline_string();
  if (entry.encoding() == Encoding::kInt) return {scratch, format_int64(scratch, entry.integer())};
  return entry.blob()->view();
}

size_t string_length(const Entry& entry) {
  NumberText scratch;
  return string_bytes(entry, scratch).size();
}

Keyspace::Keyspace(const HashSeed& seed, ShardMemory& memory, int64_t now_ms)
    : memory_(&memory),
      observer_(memory.observer),
      table_(seed, memory.huge_pages),
      deadlines_(now_ms),
      made_at_ms_(now_ms) {}

Keyspace::~Keyspace() {
  ensure(opened_ == 0);
  ScanPosition position{};
  do {
    position = table_.scan(position, [](Entry* entry) {
      if (entry->is_blob() && !entry->blob()->offer()) Blob::destroy(entry->blob());
      if (entry->is_object()) destroy_object(entry->type(), entry->object());
      deallocate(entry, entry->bytes_asked());
    });
  } while (position != ScanPosition{});
  if (memory_ != nullptr) memory_->bytes -= bytes_;
}

// Stops counting this keyspace in its shard's memory, so that another thread may destroy it.
void Keyspace::detach_memory() {
  memory_->bytes -= bytes_;
  memory_ = nullptr;
}

void Keyspace::drop(std::unique_ptr<Keyspace> space, Free free) {
  ensure(space->opened_ == 0 && space->memory_ != nullptr);
  ShardMemory& memory = *space->memory_;
  space->detach_memory();
  if (KeyspaceObserver* observer = std::exchange(space->observer_, nullptr)) {
    observer->before_drop(space);
    if (space == nullptr) return;
  }
  if (free == Free::kHere) return;
  std::shared_ptr<Keyspace> dropped = std::move(space);
  memory.garbage.add([dropped = std::move(dropped)]() mutable { dropped.reset(); });
}

void Keyspace::uncount_marks(const Entry& entry) {
  for (const Mark mark : {Mark::kFirst, Mark::kSecond}) {
    if (!entry.has_mark(mark)) continue;
    size_t& count = marked_[static_cast<size_t>(mark)];
    ensure(count != 0);
    --count;
  }
}

Entry* Keyspace::put_string(const KeyRef& key, Entry* existing, std::string_view value,
                            Deadline deadline) {
  if (value.size() <= kInt64CharsMax) {
    if (const std::optional<int64_t> integer = parse_int64(value))
      return put_integer(key, existing, *integer, deadline);
  }
  return put_text(key, existing, value, Encoding::kEmbstr, deadline);
}

Entry* Keyspace::put_text(const KeyRef& key, Entry* existing, std::string_view value,
                          Encoding encoding, Deadline deadline) {
  if (value.size() <= kInlineBytesMax) {
    if (value.size() > kEmbstrBytesMax) encoding = Encoding::kRaw;
    return put(key, existing,
               {.shape = {.encoding = encoding, .is_inline = true, .value_len = value.size()},
                .bytes = value.data()},
               deadline);
  }
  Blob* blob = make_blob(value.size(), value.size());
  std::memcpy(blob->data, value.data(), value.size());
  note_size(key, ValueType::kString, Blob::bytes_for(blob->capacity), {});
  return put(key, existing, {.shape = {}, .bytes = reinterpret_cast<const char*>(&blob)}, deadline);
}

Entry* Keyspace::put_integer(const KeyRef& key, Entry* existing, int64_t value, Deadline deadline) {
  if (existing != nullptr && existing->encoding() == Encoding::kInt &&
      deadline_of(*existing) == deadline) {
    tell_change(key, *existing);
    existing->set_integer(value);
    return existing;
  }
  return put(
      key, existing,
      {.shape = {.encoding = Encoding::kInt}, .bytes = reinterpret_cast<const char*>(&value)},
      deadline);
}

Entry* Keyspace::put_object(const KeyRef& key, Entry* existing, ValueType type, ObjectWord word,
                            Deadline deadline) {
  const Encoding encoding = object_encoding(type, word);
  const size_t bytes = object_bytes(type, word);
  count_allocated(bytes);
  note_size(key, type, bytes, word);
  return put(key, existing,
             {.shape = {.type = type, .encoding = encoding},
              .bytes = reinterpret_cast<const char*>(&word)},
             deadline);
}

Entry* Keyspace::update_object(const KeyRef& key, Entry* entry, ObjectWord word,
                               size_t bytes_before) {
  ensure(opened_ != 0);
  --opened_;
  entry->set_object(word, object_encoding(entry->type(), word));
  const size_t bytes = object_bytes(entry->type(), word);
  count_allocated(bytes);
  uncount_allocated(bytes_before);
  note_size(key, entry->type(), bytes, word);
  const Deadline fields = next_field_deadline_ms(entry->type(), word);
  if (!fields && !entry->has_field_deadlines()) [[likely]]
    return entry;
  return remake(key, entry, {.shape = shape_of(*entry), .bytes = entry->payload()},
                deadline_of(*entry));
}

Entry* Keyspace::open_string(const KeyRef& key, Entry* existing, size_t size,
                             std::span<char>& bytes, ByteRange change) {
  if (existing != nullptr && existing->is_blob())
    return open_blob(key, existing, size, bytes, change);
  Entry* entry = existing;
  const Deadline deadline = entry != nullptr ? deadline_of(*entry) : std::nullopt;
  NumberText scratch;
  const std::string_view old =
      entry == nullptr ? std::string_view() : string_bytes(*entry, scratch);
  const size_t new_size = std::max(size, old.size());
  if (new_size <= kOpenInlineBytesMax) {
    char image[kOpenInlineBytesMax] = {};
    if (!old.empty()) std::memcpy(image, old.data(), old.size());
    entry = put(key, existing,
                {.shape = {.is_inline = true, .value_len = new_size}, .bytes = image}, deadline);
    bytes = {entry->payload(), new_size};
    return entry;
  }
  const bool grows = entry != nullptr && size > old.size();
  Blob* blob = make_blob(new_size, grows ? grown_capacity(new_size) : new_size);
  if (!old.empty()) std::memcpy(blob->data, old.data(), old.size());
  std::memset(blob->data + old.size(), 0, new_size - old.size());
  note_size(key, ValueType::kString, Blob::bytes_for(blob->capacity), {});
  entry =
      put(key, existing, {.shape = {}, .bytes = reinterpret_cast<const char*>(&blob)}, deadline);
  bytes = {blob->data, blob->size};
  return entry;
}

// A long string stays a blob. It keeps its observer, even where it moves to have room to grow.
Entry* Keyspace::open_blob(const KeyRef& key, Entry* entry, size_t size, std::span<char>& bytes,
                           ByteRange change) {
  tell_change(key, *entry);
  Blob* blob = entry->blob();
  if (blob->observer != nullptr) [[unlikely]]
    blob->observer->before_change(*blob, change);
  const size_t old_size = blob->size;
  if (size > blob->capacity) {
    uncount(Blob::bytes_for(blob->capacity));
    blob = Blob::grow(blob, grown_capacity(size));
    count(Blob::bytes_for(blob->capacity));
    entry->set_blob(blob);
    if (blob->observer != nullptr) [[unlikely]]
      blob->observer->moved(*blob);
    note_size(key, ValueType::kString, Blob::bytes_for(blob->capacity), {});
  }
  if (size > old_size) {
    std::memset(blob->data + old_size, 0, size - old_size);
    blob->size = size;
  }
  bytes = {blob->data, blob->size};
  return entry;
}

Entry* Keyspace::cut_string(const KeyRef& key, Entry* entry, size_t size) {
  if (entry->is_blob()) {
    Blob& blob = *entry->blob();
    ensure(size <= blob.size);
    tell_change(key, *entry);
    if (blob.observer != nullptr) [[unlikely]]
      blob.observer->before_change(blob, {.offset = size});
    blob.size = size;
    return entry;
  }
  const std::string_view old = entry->inline_string();
  ensure(size <= old.size() && old.size() <= kOpenInlineBytesMax);
  char image[kOpenInlineBytesMax];
  std::memcpy(image, old.data(), size);
  const Deadline deadline = entry->has_deadline() ? Deadline(entry->deadline_ms()) : std::nullopt;
  return put(key, entry, {.shape = {.is_inline = true, .value_len = size}, .bytes = image},
             deadline);
}

Entry* Keyspace::put(const KeyRef& key, Entry* existing, const Payload& payload,
                     Deadline deadline) {
  if (existing == nullptr) {
    Entry* entry = make(key, payload, {.key = deadline, .fields = field_deadline_of(payload)});
    table_.insert(entry, key.hash);
    schedule(entry);
    tell_born(key, *entry);
    return entry;
  }
  tell_change(key, *existing);
  free_payload(existing);
  return remake(key, existing, payload, deadline);
}

Keyspace::Deadline Keyspace::field_deadline_of(const Payload& payload) {
  if (payload.shape.type != ValueType::kHash) [[likely]]
    return std::nullopt;
  ObjectWord word;
  std::memcpy(&word, payload.bytes, sizeof(word));
  return next_field_deadline_ms(ValueType::kHash, word);
}

Entry* Keyspace::make(const KeyRef& key, const Payload& payload, const Deadlines& deadlines) {
  Entry::Shape shape = payload.shape;
  shape.has_deadline = deadlines.key.has_value();
  shape.has_field_deadlines = deadlines.fields.has_value();
  const size_t bytes = Entry::bytes_for(key.name, shape);
  Entry* entry = Entry::construct(allocate(bytes), key.name, shape);
  std::memcpy(entry->payload(), payload.bytes, entry->payload_bytes());
  if (deadlines.key) entry->link().deadline_ms = *deadlines.key;
  if (deadlines.fields) entry->link(DeadlineOf::kFields).deadline_ms = *deadlines.fields;
  count(bytes);
  return entry;
}

// Gives `old` another payload or deadline, in place where the allocation allows it. What the old
// payload pointed to is not freed.
Entry* Keyspace::remake(const KeyRef& key, Entry* old, const Payload& payload, Deadline deadline) {
  const Deadlines deadlines{.key = deadline, .fields = field_deadline_of(payload)};
  Entry::Shape shape = payload.shape;
  shape.has_deadline = deadlines.key.has_value();
  shape.has_field_deadlines = deadlines.fields.has_value();
  const size_t old_bytes = old->bytes_asked();
  const size_t new_bytes = Entry::bytes_for(key.name, shape);
  const bool fits = allocation_bytes(old_bytes) == allocation_bytes(new_bytes) &&
                    old->has_deadline() == shape.has_deadline &&
                    old->has_field_deadlines() == shape.has_field_deadlines;
  if (fits) {
    old->reshape(shape);
    std::memmove(old->payload(), payload.bytes, old->payload_bytes());
    if (deadlines.key) change_deadline(deadlines_, old, DeadlineOf::kKey, *deadlines.key);
    if (deadlines.fields)
      change_deadline(*field_deadlines_, old, DeadlineOf::kFields, *deadlines.fields);
    return old;
  }
  Entry* fresh = make({old->key(), key.hash}, payload, deadlines);
  fresh->set_access(old->access());
  fresh->take_marks_of(*old);
  table_.replace(old, fresh, key.hash);
  unschedule(old);
  schedule(fresh);
  uncount(old_bytes);
  deallocate(old, old_bytes);
  return fresh;
}

void Keyspace::change_deadline(TimingWheel& wheel, Entry* entry, DeadlineOf of, int64_t to_ms) {
  DeadlineLink& link = entry->link(of);
  if (link.deadline_ms == to_ms) return;
  wheel.remove(entry);
  link.deadline_ms = to_ms;
  wheel.add(entry);
}

void Keyspace::schedule(Entry* entry) {
  if (entry->has_deadline()) deadlines_.add(entry);
  if (!entry->has_field_deadlines()) [[likely]]
    return;
  if (field_deadlines_ == nullptr)
    field_deadlines_ = std::make_unique<TimingWheel>(made_at_ms_, DeadlineOf::kFields);
  field_deadlines_->add(entry);
}

void Keyspace::unschedule(Entry* entry) {
  if (entry->has_deadline()) deadlines_.remove(entry);
  if (entry->has_field_deadlines()) field_deadlines_->remove(entry);
}

Entry* Keyspace::set_deadline(const KeyRef& key, Entry* entry, Deadline deadline) {
  tell_change(key, *entry);
  const Payload payload{.shape = shape_of(*entry), .bytes = entry->payload()};
  return remake(key, entry, payload, deadline);
}

void Keyspace::erase(const KeyRef& key, Entry* entry) {
  tell_change(key, *entry);
  forget_marks(*entry);
  table_.erase(entry, key.hash);
  unschedule(entry);
  free_payload(entry);
  free_entry(entry);
}

Entry* Keyspace::move_in(const KeyRef& to, Keyspace& source, const KeyRef& from, Entry* entry) {
  ensure(find(to) == nullptr);
  source.tell_change(from, *entry);
  source.forget_marks(*entry);
  source.table_.erase(entry, from.hash);
  source.unschedule(entry);
  const Payload payload{.shape = shape_of(*entry), .bytes = entry->payload()};
  Entry* fresh =
      make(to, payload, {.key = deadline_of(*entry), .fields = field_deadline_of(payload)});
  fresh->set_access(entry->access());
  // The blob or object outside the entry is handed over unchanged.
  source.uncount_allocated(outside_bytes(*fresh));
  count_allocated(outside_bytes(*fresh));
  table_.insert(fresh, to.hash);
  schedule(fresh);
  source.free_entry(entry);
  note_size(to, *fresh);
  tell_born(to, *fresh);
  return fresh;
}

Entry* Keyspace::copy_in(const KeyRef& to, const Entry& entry) {
  Payload payload{.shape = shape_of(entry), .bytes = entry.payload()};
  Blob* blob = nullptr;
  if (entry.is_blob()) {
    const std::string_view bytes = entry.blob()->view();
    blob = make_blob(bytes.size(), bytes.size());
    std::memcpy(blob->data, bytes.data(), bytes.size());
    payload.bytes = reinterpret_cast<const char*>(&blob);
  }
  ObjectWord word = 0;
  if (entry.is_object()) {
    word = copy_object(entry.type(), entry.object());
    count_allocated(object_bytes(entry.type(), word));
    payload.bytes = reinterpret_cast<const char*>(&word);
  }
  Entry* fresh = put(to, nullptr, payload, deadline_of(entry));
  fresh->set_access(entry.access());
  note_size(to, *fresh);
  return fresh;
}

void Keyspace::note_size(const KeyRef& key, const Entry& entry) {
  note_size(key, entry.type(), outside_bytes(entry),
            entry.is_object() ? entry.object() : ObjectWord{});
}

void Keyspace::note_big(const KeyRef& key, ValueType type, size_t bytes, ObjectWord word) {
  BigKeys::OfType& largest = big_keys_.of(type);
  largest.by_bytes.note(key.name, key.hash, bytes);
  if (type != ValueType::kString)
    largest.by_elements.note(key.name, key.hash, object_size(type, word));
}

std::vector<BigKey> Keyspace::big_keys() {
  std::vector<BigKey> found;
  for (size_t i = 0; i < static_cast<size_t>(ValueType::kCount); ++i) {
    const auto type = static_cast<ValueType>(i);
    const auto entry_of = [this, type](const LargestKeys::Key& key) -> const Entry* {
      const Entry* entry = find({key.name, key.hash});
      return entry != nullptr && entry->type() == type ? entry : nullptr;
    };
    const auto elements_of = [](const Entry& entry) -> uint64_t {
      return entry.is_object() ? object_size(entry.type(), entry.object()) : string_length(entry);
    };
    BigKeys::OfType& largest = big_keys_.of(type);
    largest.by_bytes.refresh([&](const LargestKeys::Key& key) -> uint64_t {
      const Entry* entry = entry_of(key);
      return entry != nullptr ? outside_bytes(*entry) : 0;
    });
    largest.by_elements.refresh([&](const LargestKeys::Key& key) -> uint64_t {
      const Entry* entry = entry_of(key);
      return entry != nullptr ? elements_of(*entry) : 0;
    });
    for (const LargestKeys* keys : {&largest.by_bytes, &largest.by_elements}) {
      for (const LargestKeys::Key& key : keys->keys()) {
        const bool is_known =
            std::ranges::any_of(found, [&](const BigKey& known) { return known.name == key.name; });
        if (is_known) continue;
        const Entry& entry = *entry_of(key);
        found.push_back({.name = key.name,
                         .type = type,
                         .bytes = bytes_of(entry),
                         .elements = elements_of(entry)});
      }
    }
  }
  return found;
}

size_t Keyspace::outside_bytes(const Entry& entry) {
  if (entry.is_object()) return object_bytes(entry.type(), entry.object());
  return entry.is_blob() ? allocation_bytes(Blob::bytes_for(entry.blob()->capacity)) : 0;
}

size_t Keyspace::bytes_of(const Entry& entry) {
  return allocation_bytes(entry.bytes_asked()) + outside_bytes(entry);
}

void Keyspace::free_payload(Entry* entry) {
  if (entry->is_blob()) drop_blob(entry->blob());
  if (entry->is_object()) drop_object(entry->type(), entry->object());
}

void Keyspace::drop_object(ValueType type, ObjectWord word) {
  const size_t bytes = object_bytes(type, word);
  uncount_allocated(bytes);
  if (offer_object(type, word)) return;
  if (bytes < kLazyFreeBytesMin) {
    destroy_object(type, word);
  } else {
    memory_->garbage.add([type, word] { destroy_object(type, word); });
  }
}

void Keyspace::free_entry(Entry* entry) {
  const size_t bytes = entry->bytes_asked();
  uncount(bytes);
  deallocate(entry, bytes);
}

Blob* Keyspace::make_blob(size_t size, size_t capacity) {
  Blob* blob = Blob::make(size, capacity);
  count(Blob::bytes_for(capacity));
  return blob;
}

void Keyspace::drop_blob(Blob* blob) {
  const size_t bytes = Blob::bytes_for(blob->capacity);
  uncount(bytes);
  if (blob->offer()) return;
  if (bytes < kLazyFreeBytesMin) {
    Blob::destroy(blob);
  } else {
    memory_->garbage.add([blob] { Blob::destroy(blob); });
  }
}

}  // namespace kvstash::store
