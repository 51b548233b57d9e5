"""Sentinels and what they watch: a primary with replicas, and sentinels; each of both programs."""

import os
import time

from . import resp, servers

NAME = "mymaster"
# A sentinel that is not run for two seconds, on a busy machine, only watches for the next thirty (TILT).
PATIENCE = 90.0


class Group:
    """A primary and its replicas, each a redis-server, or with `are_ours` one of this project."""

    def __init__(self, lab, replicas=2, args=(), are_ours=False):
        self.lab = lab
        self.are_ours = are_ours
        self.args = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1", *args]
        self.primary = self._start()
        self.replicas = [self._start("--replicaof", "127.0.0.1", self.primary.port) for _ in range(replicas)]
        lab.eventually(lambda: all(r.info("replication")["master_link_status"] == "up" for r in self.replicas), 30)

    def _start(self, *args):
        if self.are_ours:
            return self.lab.start(*self.args, *args)
        server = servers.oracle(self.lab.build, [*self.args, *args])
        self.lab.started.append(server)
        return server

    def monitor(self, quorum, down_after=1000, *lines):
        """Lines of a sentinel's configuration that watch the primary."""
        return "\n".join([
            f"sentinel monitor {NAME} 127.0.0.1 {self.primary.port} {quorum}",
            f"sentinel down-after-milliseconds {NAME} {down_after}",
            f"sentinel failover-timeout {NAME} 10000",
            *lines,
        ]) + "\n"


class Sentinel(servers.Server):
    """A sentinel of this project, or with `is_redis` one of the oracle. Its file is `path`."""

    def __init__(self, lab, text, is_redis=False, args=(), waits=True):
        self.path = os.path.join(lab.folder(), "sentinel.conf")
        with open(self.path, "w", encoding="ascii") as conf:
            conf.write(text)
        program = servers.oracle_tools(lab.build)["redis-server"] if is_redis else os.path.abspath(lab.binary)
        lab.started.append(self)
        super().__init__([program, self.path, "--sentinel"], args, waits=waits)

    def call(self, *args):
        with self.connect() as connection:
            return connection.call(*args)

    def text(self):
        with open(self.path, encoding="ascii") as conf:
            return conf.read()

    def primary_port(self, name=NAME):
        kind, address = self.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
        assert kind == b"*" and address, (kind, address)
        return int(address[1][1])

    def fields(self, *args):
        """The fields of SENTINEL MASTER and the like: one dictionary, or a list of them."""
        reply = self.call("SENTINEL", *args)
        assert reply[0] == b"*", reply

        def one(pairs):
            texts = [item[1].decode() for item in pairs]
            return dict(zip(texts[::2], texts[1::2]))

        if reply[1] and reply[1][0][0] == b"*":
            return [one(item[1]) for item in reply[1]]
        return one(reply[1]) if reply[1] else []


def quorum(lab, group, kinds, down_after=1000, *lines):
    """Sentinels, True for each of Redis, that know each other and the replicas."""
    wanted = len(kinds) // 2 + 1
    found = [Sentinel(lab, group.monitor(wanted, down_after, *lines), is_redis) for is_redis in kinds]
    wait_until(found, lambda: all(are_acquainted(each, len(kinds), len(group.replicas)) for each in found))
    return found


def logs(found):
    return "\n".join(f"--- sentinel at {each.port}\n{each.log()[-3000:]}" for each in found)


def have_stalled(found):
    """Whether one of them was not run for so long that it mistrusts its clock: then times say nothing."""
    return any("+tilt" in each.log() for each in found)


def wait_until(found, holds):
    """As Lab.eventually(), with the logs of the sentinels if it does not come. A node may close the connection on which it is
    asked: sentinels have it do so when its role changes."""
    deadline = time.monotonic() + PATIENCE

    def hold():
        try:
            return holds()
        except (OSError, resp.Closed):
            return False

    while not hold():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s\n{logs(found)}"
        time.sleep(0.02)


def are_acquainted(sentinel, sentinels, replicas):
    master = sentinel.fields("MASTER", NAME)
    others = sentinel.fields("SENTINELS", NAME)
    return (int(master["num-other-sentinels"]) == sentinels - 1 and int(master["num-slaves"]) == replicas
            and all(each["flags"] == "sentinel" and int(each["link-pending-commands"]) == 0 for each in others)
            and all(each["flags"] == "slave" and each["master-link-status"] == "ok"
                    for each in sentinel.fields("REPLICAS", NAME)))


def seconds_until_moved(found, old_port):
    """How long it takes until all sentinels name another primary."""
    began = time.monotonic()
    wait_until(found, lambda: all(each.primary_port() != old_port for each in found))
    return time.monotonic() - began
