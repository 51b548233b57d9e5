"""Where settings come from, which of them win, and what is said about wrong ones."""

import os
import pathlib
import re
import signal

from tests.support import servers


def _binary(lab):
    return os.path.abspath(lab.binary)


def _value(server, name):
    with server.connect() as connection:
        return connection.call("CONFIG", "GET", name)[1][1][1].decode()


def _start_with(lab, text, *args, name="kvstash.conf", **options):
    """A server with a configuration file, and the file."""
    path = pathlib.Path(lab.folder()) / name
    path.write_text(text)
    server = servers.Server([_binary(lab), path], ["--shards", lab.shards, *args], **options)
    lab.started.append(server)
    return server, path


def _refusal(lab, *args, text=None, name="kvstash.conf", **options):
    """What is said when the start is refused."""
    words = [*args]
    if text is not None:
        path = pathlib.Path(lab.folder()) / name
        path.write_text(text)
        words.insert(0, path)
    status, out, err = lab.run(_binary(lab), *words, seconds=20, **options)
    assert status == 1, (status, out, err)
    return out + err


def the_command_line_wins_over_the_environment_and_that_over_the_file(lab):
    environment = {**os.environ, "KVSTASH_MAXCLIENTS": "200", "KVSTASH_TIMEOUT": "20"}
    server, _ = _start_with(lab, "maxclients 100\ntimeout 10\ntcp-keepalive 77\n", "--maxclients", "300", env=environment)
    assert [_value(server, name) for name in ("maxclients", "timeout", "tcp-keepalive")] == ["300", "20", "77"]


def a_dash_reads_standard_input(lab):
    folder = lab.folder()
    path = os.path.join(folder, "stdin")
    with open(path, "w", encoding="ascii") as text:
        text.write('# from a pipe\nmaxclients 123\nproc-title-template "{title} {port}"\n')
    with open(path, "rb") as stdin:
        server = servers.Server([_binary(lab), "-"], ["--shards", lab.shards], stdin=stdin)
    lab.started.append(server)
    assert _value(server, "maxclients") == "123"
    assert _value(server, "proc-title-template") == "{title} {port}"


def yaml_is_read_by_its_name(lab):
    server, path = _start_with(
        lab, "maxclients: 321\nmaxmemory: 100mb\ntls:\n  session-caching: no\nsave:\n  - [60, 10]\n  - [5, 1000]\n",
        name="kvstash.yaml")
    assert _value(server, "maxclients") == "321"
    assert _value(server, "maxmemory") == "104857600"
    assert _value(server, "tls-session-caching") == "no"
    assert _value(server, "save") == "60 10 5 1000"
    path.write_text("maxclients: 322\n")
    server.process.send_signal(signal.SIGHUP)
    lab.eventually(lambda: _value(server, "maxclients") == "322")


def included_files_are_read_where_they_stand(lab):
    folder = pathlib.Path(lab.folder())
    (folder / "a.conf").write_text("maxclients 11\ntimeout 11\n")
    (folder / "b.conf").write_text("timeout 22\n")
    server, _ = _start_with(lab, f"maxclients 1000\ninclude {folder}/*.conf\ntcp-keepalive 33\n")
    assert [_value(server, name) for name in ("maxclients", "timeout", "tcp-keepalive")] == ["11", "22", "33"]


def wrong_lines_are_told_with_file_and_number(lab):
    for line in ("no-such-directive 1", "maxclients many", "port 70000", "maxmemory-policy best", 'logfile "open'):
        said = _refusal(lab, text=f"# fine\nmaxclients 10\n{line}\n")
        assert "at line 3 of" in said and "kvstash.conf" in said and line.split()[0] in said, said
    said = _refusal(lab, text="maxclients: 10\nport: many\n", name="kvstash.yaml")
    assert "at line 2 of" in said and "kvstash.yaml" in said, said
    folder = pathlib.Path(lab.folder())
    (folder / "inner.conf").write_text("\ntimeout never\n")
    said = _refusal(lab, text=f"include {folder}/inner.conf\n")
    assert "at line 2 of" in said and "inner.conf" in said, said


def wrong_words_elsewhere_are_told_with_their_place(lab):
    assert "--maxclients" in _refusal(lab, "--maxclients", "many")
    assert "KVSTASH_MAXCLIENTS" in _refusal(lab, env={**os.environ, "KVSTASH_MAXCLIENTS": "many"})
    assert "standard input" in _refusal(lab, "-", stdin="maxclients many\n")
    assert "/no/such/file.conf" in _refusal(lab, "/no/such/file.conf")
    assert "/no/such/file.conf" in _refusal(lab, text="include /no/such/file.conf\n")


def secrets_are_not_repeated_in_refusals(lab):
    for text in ('requirepass "hush-hush\n', "requirepass hush-hush hush-hush\n", "tls-key-file-pass hush-hush too\n",
                 "user ann >hush-hush\nuser ann >hush-hush\n", "masterauth hush-hush x\n"):
        assert "hush" not in _refusal(lab, text=text), text
    assert "hush" not in _refusal(lab, "--requirepass", "hush-hush", "hush-hush")
    assert "hush" not in _refusal(lab, env={**os.environ, "KVSTASH_PORT": "x", "KVSTASH_REQUIREPASS": "hush"})


def secrets_are_never_logged(lab):
    server, path = _start_with(lab, "requirepass hush-one\nloglevel debug\nslowlog-log-slower-than 0\n")
    with server.connect() as connection:
        connection.call("AUTH", "hush-wrong")
        connection.call("AUTH", "default", "hush-wrong")
        connection.call("AUTH", "hush-one")
        connection.call("CONFIG", "SET", "requirepass", "hush-two", "masterauth", "hush-three")
        connection.call("CONFIG", "SET", "tls-key-file-pass", "hush-four")
        connection.call("HELLO", "2", "AUTH", "default", "hush-two")
        connection.call("CONFIG", "REWRITE")
        assert "hush" not in repr(connection.call("SLOWLOG", "GET", "-1"))
        path.write_text("requirepass hush-five hush-six\n")
        server.process.send_signal(signal.SIGHUP)
        lab.eventually(lambda: "The configuration was not reloaded" in server.log())
        connection.send("SHUTDOWN")
    assert server.process.wait(10) == 0
    assert "hush" not in server.log(), server.log()


def config_rewrite_keeps_comments_and_survives_a_restart(lab):
    server, path = _start_with(
        lab, "# The first line.\nmaxclients 100\n\n# About time.\ntimeout 10\nrename-command LOLWUT laugh\n",
        "--tcp-keepalive", "55", cwd=lab.folder())
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "timeout", "44", "maxmemory", "64mb", "save", "60 5",
                               "requirepass", "two words") == (b"+", b"OK")
        assert connection.call("CONFIG", "REWRITE") == (b"+", b"OK")
    text = path.read_text()
    assert text.startswith("# The first line.\nmaxclients 100\n\n# About time.\ntimeout 44\n"), text
    assert server.stop() == 0
    again = servers.Server([_binary(lab), path], ["--shards", lab.shards])
    lab.started.append(again)
    with again.connect() as connection:
        assert connection.call("AUTH", "two words") == (b"+", b"OK")
        lab.eventually(lambda: connection.call("PING") == (b"+", b"PONG"))  # Not -LOADING.
        assert connection.call("LAUGH")[0] == b"$"
        for name, value in (("timeout", "44"), ("maxmemory", "67108864"), ("save", "60 5"), ("tcp-keepalive", "55"),
                            ("maxclients", "100")):
            assert connection.call("CONFIG", "GET", name)[1][1] == (b"$", value.encode()), name


def config_rewrite_without_a_file_is_refused(lab):
    with lab.start().connect() as connection:
        assert connection.call("CONFIG", "REWRITE") == (b"-", b"ERR The server is running without a config file")


def sighup_reads_what_was_given_at_the_start_again(lab):
    folder = pathlib.Path(lab.folder())
    (folder / "data").mkdir()
    (folder / "more.conf").write_text("timeout 1\n")
    (folder / "kvstash.conf").write_text(
        "dir ./data\ninclude more.conf\nport 1\nmaxclients 50\nrename-command LOLWUT laugh\nuser ann off\n")
    server = servers.Server([_binary(lab), "kvstash.conf"], ["--shards", lab.shards], cwd=folder)
    lab.started.append(server)
    with server.connect() as connection:
        assert connection.call("CONFIG", "SET", "maxmemory", "1gb") == (b"+", b"OK")
    (folder / "more.conf").write_text("timeout 2\nloglevel verbose\n")
    server.process.send_signal(signal.SIGHUP)
    lab.eventually(lambda: "Configuration reloaded" in server.log())
    assert _value(server, "timeout") == "2"
    assert _value(server, "loglevel") == "verbose"
    assert _value(server, "port") == str(server.port)  # Of the command line.
    assert _value(server, "maxmemory") == str(1 << 30)  # The file says nothing about it.
    assert _value(server, "dir") == str(folder / "data")


def config_set_beside_a_reload_is_not_lost(lab):
    server = lab.start()
    with server.connect() as connection:
        for value in range(1, 1500):
            server.process.send_signal(signal.SIGHUP)
            assert connection.call("CONFIG", "SET", "timeout", value) == (b"+", b"OK")
            assert connection.call("CONFIG", "GET", "timeout")[1][1] == (b"$", str(value).encode())
    lab.eventually(lambda: "Configuration reloaded" in server.log())
    assert _value(server, "timeout") == "1499"


def sighup_with_a_wrong_file_changes_nothing(lab):
    server, path = _start_with(lab, "maxclients 50\ntimeout 5\n")
    path.write_text("timeout 6\nmaxclients many\n")
    server.process.send_signal(signal.SIGHUP)
    lab.eventually(lambda: "The configuration was not reloaded" in server.log())
    assert (_value(server, "timeout"), _value(server, "maxclients")) == ("5", "50")
    path.write_text("timeout 6\ndatabases 3\n")
    server.process.send_signal(signal.SIGHUP)
    lab.eventually(lambda: _value(server, "timeout") == "6")
    assert _value(server, "databases") == "16"
    assert re.search("needs a restart.*databases", server.log()), server.log()


def config_rewrite_leaves_a_yaml_file_alone(lab):
    server, path = _start_with(lab, "# Mine.\nmaxclients: 100\n", name="kvstash.yml")
    with server.connect() as connection:
        connection.call("CONFIG", "SET", "timeout", "3")
        kind, text = connection.call("CONFIG", "REWRITE")
    assert kind == b"-" and b"YAML" in text, text
    assert path.read_text() == "# Mine.\nmaxclients: 100\n"
