"""Where the server listens, and whom it lets in."""

import os
import socket
import stat
import subprocess

from tests.support import resp, servers

CROSSES_THREADS = True


class _UnixConnection(resp.Connection):
    def __init__(self, path, timeout=10.0):
        self.timeout = timeout
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.pending = bytearray()


def _answers(host, port):
    try:
        with resp.Connection(port, host=host) as connection:
            return connection.call("PING") == (b"+", b"PONG")
    except OSError:
        return False


def _other_address():
    """An address of this machine that is not the loopback's; None where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing: only the route is chosen.
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def ipv4_and_ipv6_are_served_by_default(lab):
    server = lab.start()
    assert _answers("127.0.0.1", server.port)
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6") and open("/proc/net/if_inet6").read():
        assert _answers("::1", server.port)


def only_the_addresses_of_bind_are_served(lab):
    server = lab.start("--bind", "127.0.0.1", "127.0.0.2")
    assert [_answers(f"127.0.0.{n}", server.port) for n in (1, 2, 3)] == [True, True, False]


def an_address_with_a_dash_may_be_missing(lab):
    server = lab.start("--bind", "127.0.0.1", "-192.0.2.77")
    assert _answers("127.0.0.1", server.port)
    status, out, err = lab.run(os.path.abspath(lab.binary), "--port", servers.free_port(), "--bind", "192.0.2.77", seconds=20)
    assert status == 1 and "Failed listening on port" in out + err, out + err


def bind_changes_at_run_time(lab):
    server = lab.start("--bind", "127.0.0.1")
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.3") == (b"+", b"OK")
        assert _answers("127.0.0.3", server.port) and _answers("127.0.0.1", server.port)
        kind, text = connection.call("CONFIG", "SET", "bind", "127.0.0.1 192.0.2.77")
        assert kind == b"-" and b"Failed to bind to specified addresses" in text, text
        assert connection.call("CONFIG", "GET", "bind")[1][1] == (b"$", b"127.0.0.1 127.0.0.3")
        assert _answers("127.0.0.3", server.port)


def the_port_changes_at_run_time(lab):
    server = lab.start()
    first, second = server.port, servers.free_port()
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "port", second) == (b"+", b"OK")
        assert _answers("127.0.0.1", second) and not _answers("127.0.0.1", first)
        assert connection.call("PING") == (b"+", b"PONG")
        server.port = second
        assert server.info("server")["tcp_port"] == str(second)


def a_taken_port_leaves_everything_as_it_was(lab):
    server, other = lab.start(), lab.start()
    with server.connect() as connection:
        kind, text = connection.call("CONFIG", "SET", "port", other.port)
        assert kind == b"-" and b"Unable to listen on this port" in text, text
        assert _answers("127.0.0.1", server.port)
        assert connection.call("CONFIG", "GET", "port")[1][1] == (b"$", str(server.port).encode())


def a_unix_socket_has_its_permissions_and_goes_with_the_server(lab):
    path = os.path.join(lab.folder(), "socket")
    server = lab.start("--unixsocket", path, "--unixsocketperm", "700")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    with _UnixConnection(path) as connection:
        assert connection.call("SET", "k", "v") == (b"+", b"OK")
        assert path.encode() in connection.call("CLIENT", "INFO")[1]
    assert server.stop() == 0
    assert not os.path.exists(path)


def a_unix_socket_left_behind_is_no_obstacle(lab):
    path = os.path.join(lab.folder(), "socket")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    lab.start("--unixsocket", path)
    with _UnixConnection(path) as connection:
        assert connection.call("PING") == (b"+", b"PONG")


def permissions_are_set_before_the_socket_listens(lab):
    path = os.path.join(lab.folder(), "socket")
    trace = os.path.join(lab.folder(), "trace")
    if subprocess.run(["sh", "-c", "command -v strace"], stdout=subprocess.DEVNULL, check=False).returncode:
        return  # Cannot be seen from outside without it; the unit test of the listener looks inside.
    # Leaks cannot be looked for by a process that is traced.
    server = lab.start_by(["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", trace, "-e", "trace=chmod,fchmod,fchmodat,bind,listen"],
                          "--unixsocket", path, "--unixsocketperm", "770")
    with server.connect() as connection:
        connection.send("SHUTDOWN")
    assert server.process.wait(20) == 0
    calls = open(trace, encoding="utf-8", errors="replace").read()
    after_bind = calls[calls.index(path):]
    assert after_bind.index("chmod(") < after_bind.index("listen("), after_bind


def protected_mode_keeps_strangers_out_until_there_is_a_password(lab):
    address = _other_address()
    if address is None:
        return
    server = lab.start("--bind", "*")
    with resp.Connection(server.port, host=address) as stranger:
        assert stranger.read()[1].startswith(b"DENIED Redis is running in protected mode")
    assert server.info("stats")["rejected_connections"] == "1"
    with server.connect() as local:
        assert local.call("CONFIG", "SET", "requirepass", "pass") == (b"+", b"OK")
        with resp.Connection(server.port, host=address) as known:
            assert known.call("AUTH", "pass") == (b"+", b"OK")
        assert local.call("CONFIG", "SET", "requirepass", "", "protected-mode", "no") == (b"+", b"OK")
        assert _answers(address, server.port)


def a_password_is_asked_for(lab):
    server = lab.start("--requirepass", "correct horse")
    with server.connect() as connection:
        assert connection.call("GET", "k") == (b"-", b"NOAUTH Authentication required.")
        assert connection.call("AUTH", "wrong")[1].startswith(b"WRONGPASS ")
        assert connection.call("AUTH", "default", "wrong")[1].startswith(b"WRONGPASS ")
        assert connection.call("AUTH", "nobody", "correct horse")[1].startswith(b"WRONGPASS ")
        assert connection.call("HELLO", "3")[1].startswith(b"NOAUTH HELLO")
        assert connection.call("PING")[1].startswith(b"NOAUTH")
        assert connection.call("AUTH", "default", "correct horse") == (b"+", b"OK")
        assert connection.call("GET", "k") == (b"$", None)
    with server.connect() as connection:
        assert connection.call("HELLO", "3", "AUTH", "default", "correct horse")[0] == b"%"
        assert connection.call("GET", "k") == (b"_", None)


def a_password_set_at_run_time_is_asked_of_new_connections(lab):
    server = lab.start()
    with server.connect() as old:
        assert old.call("AUTH", "x")[1].startswith(b"ERR AUTH <password> called without any password")
        assert old.call("CONFIG", "SET", "requirepass", "new") == (b"+", b"OK")
        assert old.call("PING") == (b"+", b"PONG")
        with server.connect() as young:
            assert young.call("PING")[1].startswith(b"NOAUTH")
            assert young.call("AUTH", "new") == (b"+", b"OK")
        assert old.call("CONFIG", "SET", "requirepass", "") == (b"+", b"OK")
        assert _answers("127.0.0.1", server.port)


def strangers_may_send_next_to_nothing_before_auth(lab):
    server = lab.start("--requirepass", "pass")
    for sent, error in ((b"*11\r\n", b"ERR Protocol error: unauthenticated multibulk length"),
                        (b"*1\r\n$16385\r\n", b"ERR Protocol error: unauthenticated bulk length")):
        with server.connect() as connection:
            connection.send_raw(sent)
            assert connection.read() == (b"-", error)
            try:
                connection.read()
                raise AssertionError("the connection is open")
            except resp.Closed:
                pass
    with server.connect() as connection:
        assert connection.call(*["AUTH"] * 10)[0] == b"-"
        assert connection.call("AUTH", "x" * 16_384)[1].startswith(b"WRONGPASS")
        assert connection.call("AUTH", "pass") == (b"+", b"OK")
        assert connection.call(*["DEL"] * 11) == (b":", b"0")
        assert connection.call("SET", "k", "x" * 100_000) == (b"+", b"OK")
