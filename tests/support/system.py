"""Finds and runs system tests: the functions of tests/system/*_test.py, whose names are sentences.

A test takes one argument, called by what it needs:

* `server`: a running kvstash, emptied before the test, shared by the tests of a file;
* `lab`: a Lab, to start servers of its own and to find the oracle's tools.

Each runs on 1 and on 2 shards. A test fails by raising; `assert` is the usual way. A module with
`CROSSES_THREADS = True` is also run under ThreadSanitizer, on 2 and 4 shards. One with `HAS_NO_SHARDS = True`, about
a process that is no server of data, runs once.
"""

import importlib.util
import inspect
import os
import shutil
import subprocess
import tempfile
import time
import traceback

from . import servers

TEST_FOLDER = servers.ROOT / "tests" / "system"


class Lab:
    """Things that a test may need besides a server."""

    def __init__(self, build, binary, shards):
        self.build = servers.ROOT / build
        self.binary = binary
        self.shards = shards
        self.started = []
        self.folders = []

    def start(self, *args):
        """Starts a server of the test's own, which ends with the test."""
        server = servers.kvstash(self.binary, self.shards, args)
        self.started.append(server)
        return server

    def tool(self, name):
        """The path of redis-cli, redis-benchmark, ..., from the oracle."""
        return os.path.join(os.path.dirname(servers.oracle_tools(self.build)["redis-cli"]), name)

    def start_sharded(self, shards, *args):
        """As start(), with a number of shards that the test chooses."""
        server = servers.kvstash(self.binary, shards, args)
        self.started.append(server)
        return server

    def start_with(self, options, *args):
        """As start(), with options of servers.Server."""
        server = servers.Server([os.path.abspath(self.binary)], ["--shards", self.shards, *args], **options)
        self.started.append(server)
        return server

    def start_by(self, launcher, *args):
        """As start(), but another program, `launcher`, starts the server."""
        server = servers.Server([*launcher, os.path.abspath(self.binary)], ["--shards", self.shards, *args])
        self.started.append(server)
        return server

    def counts_memory(self):
        """Whether the process's memory is the server's own, without the additions of a sanitizer."""
        return "malloc=jemalloc" in self.run(os.path.abspath(self.binary), "--version")[1]

    def folder(self):
        """An empty directory, which is removed after the test."""
        path = tempfile.mkdtemp(prefix="kvstash-lab-")
        self.folders.append(path)
        return path

    def eventually(self, holds, seconds=10.0):
        """Waits until `holds()` is true; fails if that takes too long."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.02)

    def run(self, *command, stdin="", seconds=60, **options):
        """Runs a program to its end; returns (exit status, stdout, stderr)."""
        done = subprocess.run(
            [str(part) for part in command], input=stdin, text=True, timeout=seconds,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options,
        )
        return done.returncode, done.stdout, done.stderr

    def check(self):
        """Checks that no sanitizer reported an error."""
        for server in self.started:
            assert "Sanitizer" not in server.log(), server.log()[-6000:]

    def stop(self):
        for server in self.started:
            server.stop()
        self.started.clear()
        for path in self.folders:
            shutil.rmtree(path, ignore_errors=True)
        self.folders.clear()


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tests_of(module):
    """Yields (function, name of its argument) in the order of the file."""
    for name, value in list(vars(module).items()):
        if not inspect.isfunction(value) or name.startswith("_") or value.__module__ != module.__name__:
            continue
        needs = next(iter(inspect.signature(value).parameters), None)
        if needs in ("server", "lab"):
            yield value, needs


class Runner:
    def __init__(self, build, binary):
        self.build, self.binary = build, binary
        self.passed = self.failed = 0

    def run_file(self, path, shard_counts, threads_only=False):
        module = load(path)
        if threads_only and not getattr(module, "CROSSES_THREADS", False):
            return
        if getattr(module, "HAS_NO_SHARDS", False):
            shard_counts = shard_counts[:1]
        for shards in shard_counts:
            lab, shared = Lab(self.build, self.binary, shards), None
            for test, needs in tests_of(module):
                label = f"{path.stem.removesuffix('_test')}: {test.__name__.replace('_', ' ')}"
                started = time.monotonic()
                try:
                    if needs == "server":
                        shared = self.emptied(shared, shards)
                    test(shared if needs == "server" else lab)
                    lab.check()
                    if needs == "server":
                        assert shared.is_alive(), f"the server died:\n{shared.log()[-3000:]}"
                    self.tell(True, label, shards, started)
                except Exception:  # Any exception of a test is its failure.
                    self.tell(False, label, shards, started)
                    traceback.print_exc(limit=-4)
                finally:
                    lab.stop()
            if shared:
                self.check_log(shared, path, shards)

    def emptied(self, shared, shards):
        if shared is None or not shared.is_alive():
            return servers.kvstash(self.binary, shards)
        with shared.connect() as connection:
            connection.call("FLUSHALL")
        return shared

    def check_log(self, server, path, shards):
        """Checks that the server ends well on SIGTERM, and that no sanitizer reported an error."""
        started, log = time.monotonic(), server.log_path
        status = None
        server.process.terminate()
        try:
            status = server.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        with open(log, encoding="utf-8", errors="replace") as lines:
            text = lines.read()
        fine = status == 0 and "Sanitizer" not in text
        self.tell(fine, f"{path.stem.removesuffix('_test')}: the server ends with status 0", shards, started)
        if not fine:
            print(f"status {status}\n{text[-6000:]}")
        server.stop()

    def tell(self, fine, label, shards, started):
        self.passed += fine
        self.failed += not fine
        print(
            f"{'pass' if fine else 'FAIL'}  {label}, {shards} shard{'s' if shards > 1 else ''}"
            f"  ({time.monotonic() - started:.1f} s)",
            flush=True,
        )
