"""Sentinels that watch nodes of this project: the primary is killed, another takes its place, and the old one returns."""

import os
import random
import re
import signal
import time
import urllib.request

from tests.support import sentinels, servers

CROSSES_THREADS = True

ROOT = servers.ROOT


def _fact(server, name):
    return server.info("replication").get(name)


def _fail_over(lab, kinds):
    group = sentinels.Group(lab, are_ours=True)
    found = sentinels.quorum(lab, group, kinds)
    with group.primary.connect() as connection:
        connection.call("SET", "k", "v")
        assert connection.call("WAIT", "2", "5000") == (b":", b"2")
    began = time.monotonic()
    group.primary.end(signal.SIGKILL)
    by_port = {server.port: server for server in group.replicas}
    sentinels.wait_until(found, lambda: all(each.primary_port() in by_port for each in found))
    took = time.monotonic() - began
    chosen = by_port[found[0].primary_port()]
    with chosen.connect() as connection:
        assert connection.call("GET", "k") == (b"$", b"v")
        assert connection.call("SET", "l", "w") == (b"+", b"OK")
    other = next(server for server in group.replicas if server is not chosen)
    sentinels.wait_until(found, lambda: _fact(other, "master_port") == str(chosen.port)
                         and _fact(other, "master_link_status") == "up")
    group.primary.begin()
    sentinels.wait_until(found, lambda: _fact(group.primary, "role") == "slave"
                         and _fact(group.primary, "master_link_status") == "up")
    with group.primary.connect() as connection:
        assert connection.call("GET", "l") == (b"$", b"w")
    assert _fact(chosen, "role") == "master"
    return found, took


def three_of_ours_replace_a_primary_of_ours(lab):
    found, took = _fail_over(lab, [False, False, False])
    assert took < 6.0 or sentinels.have_stalled(found), took


def sentinels_of_redis_replace_a_primary_of_ours(lab):
    _fail_over(lab, [True, True, True])


def both_kinds_replace_a_primary_of_ours(lab):
    _fail_over(lab, [False, True, False])


def the_group_of_the_readme_starts_and_ends(lab):
    first = random.randrange(20_000, 30_000, 50)  # Below the ports that the system gives to connections.
    environment = {
        **os.environ,
        "PORT": str(first), "SENTINEL_PORT": str(first + 20), "DIRECTORY": os.path.join(lab.folder(), "replicas"),
        "SERVER": os.path.abspath(lab.binary), "CLI": lab.tool("redis-cli"),
    }
    script = os.path.join(ROOT, "utils", "create-replicas")
    try:
        status, out, err = lab.run(script, "start", env=environment)
        assert status == 0, out + err
        assert f"the primary is at 127.0.0.1 {first}" in out, out
        lab.eventually(lambda: lab.run(script, "status", env=environment)[1].count("connected") == 2, 30)
    finally:
        status, out, err = lab.run(script, "clean", env=environment)
    assert status == 0, out + err
    assert not os.path.exists(environment["DIRECTORY"])


def dashboards_and_alerts_name_what_is_measured(lab):
    port, replica_port, sentinel_port = (servers.free_port() for _ in range(3))
    primary = lab.start("--metrics-port", port, "--repl-diskless-sync-delay", "0")
    replica = lab.start("--metrics-port", replica_port, "--replicaof", "127.0.0.1", primary.port)
    lab.eventually(lambda: replica.info("replication").get("master_link_status") == "up", 30)
    lab.eventually(lambda: "online" in str(primary.info("replication").get("slave0")), 30)
    with primary.connect() as connection:
        connection.call("SET", "k", "v")
        connection.call("NO-SUCH-COMMAND")
    sentinels.Sentinel(lab, f"metrics-port {sentinel_port}\nsentinel monitor mymaster 127.0.0.1 {primary.port} 1\n")
    measured = {"up"}
    for at in (port, replica_port, sentinel_port):
        with urllib.request.urlopen(f"http://127.0.0.1:{at}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        measured |= set(re.findall(r"^([a-z_]+)[{ ]", text, re.M))
    for folder, names in (("conf/prometheus", ("alerts.yml",)), ("conf/grafana/dashboards", ("nodes.json", "group.json"))):
        for name in names:
            with open(ROOT / folder / name, encoding="utf-8") as file:
                used = set(re.findall(r"\b((?:redis|kvstash)_[a-z_]+)\b", file.read()))
            assert used and used <= measured, (name, used - measured)
