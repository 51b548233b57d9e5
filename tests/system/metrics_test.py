"""The metrics port speaks HTTP to Prometheus and to probes."""

import socket
import urllib.error
import urllib.request

from tests.support import servers


def _start(lab):
    port = servers.free_port()
    return lab.start("--metrics-port", port), f"http://127.0.0.1:{port}"


def _get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def metrics_have_the_names_of_redis_exporter(lab):
    server, url = _start(lab)
    with server.connect() as connection:
        for n in range(10):
            connection.call("SET", f"k{n}", "v")
        connection.call("GET", "k1")
        connection.call("GET", "none")
    status, text = _get(url + "/metrics")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert status == 200
    assert values["redis_up"] == "1"
    assert float(values["redis_keyspace_hits_total"]) >= 1
    assert float(values["redis_keyspace_misses_total"]) >= 1
    assert float(values['redis_commands_total{cmd="set"}']) == 10
    assert float(values['redis_db_keys{db="db0"}']) == 10
    assert float(values["redis_memory_used_bytes"]) > 0
    assert "redis_connected_clients" in values


def unknown_paths_are_not_found(lab):
    _, url = _start(lab)
    try:
        _get(url + "/no-such-page")
    except urllib.error.HTTPError as error:
        assert error.code == 404
    else:
        raise AssertionError("an unknown path was found")


def malformed_requests_do_no_harm(lab):
    server, url = _start(lab)
    port = int(url.rsplit(":", 1)[1])
    for request in (b"\x00\xff" * 100, b"GET\r\n\r\n", b"GET " + b"/" * 100_000, b"POST / HTTP/9.9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.settimeout(0.5)
            try:
                client.sendall(request)
                client.recv(1000)
            except OSError:
                pass
    assert _get(url + "/metrics")[0] == 200
    assert server.is_alive()
