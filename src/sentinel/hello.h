// Hello: the message by which sentinels find each other and spread configurations. It is published
// on the channel __sentinel__:hello of every data node, and sent to peers by PUBLISH:
//
//   ip , port , id , current epoch , primary's name , primary's host , port , configuration epoch
//
// Redis accepts exactly these eight fields, so kvstash adds none; what program a peer is, it is
// asked by INFO (connections.h). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvstash::sentinel {

inline constexpr std::string_view kHelloChannel = "__sentinel__:hello";
// Epochs above this are nonsense: they could not be counted on, and replies cannot carry them.
inline constexpr uint64_t kEpochMax = uint64_t{1} << 62;

struct Hello {
  std::string host;  // Of the sentinel that says this.
  int64_t port = 0;
  std::string id;
  uint64_t current_epoch = 0;
  std::string primary_name;
  std::string primary_host;
  int64_t primary_port = 0;
  uint64_t config_epoch = 0;

  bool operator==(const Hello&) const = default;
};

std::string print_hello(const Hello& hello);

// Nothing if there are not eight fields, or an address, id or epoch that no sentinel has.
std::optional<Hello> parse_hello(std::string_view text);

}  // namespace kvstash::sentinel
