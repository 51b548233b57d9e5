"""What the server writes about itself: where, how much, and in which shape; and by which name it goes."""

import json
import os
import re
import signal
import subprocess

from tests.support import resp, servers


def _lines(path):
    with open(path, encoding="utf-8") as log:
        return log.read().splitlines()


def _talk(server, level="notice"):
    """Makes the server say something: at notice, and at verbose."""
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "loglevel", level) == (b"+", b"OK")
    with server.connect() as connection:
        connection.send_raw(b"POST / HTTP/1.1\r\n\r\n")
        assert resp.is_closed(connection)


def text_looks_as_redis_writes_it(lab):
    server = lab.start()
    pattern = rf"{server.process.pid}:M \d\d [A-Z][a-z][a-z] \d{{4}} \d\d:\d\d:\d\d\.\d{{3}} [.*#-] .+"
    lines = [line for line in server.log().splitlines() if re.match(r"\d+:M", line)]
    assert lines and all(re.fullmatch(pattern, line) for line in lines), server.log()


def supervisors_find_their_words_on_standard_output(lab):
    server = lab.start()
    assert f" PID: {server.process.pid}" in server.log()
    assert f"Port: {server.port}" in server.log()
    assert "Ready to accept connections" in server.log()
    done = subprocess.run(
        [os.path.abspath(lab.binary), "--port", str(server.port), "--shards", str(lab.shards)],
        stdout=subprocess.PIPE, text=True, timeout=20, check=False)
    assert done.returncode == 1 and f"Failed listening on port {server.port}" in done.stdout, done.stdout


def json_is_one_object_a_line(lab):
    path = os.path.join(lab.folder(), "log")
    server = lab.start("--log-format", "json", "--logfile", path)
    _talk(server)
    events = [json.loads(line) for line in _lines(path)]
    assert {"ts", "level", "pid", "msg"} <= set(events[0])
    attack = next(event for event in events if "SECURITY ATTACK" in event["msg"])
    assert attack["level"] == "warning" and attack["addr"].startswith("127.0.0.1:")
    assert attack["pid"] == server.process.pid
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", attack["ts"])


def logfmt_is_pairs(lab):
    path = os.path.join(lab.folder(), "log")
    server = lab.start("--log-format", "logfmt", "--logfile", path)
    _talk(server)
    pair = r'[a-z_]+=("([^"\\]|\\.)*"|[^ "=]+)'
    assert all(re.fullmatch(f"{pair}( {pair})*", line) for line in _lines(path)), _lines(path)
    assert any('msg="Possible SECURITY ATTACK' in line and " addr=127.0.0.1:" in line for line in _lines(path))


def the_level_decides_at_run_time_what_is_logged(lab):
    server = lab.start()
    _talk(server, "nothing")
    assert "SECURITY" not in server.log()
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "loglevel", "warning") == (b"+", b"OK")
    before = server.log()
    server.process.send_signal(signal.SIGHUP)  # Told at notice.
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "loglevel", "notice") == (b"+", b"OK")
        server.process.send_signal(signal.SIGHUP)
        lab.eventually(lambda: "Configuration reloaded" in server.log()[len(before):])
        assert connection.call("CONFIG", "SET", "loglevel", "loud")[0] == b"-"


def sighup_opens_the_log_file_again(lab):
    path = os.path.join(lab.folder(), "log")
    server = lab.start("--logfile", path)
    assert server.log() == "", "nothing belongs on standard output"
    os.rename(path, path + ".1")
    server.process.send_signal(signal.SIGHUP)
    lab.eventually(lambda: os.path.exists(path) and any("Configuration reloaded" in line for line in _lines(path)))
    assert server.stop() == 0
    assert "bye bye" in _lines(path)[-1]
    assert "bye bye" not in _lines(path + ".1")[-1]


def nothing_from_clients_begins_a_line_of_its_own(lab):
    for kind in ("text", "logfmt", "json"):
        path = os.path.join(lab.folder(), "log")
        server = lab.start("--log-format", kind, "--logfile", path, "--loglevel", "debug")
        with server.connect() as connection:
            connection.send_raw(b'*1\r\n$11\r\nAA\nFAKE\x1b[2J\r\n')
            connection.read()
            connection.call("CLIENT", "SETNAME", "x")
            connection.send_raw(b"*1\r\n\n\x1b[2J\r\n")
            connection.read_until_quiet(0.3)
        text = "\n".join(_lines(path))
        assert "\x1b" not in text and "\nFAKE" not in text, text


def a_log_file_that_cannot_be_opened_is_told(lab):
    folder = lab.folder()
    status, out, err = lab.run(
        os.path.abspath(lab.binary), "--port", servers.free_port(), "--logfile", folder, seconds=20)
    assert status == 1 and folder in out + err, out + err


def _link(lab, name):
    path = os.path.join(lab.folder(), name)
    os.symlink(os.path.abspath(lab.binary), path)
    return path


def it_serves_under_the_name_of_redis_server(lab):
    server = servers.Server([_link(lab, "redis-server")], ["--shards", lab.shards])
    lab.started.append(server)
    with server.connect() as connection:
        assert connection.call("SET", "k", "v") == (b"+", b"OK")
