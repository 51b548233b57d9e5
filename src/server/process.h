// What a server does with its process: the working directory, the pid file, going to the
// background, telling the supervisor. Blocking calls; the main thread, before the shards run or
// after they have stopped, except where noted.
#pragma once

#include "base/result.h"
#include "server/options.h"

#include <cstdint>
#include <string_view>

namespace kvstash::server {

// Leaves the terminal: fork, a session of its own, standard streams to /dev/null.
Status daemonize();

// Writes the pid, if a pidfile is set or the server is a daemon; removes it.
Status write_pidfile(const ProcessOptions& options);
void remove_pidfile(const ProcessOptions& options);

// Sends a line to systemd (sd_notify's protocol: a datagram to $NOTIFY_SOCKET); nothing happens
// where there is none. Any thread.
void notify_supervisor(std::string_view message);

// Whether the supervisor that `supervised` names is there: one that is waits for a word, and wants
// the process to stay in the foreground.
bool has_systemd(const ProcessOptions& options);
bool has_upstart(const ProcessOptions& options);

// upstart waits for its job to stop itself, and lets it go on. Main thread.
void stop_for_upstart(const ProcessOptions& options);

// Asks the system for as many descriptors as `maxclients` connections want. How many connections
// fit into what it gives; if those are fewer, the log says why. Any thread.
int64_t fit_descriptor_limit(int64_t maxclients);

// The lines that supervisors and test suites look for on standard output: mode, port, pid.
void print_banner(const ServerOptions& options, std::string_view version);

}  // namespace kvstash::server
