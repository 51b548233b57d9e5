"""What connections cost that do nothing."""

import resource
import socket

from tests.support import resp

COUNT = 10_000
KIB_EACH = 4


def _raise_descriptor_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, COUNT + 2000)), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= COUNT + 100


def ten_thousand_idle_connections_cost_four_kib_each_at_most(lab):
    if not lab.counts_memory():
        return
    assert _raise_descriptor_limit(), "the system does not allow that many descriptors"
    server = lab.start("--maxclients", str(COUNT + 10))
    with server.connect() as connection:
        connection.call("SET", "k", "v" * 100)
    before = server.resident_kib()
    idle = []
    try:
        for n in range(COUNT):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            idle.append(client)
            client.sendall(resp.encode(["GET", "k"]))
            assert client.recv(200).startswith(b"$100")
        cost = (server.resident_kib() - before) / COUNT
        assert cost <= KIB_EACH, f"{cost:.2f} KiB for each idle connection"
        print(f"      {cost:.2f} KiB for each idle connection")
    finally:
        for client in idle:
            client.close()
    lab.eventually(lambda: server.info("clients")["connected_clients"] == "1")
