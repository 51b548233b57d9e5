"""The process behaves as supervisors and scripts written for Redis expect."""

import os
import signal
import subprocess
import time

from tests.support import servers


def it_tells_its_pid_and_when_it_is_ready(lab):
    server = lab.start()
    log = server.log()
    assert f"PID: {server.process.pid}" in log or f"pid={server.process.pid}" in log, log
    assert "Ready to accept connections" in log, log


def sigterm_and_sigint_end_it_with_status_zero(lab):
    for by in (signal.SIGTERM, signal.SIGINT):
        server = lab.start()
        with server.connect() as connection:
            connection.call("SET", "k", "v")
        assert server.stop(by=by) == 0


def shutdown_ends_it_with_status_zero(lab):
    server = lab.start()
    with server.connect() as connection:
        connection.send("SHUTDOWN", "NOSAVE")
    assert server.process.wait(10) == 0


def a_taken_port_is_told_and_ends_it(lab):
    server = lab.start()
    command = [os.path.abspath(lab.binary), "--port", str(server.port), "--shards", str(lab.shards)]
    status, out, err = lab.run(*command, seconds=20)
    assert status != 0
    assert f"Failed listening on port {server.port}" in out + err, out + err


def a_configuration_file_and_arguments_are_read(lab):
    path = lab.build / f"system-{os.getpid()}.conf"
    path.write_text('# a comment\nmaxmemory 100mb\nmaxmemory-policy allkeys-lru\nrequirepass "a b"\n')
    try:
        server = servers.Server([os.path.abspath(lab.binary), path], ["--shards", lab.shards, "--maxclients", "77"])
        lab.started.append(server)
        with server.connect() as connection:
            assert connection.call("GET", "k")[1].startswith(b"NOAUTH")
            assert connection.call("AUTH", "a b") == (b"+", b"OK")
            answer = connection.call("CONFIG", "GET", "maxmemory", "maxclients", "maxmemory-policy")[1]
            values = {answer[n][1]: answer[n + 1][1] for n in range(0, len(answer), 2)}
        assert values == {b"maxmemory": b"104857600", b"maxclients": b"77", b"maxmemory-policy": b"allkeys-lru"}
    finally:
        path.unlink()


def _config(connection, name):
    return connection.call("CONFIG", "GET", name)[1][1][1].decode()


def _until(is_so, what):
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def sighup_reads_the_configuration_file_again(lab):
    path = lab.build / f"system-hup-{os.getpid()}.conf"
    path.write_text("maxmemory 100mb\ndatabases 16\n")
    try:
        server = servers.Server([os.path.abspath(lab.binary), path], ["--shards", lab.shards])
        lab.started.append(server)
        with server.connect() as connection:
            connection.call("SET", "k", "v")
            path.write_text("maxmemory 200mb\ndatabases 4\n")
            server.process.send_signal(signal.SIGHUP)
            _until(lambda: _config(connection, "maxmemory") == str(200 << 20), server.log())
            assert _config(connection, "databases") == "16"
            _until(lambda: "needs a restart" in server.log(), server.log())

            path.write_text("maxmemory 300mb\nno-such-directive 1\n")
            server.process.send_signal(signal.SIGHUP)
            _until(lambda: "was not reloaded" in server.log(), server.log())
            assert _config(connection, "maxmemory") == str(200 << 20)
            assert connection.call("GET", "k") == (b"$", b"v")
    finally:
        path.unlink()


def an_unknown_directive_is_told_and_ends_it(lab):
    status, out, err = lab.run(os.path.abspath(lab.binary), "--no-such-directive", "1", seconds=20)
    assert status != 0
    assert "no-such-directive" in out + err, out + err


def the_number_of_shards_is_as_asked(lab):
    server = lab.start()
    with server.connect() as connection:
        assert connection.call("CONFIG", "GET", "shards")[1][1] == (b"$", str(lab.shards).encode())


def idle_servers_use_next_to_no_processor_time(lab):
    server = lab.start()

    def ticks():
        with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    with server.connect() as connection:
        connection.call("PING")
    before, began = ticks(), time.monotonic()
    time.sleep(1.0)
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)
    assert used < 0.15, f"{used} s of processor time in each idle second"


def version_and_help_are_printed(lab):
    for flag in ("--version", "--help"):
        done = subprocess.run(
            [os.path.abspath(lab.binary), flag], stdout=subprocess.PIPE, text=True, timeout=10, check=False
        )
        assert done.returncode == 0 and "kvstash" in done.stdout.lower(), done.stdout
