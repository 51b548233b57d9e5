// Socket: settings and state of one connected socket. Any thread; nothing blocks.
#pragma once

#include "base/result.h"
#include "net/address.h"

#include <chrono>

namespace kvstash::net {

// Makes the kernel send small writes at once. Does nothing on a unix socket.
void set_no_delay(int fd);

// Makes the kernel probe a silent peer after `interval` (at least one second), then three times at
// a third of it, and then fail the connection. Does nothing on a unix socket. Fails if the system
// refuses.
Status set_keepalive(int fd, std::chrono::seconds interval);

// Set how much the kernel may buffer. It doubles the number, and keeps it within its own limits.
Status set_send_buffer(int fd, int bytes);
Status set_receive_buffer(int fd, int bytes);

// Marks the packets for the routing rules of the system (SO_MARK); needs CAP_NET_ADMIN.
Status set_mark(int fd, int mark);

// Return an unknown address if the socket is not connected. A client of a unix socket has no
// address of its own, so for both ends the path of the server's end is returned.
Address peer_address(int fd);
Address local_address(int fd);

// Returns an error that happened in the background (SO_ERROR), and clears it.
Status pending_error(int fd);

// Makes an error like "bind: Address already in use" for a failed system call; `code` is an errno.
Error system_error(std::string_view what, int code);

}  // namespace kvstash::net
