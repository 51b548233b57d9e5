// Row parts: what many command rows have in common, named once.
//
// For use as a whole (`using namespace rows`) in the *_table.cc files, and nowhere else.
#pragma once

#include "engine/command/command_spec.h"

#include <string_view>

namespace kvstash::commands::rows {

// ---- Keys. "Looks at" means existence, type and the like; "reads" means the value itself.

inline constexpr engine::KeySpec kLooksAtFirst[] = {engine::key_at(1, engine::kKeyRO)};
inline constexpr engine::KeySpec kLooksAtSecond[] = {engine::key_at(2, engine::kKeyRO)};
inline constexpr engine::KeySpec kLooksAtAll[] = {engine::keys_from(1, -1, 1, engine::kKeyRO)};
inline constexpr engine::KeySpec kReadsFirst[] = {
    engine::key_at(1, engine::kKeyRO | engine::kKeyAccess)};
inline constexpr engine::KeySpec kReadsAll[] = {
    engine::keys_from(1, -1, 1, engine::kKeyRO | engine::kKeyAccess)};
// "Updates" means a change whose reply does not show the value; "reads and updates" shows it.
inline constexpr engine::KeySpec kUpdatesFirst[] = {
    engine::key_at(1, engine::kKeyRW | engine::kKeyUpdate)};
inline constexpr engine::KeySpec kReadsAndUpdatesFirst[] = {
    engine::key_at(1, engine::kKeyRW | engine::kKeyAccess | engine::kKeyUpdate)};
inline constexpr engine::KeySpec kOverwritesFirst[] = {
    engine::key_at(1, engine::kKeyOW | engine::kKeyUpdate)};
inline constexpr engine::KeySpec kDeletesAll[] = {
    engine::keys_from(1, -1, 1, engine::kKeyRM | engine::kKeyDelete)};

// ---- Arguments.

inline constexpr engine::ArgSpec kOneKey[] = {
    {.name = "key", .type = engine::ArgType::kKey, .key_spec = 0}};
inline constexpr engine::ArgSpec kManyKeys[] = {
    {.name = "key", .type = engine::ArgType::kKey, .key_spec = 0, .flags = engine::kArgMultiple}};

// ---- Tips: for clients that route commands over a cluster, or that compare replies.

inline constexpr std::string_view kVaries[] = {"nondeterministic_output"};
inline constexpr std::string_view kVariesInOrder[] = {"nondeterministic_output_order"};
inline constexpr std::string_view kSumOverShardsOfKeys[] = {"request_policy:multi_shard",
                                                            "response_policy:agg_sum"};
inline constexpr std::string_view kAllShardsMustSucceed[] = {"request_policy:all_shards",
                                                             "response_policy:all_succeeded"};
inline constexpr std::string_view kAllNodesMustSucceed[] = {"request_policy:all_nodes",
                                                            "response_policy:all_succeeded"};
inline constexpr std::string_view kEachShardDiffers[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
inline constexpr std::string_view kEachNodeDiffers[] = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"};

}  // namespace kvstash::commands::rows
