// Report: what is known, in the forms in which clients get it: the fields of SENTINEL MASTER,
// REPLICAS and SENTINELS, the text of INFO, and ROLE. Byte for byte as Redis.
#pragma once

#include "resp/reply_writer.h"
#include "sentinel/state.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvstash::sentinel {

// "ok", "sdown" or "odown", as INFO says.
std::string_view status_text(const Instance& primary);

// One instance as a map of its fields.
void write_instance(const State& state, const Instance& instance, resp::ReplyWriter& reply);

// Several, without replicas that do not want to be announced.
void write_instances(const State& state, const std::vector<std::unique_ptr<Instance>>& instances,
                     resp::ReplyWriter& reply);

// SENTINEL PENDING-SCRIPTS.
void write_scripts(const State& state, resp::ReplyWriter& reply);

// SENTINEL INFO-CACHE of these primaries.
void write_info_cache(const State& state, const std::vector<const Monitored*>& groups,
                      resp::ReplyWriter& reply);

void write_role(const State& state, resp::ReplyWriter& reply);
std::string info_lines(const State& state, Moment now);

}  // namespace kvstash::sentinel
