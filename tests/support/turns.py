"""How long a shard's turns take: the longest turn while some work runs, and the longest wait of a client.

For the programs that measure promises about time (utils/expiry-promise, utils/deletion-promise).
"""

import re
import threading
import time

TURN_MAX_MS = 5.0
SEND_AHEAD = 64  # Commands that the filling client has under way: no more than a batch.



def send_all(server, commands):
    """Sends encoded commands in small pipelines; each reply must be one line and no error."""
    with server.connect(timeout=120) as connection:
        batch = []

        def flush():
            connection.socket.sendall(b"".join(batch))
            answer = b""
            while answer.count(b"\n") < len(batch):
                answer += connection.socket.recv(1 << 16)
            assert b"-" not in answer, answer
            batch.clear()

        for command in commands:
            batch.append(command)
            if len(batch) == SEND_AHEAD:
                flush()
        if batch:
            flush()


def info(server):
    with server.connect(timeout=60) as connection:
        text = connection.call("INFO", "everything")[1].decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def call(server, *words):
    with server.connect(timeout=120) as connection:
        return connection.call(*words)


def turn_max_ms(server):
    """The longest turn of any shard since CONFIG RESETSTAT."""
    facts = info(server)
    shards = [facts[name] for name in facts if re.fullmatch(r"shard\d+", name)]
    return max(int(re.search(r"turn_max_usec=(\d+)", shard).group(1)) for shard in shards) / 1000


class Pings:
    """Another client, which sends PING again and again; `longest` is its longest wait in milliseconds."""

    def __init__(self, server):
        self.server, self.longest, self.is_over = server, 0.0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        with self.server.connect(timeout=120) as connection:
            while not self.is_over:
                began = time.perf_counter()
                connection.call("PING")
                self.longest = max(self.longest, (time.perf_counter() - began) * 1000)
                time.sleep(0.0005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


class Report:
    def __init__(self):
        self.is_kept = True

    def add(self, what, rounds, limit, beside=""):
        best = min(rounds)
        verdict = "kept" if best <= limit else "BROKEN"
        self.is_kept = self.is_kept and best <= limit
        shown = ", ".join(f"{value:.2f}" for value in rounds)
        print(f"{verdict:6}  {what}: {best:.2f} ms, at most {limit:g} (rounds: {shown}){beside}", flush=True)

    def note(self, what):
        print(f"        {what}", flush=True)


def measured(server, work):
    """Runs `work`; returns (longest turn, longest wait for a PONG) in milliseconds."""
    call(server, "CONFIG", "RESETSTAT")
    with Pings(server) as pings:
        work()
    return turn_max_ms(server), pings.longest
