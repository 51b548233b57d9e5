"""The stock redis-cli works against kvstash."""

import json
import os


def _cli(lab, server, *args, stdin=""):
    status, out, err = lab.run(lab.tool("redis-cli"), "-p", server.port, *args, stdin=stdin)
    assert status == 0, f"redis-cli {args}: {err or out}"
    return out


def one_command_is_answered(lab):
    server = lab.start()
    assert _cli(lab, server, "SET", "k", "v") == "OK\n"
    assert _cli(lab, server, "GET", "k") == "v\n"
    assert _cli(lab, server, "--no-raw", "GET", "none") == "(nil)\n"
    assert _cli(lab, server, "-n", "3", "DBSIZE") == "0\n"


def commands_come_from_standard_input(lab):
    server = lab.start()
    assert _cli(lab, server, stdin="SET a 1\nINCR a\nGET a\n") == "OK\n2\n2\n"
    assert _cli(lab, server, "-x", "SET", "blob", stdin="from stdin") == "OK\n"
    assert _cli(lab, server, "GET", "blob") == "from stdin\n"


def replies_come_as_csv_and_json(lab):
    server = lab.start()
    _cli(lab, server, "MSET", "a", "1", "b", "2")
    assert _cli(lab, server, "--csv", "MGET", "a", "b") == '"1","2"\n'
    assert json.loads(_cli(lab, server, "-3", "--json", "MGET", "a", "b", "c")) == ["1", "2", None]


def a_pipe_loads_many_commands(lab):
    server = lab.start()
    commands = "".join(f"SET key:{n} value:{n}\r\n" for n in range(20_000))
    out = _cli(lab, server, "--pipe", stdin=commands)
    assert "errors: 0, replies: 20000" in out, out
    assert _cli(lab, server, "DBSIZE") == "20000\n"


def scan_lists_every_key(lab):
    server = lab.start()
    keys = {f"key:{n}" for n in range(5000)}
    with server.connect() as connection:
        connection.call("MSET", *[word for key in sorted(keys) for word in (key, "v")])
    assert set(_cli(lab, server, "--scan").split()) == keys
    assert set(_cli(lab, server, "--scan", "--pattern", "key:49*").split()) == {
        key for key in keys if key.startswith("key:49")
    }


def bigkeys_and_memkeys_find_the_biggest(lab):
    server = lab.start()
    with server.connect() as connection:
        connection.call("MSET", "small", "x", "big", "y" * 1000)
    assert '"big"\' has 1000 bytes' in _cli(lab, server, "--bigkeys")
    assert "Biggest string found" in _cli(lab, server, "--memkeys")


def a_wrong_password_is_refused_and_the_right_one_is_not(lab):
    server = lab.start("--requirepass", "secret")
    assert "NOAUTH" in _cli(lab, server, "PING")
    assert _cli(lab, server, "--no-auth-warning", "-a", "secret", "PING") == "PONG\n"


def transactions_run_from_a_script(lab):
    server = lab.start()
    out = _cli(lab, server, stdin="MULTI\nSET a 1\nSET b 2\nMGET a b\nEXEC\n")
    assert out.split() == ["OK", "QUEUED", "QUEUED", "QUEUED", "OK", "OK", "1", "2"], out


def a_script_to_be_debugged_is_not_run_for_real(lab):
    server = lab.start()
    script = os.path.join(lab.folder(), "set.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write("redis.call('set', KEYS[1], 'v')")
    out = _cli(lab, server, "--ldb", "--eval", script, "k", stdin="quit\n")
    assert "kvstash does not have" in out, out
    assert _cli(lab, server, "EXISTS", "k") == "0\n"
