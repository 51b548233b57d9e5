// Connections: keeping links to instances, and what is sent on them in the course of time: PING,
// INFO, hello messages; and the transaction that makes a node a primary or a replica.
//
// A peer that is connected is asked once by INFO what program it is: hello messages of Redis have
// no room for it (hello.h), and the answer decides the pace (pace.h).
#pragma once

#include "sentinel/state.h"

#include <initializer_list>
#include <string_view>

namespace kvstash::sentinel {

// Sends a command, by the name under which the instance knows it (rename-command). True: it was
// sent; false: there is no connection.
bool send_command(State& state, Instance& instance, RequestKind kind,
                  std::initializer_list<std::string_view> argv);

// Opens what is missing of an instance's connections, not more often than its pace allows.
void reconnect(State& state, Instance& instance);

// Sends PING, INFO and hello if their time has come.
void send_periodic_commands(State& state, Instance& instance);

bool send_info(State& state, Instance& instance);
bool send_hello(State& state, Instance& instance);
// Says hello to all of a group at once, after a change that they should know of.
void send_hello_to_all(State& state, Monitored& group);

// Sends MULTI, SLAVEOF, CONFIG REWRITE, CLIENT KILL for clients and subscribers, and EXEC, as Redis
// does, and asks for INFO behind it. `primary` null: NO ONE. Effects are seen in INFO, the replies
// are not read. False: there is no connection.
bool send_replica_of(State& state, Instance& instance, const Address* primary);

void close_commands(State& state, Link& link);
void close_messages(State& state, Link& link);
void close_link(State& state, Link& link);
// Gives an instance's link up; it is closed if no other instance uses it.
void release_link(State& state, Instance& instance);

// --- What is told of links.

void link_opened(State& state, const LinkOpened& event);
void link_closed(State& state, const LinkClosed& event);
// The answer to PING.
void ping_answered(State& state, Instance& instance, const resp::Reply& reply);

}  // namespace kvstash::sentinel
