// Key: one key of a running command, looked up once: its name, the keyspace it lives in, and its
// entry if it exists. All that a command does to data it does through a Key.
//
// A Key is valid while the command runs. Changes through it keep its own entry current; two Keys of
// the same name must not be changed through both. The views it gives die at the next change.
// The shard behind it is held by the running command (see hold.h), whichever thread that is.
#pragma once

#include "base/result.h"
#include "engine/errors.h"
#include "store/keyspace.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kvstash::engine {

class Call;
class Shard;

enum class DbIndex : uint32_t {};

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

  // The bytes of a string; empty if the key is absent. The view lives until the key is changed, or
  // the Key object ends.
  std::string_view string() {
    return exists() ? store::string_bytes(*entry_, scratch_) : std::string_view();
  }
  size_t string_size() const { return exists() ? store::string_length(*entry_) : 0; }

  // Milliseconds since 1970, or none.
  Deadline deadline() const {
    return exists() && entry_->has_deadline() ? Deadline(entry_->deadline_ms()) : std::nullopt;
  }

  // ---- Changes. Each is complete in itself; report it with changed() afterwards.
  void set_string(std::string_view value, Deadline deadline);
  // Never as an integer: shown as embstr (or raw, if long), or always as raw.
  void set_text(std::string_view value, store::Encoding encoding, Deadline deadline);
  void set_integer(int64_t value, Deadline deadline);  // Keeps the integer encoding.
  // At least `size` bytes to write into, zeroed where the string grew. The deadline stays.
  std::span<char> open_string(size_t size);
  void set_deadline(Deadline deadline);
  void erase();
  // Moves or copies `from`'s value and deadline to this key, which must be absent.
  void take_from(Key& from);
  void copy_from(const Key& from);

  // Tells watchers, keyspace events and the journal that the key changed. `event_class` is one of
  // notify::k..., `event` a literal such as "set".
  void changed(uint32_t event_class, std::string_view event);
  // A further event of a change that changed() has told.
  void also(uint32_t event_class, std::string_view event);

 private:
  friend class Call;
  Key(Call& call, Shard& shard, store::Keyspace& space, const store::KeyRef& ref, DbIndex db)
      : call_(&call), shard_(&shard), space_(&space), ref_(ref), db_(db) {}

  void touch();  // Sets the access clock of an entry that was just made or used.

  Call* call_;
  Shard* shard_;
  store::Keyspace* space_;
  store::KeyRef ref_;
  DbIndex db_;
  store::Entry* entry_ = nullptr;
  store::NumberText scratch_;
};

}  // namespace kvstash::engine
