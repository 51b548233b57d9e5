"""The end of a server: asked for by signals and by SHUTDOWN, waited for, hurried, and taken back."""

import os
import signal
import socket
import time

from tests.support import resp

CROSSES_THREADS = True


def _with_replies_that_nobody_reads(server):
    """A connection whose replies do not fit into the buffers of the system: a shutdown waits for it."""
    with server.connect() as connection:
        connection.call("SET", "big", b"x" * 1_000_000)
    slow = server.connect(timeout=30)
    slow.send_raw(resp.encode(["GET", "big"]) * 30)
    slow.read(30)  # The others are made by now, or about to be.
    return slow


def _refuses_connections(server):
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # Caught between the two.
        pass
    return False


def replies_under_way_are_finished(lab):
    for by in (signal.SIGTERM, signal.SIGINT, "SHUTDOWN"):
        server = lab.start()
        with _with_replies_that_nobody_reads(server) as slow, server.connect() as asker:
            if by == "SHUTDOWN":
                asker.send("SHUTDOWN", "NOSAVE")
            else:
                server.process.send_signal(by)
            lab.eventually(lambda s=server: _refuses_connections(s))
            time.sleep(0.1)
            assert server.is_alive()
            for _ in range(29):
                kind, value = slow.read(30)
                assert (kind, len(value)) == (b"$", 1_000_000)
            assert server.process.wait(10) == 0, by


def no_commands_are_begun_while_it_waits(lab):
    server = lab.start()
    with _with_replies_that_nobody_reads(server) as slow, server.connect() as other:
        server.process.terminate()
        lab.eventually(lambda: _refuses_connections(server))
        other.send("SET", "late", "1")
        try:
            other.read(0.5)
            raise AssertionError("a command was served")
        except resp.NoReply:
            pass
        slow.send("PING")
        for _ in range(29):
            slow.read(30)
        assert server.process.wait(10) == 0


def the_wait_ends_with_shutdown_timeout(lab):
    server = lab.start("--shutdown-timeout", "2")
    with _with_replies_that_nobody_reads(server):
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(15) == 0
        assert time.monotonic() - began > 1.5


def shutdown_now_does_not_wait(lab):
    for hurry_later in (False, True):
        server = lab.start("--shutdown-timeout", "60")
        with _with_replies_that_nobody_reads(server), server.connect() as first, server.connect() as second:
            if hurry_later:
                first.send("SHUTDOWN", "NOSAVE")
                lab.eventually(lambda s=server: _refuses_connections(s))
                assert server.is_alive()
            second.send("SHUTDOWN", "NOSAVE", "NOW")
            assert server.process.wait(10) == 0


def a_second_sigint_exits_at_once(lab):
    server = lab.start("--shutdown-timeout", "60")
    with _with_replies_that_nobody_reads(server):
        server.process.send_signal(signal.SIGINT)
        lab.eventually(lambda: _refuses_connections(server))
        assert server.is_alive()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(5) == 1


def a_shutdown_that_waits_can_be_taken_back(lab):
    server = lab.start("--shutdown-timeout", "60")
    with _with_replies_that_nobody_reads(server) as slow, server.connect() as asker, \
            server.connect() as waiting, server.connect() as operator:
        assert operator.call("SHUTDOWN", "ABORT") == (b"-", b"ERR No shutdown in progress.")
        for _ in range(3):
            asker.send("SHUTDOWN", "NOSAVE")
            lab.eventually(lambda: _refuses_connections(server))
            waiting.send("PING")
            assert operator.call("SHUTDOWN", "ABORT") == (b"+", b"OK")
            assert asker.read() == (b"-", b"ERR Errors trying to SHUTDOWN. Check logs.")
            assert waiting.read() == (b"+", b"PONG")
            assert asker.call("PING") == (b"+", b"PONG")
            with server.connect() as fresh:
                assert fresh.call("SET", "k", "v") == (b"+", b"OK")
            assert operator.call("SHUTDOWN", "ABORT") == (b"-", b"ERR No shutdown in progress.")
        for _ in range(29):
            assert len(slow.read(30)[1]) == 1_000_000
        assert slow.call("PING") == (b"+", b"PONG")
        assert server.log().count("Shutdown manually aborted") == 3
    assert server.stop() == 0


def a_shutdown_by_a_signal_can_be_taken_back_too(lab):
    server = lab.start("--shutdown-timeout", "60")
    with _with_replies_that_nobody_reads(server), server.connect() as operator:
        server.process.terminate()
        lab.eventually(lambda: _refuses_connections(server))
        assert operator.call("SHUTDOWN", "ABORT") == (b"+", b"OK")
        assert operator.call("PING") == (b"+", b"PONG")
        server.process.send_signal(signal.SIGINT)  # Not a second one.
        lab.eventually(lambda: _refuses_connections(server))
        assert operator.call("SHUTDOWN", "ABORT") == (b"+", b"OK")
        with server.connect() as fresh:
            assert fresh.call("PING") == (b"+", b"PONG")


def words_that_contradict_each_other_are_refused(lab):
    with lab.start().connect() as connection:
        for words in (("SAVE", "NOSAVE"), ("ABORT", "NOW"), ("ABORT", "NOSAVE"), ("SOON",)):
            assert connection.call("SHUTDOWN", *words) == (b"-", b"ERR syntax error"), words
        assert connection.call("MULTI") == (b"+", b"OK")
        assert connection.call("SHUTDOWN")[0] == b"-"


def pipelines_over_shards_are_answered_before_the_end(lab):
    for _ in range(5):
        server = lab.start()
        connections = [server.connect() for _ in range(10)]
        for connection in connections:
            connection.send_raw(b"".join(resp.encode(["INCR", f"n{n}"]) for n in range(500)))
        for connection in connections:
            assert connection.read()[0] == b":"
        server.process.terminate()
        for connection in connections:
            answers = 1
            try:
                while answers < 500:
                    assert connection.read()[0] == b":"
                    answers += 1
            except resp.Closed:
                pass
            connection.close()
        assert server.process.wait(10) == 0


def systemd_hears_when_it_is_ready_and_when_it_stops(lab):
    path = os.path.join(lab.folder(), "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(10)
        environment = {**os.environ, "NOTIFY_SOCKET": path}
        for how in ("systemd", "auto"):
            server = lab.start_with({"env": environment}, "--supervised", how, "--daemonize", "yes",
                                    "--shutdown-timeout", "60")
            assert b"READY=1" in systemd.recv(1000)
            assert server.info("server")["process_id"] == str(server.process.pid)  # In the foreground.
            with _with_replies_that_nobody_reads(server), server.connect() as operator:
                server.process.terminate()
                assert b"STOPPING=1" in systemd.recv(1000)
                assert operator.call("SHUTDOWN", "ABORT") == (b"+", b"OK")
                assert b"READY=1" in systemd.recv(1000)
            assert server.stop() == 0
            assert b"STOPPING=1" in systemd.recv(1000)
        lab.start_with({"env": environment}, "--supervised", "no")
        systemd.settimeout(0.3)
        try:
            raise AssertionError(systemd.recv(1000))
        except socket.timeout:
            pass


def upstart_is_waited_for(lab):
    server = lab.start_with({"env": {**os.environ, "UPSTART_JOB": "kvstash"}, "waits": False}, "--supervised", "upstart")
    pid, status = os.waitpid(server.process.pid, os.WUNTRACED)
    assert pid == server.process.pid and os.WIFSTOPPED(status)
    server.process.send_signal(signal.SIGCONT)
    server.wait_until_serving(10)


def a_daemon_leaves_the_terminal_and_tells_its_pid(lab):
    folder = lab.folder()
    pidfile, logfile = os.path.join(folder, "pid"), os.path.join(folder, "log")
    server = lab.start_with({"waits": False}, "--daemonize", "yes", "--pidfile", pidfile, "--logfile", logfile)
    assert server.process.wait(10) == 0  # The one that was started.
    server.wait_until_serving(10, may_end=True)
    lab.eventually(lambda: os.path.exists(pidfile))
    with open(pidfile, encoding="ascii") as text:
        pid = int(text.read())
    assert server.info("server")["process_id"] == str(pid) and pid != server.process.pid
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGTERM)
    lab.eventually(lambda: not os.path.exists(pidfile))
    with open(logfile, encoding="utf-8") as text:
        assert "Ready to accept connections" in text.read()


def the_pidfile_is_there_while_the_server_runs(lab):
    pidfile = os.path.join(lab.folder(), "pid")
    server = lab.start("--pidfile", pidfile)
    with open(pidfile, encoding="ascii") as text:
        assert int(text.read()) == server.process.pid
    status, _, _ = lab.run(os.path.abspath(lab.binary), "--port", server.port, "--pidfile", pidfile + "2", seconds=20)
    assert status == 1 and not os.path.exists(pidfile + "2")
    assert server.stop() == 0
    assert not os.path.exists(pidfile)
