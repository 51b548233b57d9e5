// Key: one key of a running command, looked up once: its name, the keyspace it lives in, and its
// entry if it exists. All that a command does to data it does through a Key.
//
// A Key is valid while the command runs. Changes through it keep its own entry current; two Keys of
// the same name must not both be used for changes. Views of its value are valid until the next
// change of the key. The hold of the running command covers the key's shard (hold.h).
#pragma once

#include "base/result.h"
#include "engine/command/errors.h"
#include "store/keyspace.h"
#include "store/object.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace kvstash::engine {

class Call;
class Key;
class ShardData;
struct HeldKey;

enum class DbIndex : uint32_t {};

// Lends a value for reading, for as long as this object lives.
template <store::Container T>
class Viewed {
 public:
  explicit Viewed(store::ObjectWord word) : value_(T::adopt(word)) {}
  Viewed(const Viewed&) = delete;
  Viewed& operator=(const Viewed&) = delete;
  ~Viewed() { static_cast<void>(value_.release()); }  // The entry still owns the value.

  const T* operator->() const { return &value_; }
  const T& operator*() const { return value_; }

 private:
  T value_;
};

// Lends a value for change; closed at the end of this object's life at the latest.
template <store::Container T>
class Opened {
 public:
  explicit Opened(Key& key);
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { close(); }

  // Writes the value back; the key is up to date afterwards.
  void close();

  T* operator->() { return &value_; }
  T& operator*() { return value_; }

 private:
  Key* key_;  // Null after close().
  T value_;
  size_t bytes_before_;
};

class Key {
 public:
  using Deadline = store::Keyspace::Deadline;

  std::string_view name() const { return ref_.name; }
  DbIndex db() const { return db_; }
  bool exists() const { return entry_ != nullptr; }
  store::Entry& entry() const {
    ensure(exists());
    return *entry_;
  }
  store::ValueType type() const { return entry().type(); }

  // Success if the key is absent or of that type, otherwise WRONGTYPE.
  Status expect(store::ValueType type) const {
    if (exists() && entry_->type() != type) return errors::wrong_type();
    return {};
  }
  Status expect_string() const { return expect(store::ValueType::kString); }

  // The bytes of a string; empty if the key is absent. The view is valid until the key is changed
  // or the Key object ends.
  std::string_view string() {
    return exists() ? store::string_bytes(*entry_, scratch_) : std::string_view();
  }
  size_t string_size() const { return exists() ? store::string_length(*entry_) : 0; }

  // Milliseconds since 1970, or none.
  Deadline deadline() const {
    return exists() && entry_->has_deadline() ? Deadline(entry_->deadline_ms()) : std::nullopt;
  }

  // ---- Changes. Each is complete in itself; the command reports it with changed() afterwards.
  void set_string(std::string_view value, Deadline deadline);
  // Stores a string that is never encoded as an integer: shown as embstr (or raw, if long), or
  // always as raw.
  void set_text(std::string_view value, store::Encoding encoding, Deadline deadline);
  void set_integer(int64_t value, Deadline deadline);  // Keeps the integer encoding.
  // Stores a value of another type (object.h), of at least one element, and takes over its word.
  void set_object(store::ValueType type, store::ObjectWord word, Deadline deadline);
  // Opens a string for writing: at least `size` bytes, zeroed where the string grew. The deadline
  // stays. Of the bytes that were there before, only those in `change` may be written.
  std::span<char> open_string(size_t size, store::ByteRange change = {});
  void cut_string(size_t size);  // After open_string: only the first `size` bytes stay.
  void set_deadline(Deadline deadline);
  void erase();

  // ---- Values of other types (object.h). The caller has checked the type with expect().
  // Lends the value of a key that exists for reading. At most one view or opening of a key at a
  // time.
  template <store::Container T>
  Viewed<T> view() const {
    return Viewed<T>(entry().object());
  }
  // Opens the value for change; an absent key gets a new, empty value. If the value has no elements
  // when it is closed, the key is removed, unless the value's class keeps empty values.
  template <store::Container T>
  Opened<T> open() {
    return Opened<T>(*this);
  }

  // Removes a field of a hash if its deadline has passed, and reports that. A look-up of the key
  // does so for all such fields, up to a bound: a command that changes a field calls this before,
  // and sees the due fields beyond the bound as absent.
  void expire_field(std::string_view field);

  // Moves or copies `from`'s value and deadline to this key, which must be absent.
  void take_from(Key& from);
  void copy_from(const Key& from);

  // Reports that the key changed: watchers, keyspace events and the journal will be told.
  // `event_class` is one of notify::k..., `event` a literal such as "set". `elements`: how many
  // elements changed, as Redis counts them for rdb_changes_since_last_save.
  void changed(uint32_t event_class, std::string_view event, uint64_t elements = 1);
  // As changed(), for a change that readers of the key do not see, such as in a stream's consumer
  // groups: clients that watch the key or wait for it are not told. If `event_class` is 0, no event
  // is published.
  void changed_quietly(uint32_t event_class = 0, std::string_view event = {},
                       uint64_t elements = 1);
  // Adds a further event to a change that changed() has reported.
  void also(uint32_t event_class, std::string_view event);

 private:
  friend class Call;
  Key(Call& call, ShardData& shard, store::Keyspace& space, const store::KeyRef& ref, DbIndex db)
      : call_(&call), shard_(&shard), space_(&space), ref_(ref), db_(db) {}

  template <store::Container T>
  friend class Opened;
  store::ObjectWord open_object();
  void update_object(store::ObjectWord word, size_t bytes_before);
  HeldKey place() const;
  bool may_change();  // Whether the command's arguments tell that it changes this key.
  void tell_new();
  // Sets the access clock of an entry that was just made, and publishes that the key is new.
  void begin();

  Call* call_;
  ShardData* shard_;
  store::Keyspace* space_;
  store::KeyRef ref_;
  DbIndex db_;
  store::Entry* entry_ = nullptr;
  // The command erased the key to replace its value, so the key that follows is not reported as
  // new.
  bool was_erased_ = false;
  store::NumberText scratch_;
};

template <store::Container T>
Opened<T>::Opened(Key& key)
    : key_(&key),
      value_(key.exists() ? T::adopt(key.open_object()) : T()),
      bytes_before_(key.exists() ? value_.bytes() : 0) {}

template <store::Container T>
void Opened<T>::close() {
  if (key_ == nullptr) return;
  Key& key = *std::exchange(key_, nullptr);
  const bool is_empty = !store::keeps_empty<T>() && value_.size() == 0;
  if (key.exists()) {
    key.update_object(value_.release(), bytes_before_);
    if (is_empty) key.erase();
  } else if (!is_empty) {
    key.set_object(T::kType, value_.release(), std::nullopt);
  }
}

}  // namespace kvstash::engine
