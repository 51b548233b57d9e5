// What a server does with its process: the working directory, the pid file, going to the
// background, telling the supervisor. The calls block. They run on the main thread, before the
// shards run or after they have stopped, except where a comment says otherwise.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <cstdint>
#include <string_view>

namespace kvstash::server {

// Leaves the terminal: forks, starts a session of its own, opens /dev/null as the standard streams.
Status daemonize();

// Writes and removes the pid file, if `pidfile` is set or the server is a daemon.
Status write_pidfile(const ProcessOptions& options);
void remove_pidfile(const ProcessOptions& options);

// Sends a line to systemd by sd_notify's protocol, a datagram to $NOTIFY_SOCKET. Does nothing if
// that is not set. Any thread.
void notify_supervisor(std::string_view message);

// Whether `supervised` names this supervisor and it is running. A supervisor waits for a message,
// and requires that the process stays in the foreground.
bool has_systemd(const ProcessOptions& options);
bool has_upstart(const ProcessOptions& options);

// Stops the process, as upstart expects of a job that is ready; upstart then continues it. Main
// thread.
void stop_for_upstart(const ProcessOptions& options);

// Asks the system for as many descriptors as `maxclients` connections need. Returns how many
// connections fit into the granted number; if those are fewer, the log says why. Any thread.
int64_t fit_descriptor_limit(int64_t maxclients);

// Prints the lines that supervisors and test suites look for on standard output: mode, port, pid.
void print_banner(const ServerOptions& options, std::string_view version);

}  // namespace kvstash::server
