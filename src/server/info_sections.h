// INFO's text: its sections in Redis's order, with Redis's field names, and our own fields beside
// them.
//
// Pure: everything comes from a snapshot and the options. Fields about features that kvstash does
// not have yet show the values of a Redis that does not use the feature.
#pragma once

#include "admin/snapshot.h"
#include "server/options.h"
#include "server/server.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvstash::server {

class InfoText;
struct InfoFacts;

// The set of sections that INFO was asked for.
class InfoChoice {
 public:
  // `words` are as the client sent them: names of sections, default, all, everything, modules.
  // Without any word the choice is default. Unknown names choose nothing. A sentinel has sections
  // of its own, and not those about data.
  static InfoChoice of(std::span<const std::string_view> words, bool is_sentinel = false);

  bool has(size_t section) const { return (sections_ >> section & 1) != 0; }
  bool wants_latencies() const;  // Latencies take long to copy.
  bool wants_keys() const;       // Hot or big keys.

 private:
  using SectionWriter = void (*)(const InfoFacts&, InfoText&);
  bool wants(SectionWriter write) const;

  uint32_t sections_ = 0;
};

// The data that the text is made from. It refers to values that live as long as the call.
struct InfoFacts {
  const ServerOptions& options;
  const RunInfo& run;
  const admin::Snapshot& snapshot;
  const admin::ShardCounters& sum;    // The sum over the shards.
  std::string_view sentinel_lines{};  // Of a sentinel: its section.
};

std::string info_text(const InfoFacts& facts, const InfoChoice& choice);

// Formats a number of bytes for people: "0B", "1.50K", "23.54G".
std::string human_bytes(uint64_t bytes);

}  // namespace kvstash::server
