// FieldValue: a large hash or set as a snapshot sees it (BigValue).
//
// It is walked in the order of the hashes of its fields. The order of fields in an RDB is free, so
// a field that is about to change ahead of the walk is encoded at once, and written before the walk
// goes on; its name is kept, for the walk to skip it.
#pragma once

#include "persist/snapshot/big_value.h"
#include "persist/snapshot/name_filter.h"
#include "store/field_table.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kvstash::persist {

class FieldValue final : public BigValue {
 public:
  // `table` stays where it is for as long as it is watched.
  FieldValue(Place place, Tally& tally, const store::FieldTable& table);

  // As FieldObserver.
  void before_change(const store::Field& field, uint64_t hash);
  void born(const store::Field& field, uint64_t hash);

 private:
  // A field that the walk skips.
  struct Known {
    uint64_t hash;
    std::string name;
  };
  struct Name {
    uint64_t hash;
    std::string_view name;
  };
  struct Before {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return a.hash != b.hash ? a.hash < b.hash : std::string_view(a.name) < b.name;
    }
  };

  bool write_elements(rdb::Encoded& to, Budget& budget) override;
  bool write_saved(rdb::Encoded& to, Budget& budget);
  void walk(rdb::Encoded& to, Budget& budget);
  void forget_passed(Budget& budget);
  void write_field(rdb::Encoded& to, const store::Field& field);
  bool has_passed(uint64_t hash) const { return !next_ || hash < *next_; }
  bool note(std::string_view name, uint64_t hash);
  bool is_known(const store::Field& field) const;

  const store::FieldTable* table_;
  std::optional<int64_t> min_deadline_ms_;  // The earliest deadline of a field at the cut.
  size_t left_;                             // Fields of the cut that were not encoded yet.
  std::optional<uint64_t> next_ = 0;        // Where the walk goes on; none: it is over.
  std::set<Known, Before> known_;
  NameFilter filter_;               // Of all that were ever in known_.
  std::deque<rdb::Encoded> saved_;  // Fields as they were, to be written next.
};

}  // namespace kvstash::persist
