// What the files of rows (directives_<topic>.cc) share: how a row reaches its field, the special
// values, and the list of groups. Only those files and directives.cc include this.
#pragma once

#include "server/directives.h"

#include <type_traits>

namespace kvstash::server {

// The structure inside `options` that is of the class `Owner`.
template <typename Owner>
constexpr Owner& part_of(ServerOptions& options) {
  if constexpr (std::is_same_v<Owner, engine::EngineOptions>) {
    return options.engine;
  } else if constexpr (std::is_same_v<Owner, net::NetOptions>) {
    return options.net;
  } else if constexpr (std::is_same_v<Owner, net::TlsOptions>) {
    return options.net.tls;
  } else if constexpr (std::is_same_v<Owner, ProcessOptions>) {
    return options.process;
  } else if constexpr (std::is_same_v<Owner, PersistOptions>) {
    return options.persist;
  } else if constexpr (std::is_same_v<Owner, ReplicationOptions>) {
    return options.replication;
  } else if constexpr (std::is_same_v<Owner, ClusterOptions>) {
    return options.cluster;
  } else {
    static_assert(std::is_same_v<Owner, InertOptions>);
    return options.inert;
  }
}

template <typename Type>
struct MemberOf;
template <typename Field, typename Owner>
struct MemberOf<Field Owner::*> {
  using owner = Owner;
  using field = Field;
};

// The field that a pointer to member names, in whichever structure it is: at<&NetOptions::port>.
template <auto member>
constexpr typename MemberOf<decltype(member)>::field& at(ServerOptions& options) {
  return part_of<typename MemberOf<decltype(member)>::owner>(options).*member;
}

// Reads a field through `at`, which takes options that may be written; this function does not.
template <auto member>
constexpr const typename MemberOf<decltype(member)>::field& at(const ServerOptions& options) {
  return at<member>(const_cast<ServerOptions&>(options));
}

// Makes a slot for a number, a boolean or a string.
template <auto member>
inline constexpr Slot field =
    static_cast<typename MemberOf<decltype(member)>::field& (*)(ServerOptions&)>(&at<member>);

// Makes a slot for an enumeration or for flags.
template <auto member>
inline constexpr Slot enum_field =
    EnumSlot{[](const ServerOptions& options) { return static_cast<int64_t>(at<member>(options)); },
             [](ServerOptions& options, int64_t value) {
               at<member>(options) = static_cast<typename MemberOf<decltype(member)>::field>(value);
             }};

// The largest values that Redis's types hold; error messages show them.
inline constexpr uint64_t kIntMax = 2'147'483'647;
inline constexpr int64_t kIntMin = -2'147'483'648;
inline constexpr uint64_t kUintMax = 4'294'967'295;
inline constexpr uint64_t kInt64Max = 9'223'372'036'854'775'807u;
inline constexpr uint64_t kUint64Max = 18'446'744'073'709'551'615u;

// Reads and writes the values of kind kSpecial; see directives_special.cc.
std::string read_bind(const ServerOptions& options);
Status write_bind(ServerOptions& options, Words words, SetFrom from);
std::string read_save(const ServerOptions& options);
Status write_save(ServerOptions& options, Words words, SetFrom from);
std::string read_dir(const ServerOptions& options);
Status write_dir(ServerOptions& options, Words words, SetFrom from);
std::string read_replicaof(const ServerOptions& options);
Status write_replicaof(ServerOptions& options, Words words, SetFrom from);
std::string read_hz(const ServerOptions& options);
Status write_hz(ServerOptions& options, Words words, SetFrom from);
std::string read_oom_values(const ServerOptions& options);
Status write_oom_values(ServerOptions& options, Words words, SetFrom from);
std::string read_notify(const ServerOptions& options);
Status write_notify(ServerOptions& options, Words words, SetFrom from);
std::string read_percentiles(const ServerOptions& options);
Status write_percentiles(ServerOptions& options, Words words, SetFrom from);
std::string read_output_limits(const ServerOptions& options);
Status write_output_limits(ServerOptions& options, Words words, SetFrom from);

inline constexpr Slot kBindSlot = SpecialSlot{read_bind, write_bind};
inline constexpr Slot kSaveSlot = SpecialSlot{read_save, write_save};
inline constexpr Slot kDirSlot = SpecialSlot{read_dir, write_dir};
inline constexpr Slot kReplicaofSlot = SpecialSlot{read_replicaof, write_replicaof};
inline constexpr Slot kHzSlot = SpecialSlot{read_hz, write_hz};
inline constexpr Slot kOomScoreAdjValuesSlot = SpecialSlot{read_oom_values, write_oom_values};
inline constexpr Slot kNotifySlot = SpecialSlot{read_notify, write_notify};
inline constexpr Slot kPercentilesSlot = SpecialSlot{read_percentiles, write_percentiles};
inline constexpr Slot kOutputBufferLimitSlot = SpecialSlot{read_output_limits, write_output_limits};

// Converts text to a value and back for all other kinds; see directives_values.cc.
std::string read_value(const ServerOptions& options, const Directive& row);
Status write_value(ServerOptions& options, const Directive& row, Words words, SetFrom from);

// Parses an integer within min and max. The error is the reason why it is not one.
Result<int64_t> parse_integer(std::string_view text, int64_t min, uint64_t max);

// The groups, one from each file of rows.
DirectiveGroup process_directives();
DirectiveGroup network_directives();
DirectiveGroup tls_directives();
DirectiveGroup client_directives();
DirectiveGroup memory_directives();
DirectiveGroup encoding_directives();
DirectiveGroup snapshot_directives();
DirectiveGroup aof_directives();
DirectiveGroup replication_directives();
DirectiveGroup cluster_directives();
DirectiveGroup security_directives();
DirectiveGroup introspection_directives();
DirectiveGroup inert_directives();
DirectiveGroup testing_directives();

}  // namespace kvstash::server
