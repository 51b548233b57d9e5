"""Servers for tests: started on a free port of the loopback, in a directory of their own, and always ended."""

import atexit
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

from . import resp

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNNING = set()
QUIET_LOOKS = 5  # After so many quiet checks in a row a server counts as being at rest.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def oracle_tools(build):
    """Name -> path of redis-server, redis-cli, redis-benchmark; fetched on first use."""
    script = ROOT / "utils" / "get-oracle"
    printed = subprocess.run(
        [script, ROOT / build / "oracle"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return {pathlib.Path(line).name: line for line in printed.split()}


class Server:
    """One server process. `log()` is its output on stdout and stderr."""

    # `options` go to subprocess.Popen. With `waits` false the test itself waits until the server answers.
    def __init__(self, command, args=(), start_seconds=20.0, waits=True, **options):
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="kvstash-test-")
        self.log_path = os.path.join(self.directory, "log")
        self.argv = [str(part) for part in [*command, "--port", self.port, *args]]
        with open(self.log_path, "wb") as log:
            self.options = {"cwd": self.directory, "stdin": subprocess.DEVNULL, **options}
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, **self.options)
        self.last_words = None  # The log, once the directory is removed.
        RUNNING.add(self)
        if waits:
            self.wait_until_serving(start_seconds)

    def wait_until_serving(self, seconds, may_end=False):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None and not may_end:
                raise RuntimeError(f"{' '.join(self.argv)} ended at once:\n{self.log()}")
            try:
                with resp.Connection(self.port, timeout=2.0) as connection:
                    reply = connection.call("PING")  # Any other reply will do, also -NOAUTH.
                if not (reply[0] == b"-" and reply[1].startswith(b"LOADING")):
                    return
                time.sleep(0.01)
            except (OSError, resp.Closed, resp.NoReply):
                time.sleep(0.01)
        raise RuntimeError(f"{' '.join(self.argv)} does not answer:\n{self.log()}")

    def connect(self, timeout=10.0):
        return resp.Connection(self.port, timeout=timeout)

    def info(self, *sections):
        """INFO as a dictionary of texts."""
        with self.connect() as connection:
            text = connection.call("INFO", *sections)[1].decode()
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def is_alive(self):
        return self.process.poll() is None

    def has_slept(self):
        """Whether every thread of the server was seen asleep, so that the requests it got are done or wait."""
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                state = (task / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
            except FileNotFoundError:
                continue  # The thread has ended.
            if state not in "SI":
                return False
        return True

    def settle(self, connection, seconds=10.0):
        """Waits until the server has handled all bytes sent on `connection`, however busy the machine is.

        Bytes on the loopback wake a thread before they count as delivered, and a thread that has work for another
        wakes that one before it sleeps itself. Because one check of all threads takes time, it needs several.
        """
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < QUIET_LOOKS:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not come to rest within {seconds} s")
            unsent = fcntl.ioctl(connection.socket, termios.TIOCOUTQ, b"\0" * 4)
            quiet = quiet + 1 if unsent == b"\0" * 4 and self.has_slept() else 0
            time.sleep(0.001)

    def log(self):
        if self.last_words is not None:
            return self.last_words
        with open(self.log_path, "rb") as log:
            return log.read().decode("utf-8", "replace")

    def begin(self, waits=True):
        """Starts the process again, in the same directory and on the same port."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, **self.options)
        if waits:
            self.wait_until_serving(20.0)

    def end(self, by=signal.SIGTERM, seconds=15.0):
        """Ends the process and leaves its directory; returns its exit status."""
        if self.is_alive():
            self.process.send_signal(by)
        return self.process.wait(seconds)

    def stop(self, by=signal.SIGTERM, seconds=15.0):
        """Ends the process; returns its exit status, or None if it had to be killed."""
        RUNNING.discard(self)
        status = None
        if self.is_alive():
            self.process.send_signal(by)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.last_words is None:
            self.last_words = self.log()
        shutil.rmtree(self.directory, ignore_errors=True)
        return status


@atexit.register
def stop_all():
    for server in list(RUNNING):
        server.stop()


def exit_on_signal(*_):
    sys.exit(1)  # This runs the atexit handlers.


signal.signal(signal.SIGTERM, exit_on_signal)


def kvstash(path, shards=1, args=()):
    return Server([os.path.abspath(path)], ["--shards", shards, "--save", "", *args])


def oracle(build, args=()):
    quiet = ["--save", "", "--appendonly", "no"]
    return Server([oracle_tools(build)["redis-server"]], [*quiet, *args])
