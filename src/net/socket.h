// Socket: settings and questions about one connected socket. Any thread; nothing blocks.
#pragma once

#include "base/result.h"
#include "net/address.h"

#include <chrono>

namespace kvstash::net {

// Small writes leave at once. Does nothing on a unix socket.
void set_no_delay(int fd);

// The kernel probes a silent peer after `interval` (one second at least), then three times every
// third of it, and then fails the connection. Does nothing on a unix socket. Fails if the system
// refuses.
Status set_keepalive(int fd, std::chrono::seconds interval);

// What the kernel may buffer. It doubles the number, and keeps it within its own limits.
Status set_send_buffer(int fd, int bytes);
Status set_receive_buffer(int fd, int bytes);

// Marks the packets for the routing rules of the system (SO_MARK); needs CAP_NET_ADMIN.
Status set_mark(int fd, int mark);

// Unknown if the socket is not connected. A client of a unix socket has no address of its own, so
// both ends are reported as the path of the server's end.
Address peer_address(int fd);
Address local_address(int fd);

// What has gone wrong in the background (SO_ERROR); asking clears it.
Status pending_error(int fd);

// "bind: Address already in use", for a failed system call; `code` is an errno.
Error system_error(std::string_view what, int code);

}  // namespace kvstash::net
