#include "server/directives_rows.h"

namespace kvstash::server {
namespace {

using enum ValueKind;

constexpr Directive kRows[] = {
    {.name = "bind",
     .kind = kSpecial,
     .slot = kBindSlot,
     .about = "Addresses to listen on. A '-' in front means that the address may be missing on "
              "this machine. The default is every interface; name those that clients need, for "
              "what nobody can reach nobody can attack.",
     .flags = kMultiArg},
    {.name = "port",
     .kind = kInteger,
     .slot = field<&net::NetOptions::port>,
     .about = "The TCP port for clients. 0: no plain TCP.",
     .max = 65535},
    {.name = "protected-mode",
     .kind = kBool,
     .slot = field<&net::NetOptions::protected_mode>,
     .about = "Refuse clients from other machines while the default user has no password. Turn "
              "it off only if something else keeps strangers out."},
    {.name = "unixsocket",
     .kind = kString,
     .slot = field<&net::NetOptions::unixsocket>,
     .about = "Listen on this Unix socket too: faster than TCP for clients on the same machine. "
              "Empty: none.",
     .flags = kImmutable},
    {.name = "unixsocketperm",
     .kind = kOctal,
     .slot = field<&net::NetOptions::unixsocketperm>,
     .about = "Permissions of the Unix socket, in octal. 0: as the umask gives.",
     .flags = kImmutable,
     .max = 0777},
    {.name = "tcp-backlog",
     .kind = kInteger,
     .slot = field<&net::NetOptions::tcp_backlog>,
     .about = "Connections that the kernel keeps waiting to be accepted. It cuts this to "
              "net.core.somaxconn without a word; raise both where clients connect in bursts.",
     .flags = kImmutable,
     .max = kIntMax},
    {.name = "tcp-keepalive",
     .kind = kInteger,
     .slot = field<&net::NetOptions::tcp_keepalive_s>,
     .about = "Seconds of silence after which TCP asks whether the client is still there. Finds "
              "dead peers, and keeps firewalls from forgetting idle connections. 0: never.",
     .max = kIntMax},
    {.name = "timeout",
     .kind = kInteger,
     .slot = field<&net::NetOptions::timeout_s>,
     .about =
         "Close a client that was idle for so many seconds: nothing came from it or went to it. "
         "0: never. One that subscribes, monitors, waits in a blocking command or is held back "
         "is not idle.",
     .max = kIntMax},
    {.name = "maxclients",
     .kind = kInteger,
     .slot = field<&net::NetOptions::maxclients>,
     .about = "Clients at one time; more are refused with an error. Needs as many file "
              "descriptors, and a few of our own.",
     .min = 1,
     .max = kUintMax},
    {.name = "bind-source-addr",
     .kind = kString,
     .slot = field<&net::NetOptions::bind_source_addr>,
     .about = "Local address of outgoing connections (to a primary, to other nodes). Empty: as "
              "the system routes."},
    {.name = "socket-mark-id",
     .kind = kInteger,
     .slot = field<&net::NetOptions::socket_mark_id>,
     .about = "Mark the listening sockets with this number, for routing and filtering rules of "
              "the kernel. 0: no mark.",
     .flags = kImmutable,
     .max = kUintMax},
    {.name = "metrics-port",
     .kind = kInteger,
     .slot = field<&net::NetOptions::metrics_port>,
     .about = "Serve health checks and metrics over HTTP on this port. 0: off.",
     .flags = kOursImmutable,
     .max = 65535},
};

}  // namespace

DirectiveGroup network_directives() {
  return {"Network", "Where the server listens, and for whom.", kRows};
}

}  // namespace kvstash::server
