// RecordWords: the records of one command, word by word in one buffer that is used again for every
// command.
//
// Belongs to the Effects of an executor. Words are copied, so a command may pass views of data that
// it is about to change. Memory is kept from command to command, up to a bound.
#pragma once

#include "base/ensure.h"
#include "engine/execution/effect_sink.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::engine {

class RecordWords {
 public:
  using Words = std::span<const std::string_view>;

  // How many bytes and words of capacity clear() keeps for the next command; it frees what is more.
  static constexpr size_t kBytesKept = size_t{64} << 10;
  static constexpr size_t kWordsKept = 4096;

  // Begins another record; add() gives its words.
  void begin(DbIndex db) { records_.push_back({db, ends_.size()}); }
  void add(std::string_view word) {
    ensure(!records_.empty());
    bytes_.append(word);
    ends_.push_back(bytes_.size());
  }
  void add(Words words) {
    for (const std::string_view word : words)
      add(word);
  }

  bool empty() const { return records_.empty(); }
  size_t size() const { return records_.size(); }

  // Calls visit(db, argv) for each record, in order. The views live until the next add() or
  // clear().
  template <typename Visit>
  void for_each(Visit&& visit) {
    views_.clear();
    size_t begin = 0;
    for (const size_t end : ends_) {
      views_.push_back(std::string_view(bytes_).substr(begin, end - begin));
      begin = end;
    }
    for (size_t i = 0; i < records_.size(); ++i) {
      const size_t first = records_[i].first_word;
      const size_t last = i + 1 < records_.size() ? records_[i + 1].first_word : ends_.size();
      ensure(first < last);
      visit(records_[i].db, Words(views_).subspan(first, last - first));
    }
  }

  void clear() {
    records_.clear();
    bytes_.clear();
    ends_.clear();
    if (bytes_.capacity() > kBytesKept) bytes_.shrink_to_fit();
    if (ends_.capacity() > kWordsKept) {
      ends_ = std::vector<size_t>();
      views_ = std::vector<std::string_view>();
      records_ = std::vector<Begin>();
    }
  }

  size_t memory_bytes() const {
    return bytes_.capacity() + ends_.capacity() * sizeof(size_t) +
           views_.capacity() * sizeof(std::string_view) + records_.capacity() * sizeof(Begin);
  }

 private:
  struct Begin {
    DbIndex db;
    size_t first_word;
  };

  std::vector<Begin> records_;
  std::string bytes_;
  std::vector<size_t> ends_;             // The end of each word in bytes_.
  std::vector<std::string_view> views_;  // Made when the records are read.
};

}  // namespace kvstash::engine
