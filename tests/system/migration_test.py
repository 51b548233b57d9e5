"""Data directories move between redis-server 7.0 and this server as they are: snapshots and append-only files, both
ways. What is compared is what clients see of each value, or DEBUG DIGEST of everything."""

import os
import re
import shutil
import signal
import subprocess

from tests.support import sample_values, servers

DEBUG = ["--enable-debug-command", "yes"]
FUNCTION = "#!lua name=lib\nredis.register_function('seven', function() return 7 end)"
FAR_FUTURE_MS = "33177117420000"


def _redis(lab, folder, *args):
    """A redis-server that keeps its files in `folder`."""
    redis = servers.oracle(lab.build, [*DEBUG, "--dir", folder, *map(str, args)])
    lab.started.append(redis)
    return redis


def _ours(lab, folder, *args):
    """This server, on the files in `folder`; it writes what Redis 7.0 reads."""
    return lab.start(*DEBUG, "--save", "", "--rdb-version", "10", "--dir", folder, *map(str, args))


def _values(server):
    """What clients see: values, deadlines, and databases; encodings differ from Redis 7.0 to 7.2."""
    with server.connect(timeout=30) as connection:
        values = {key: sample_values.shown(connection, key)[0] for key in sample_values.keys(connection)}
        deadlines = {key: connection.call("PEXPIRETIME", key)[1] for key in values}
        functions = connection.call("FCALL", "seven", "0")
        sizes = [line for line in connection.call("INFO", "keyspace")[1].decode().split() if line.startswith("db")]
        return values, deadlines, functions, [size.split(",avg_ttl")[0] for size in sizes]


def _fill(server):
    with server.connect(timeout=30) as connection:
        sample_values.fill(connection)
        for command in (
                ["SET", "deadline", "v", "PXAT", FAR_FUTURE_MS], ["PEXPIREAT", "list-20-short", FAR_FUTURE_MS],
                ["FUNCTION", "LOAD", "REPLACE", FUNCTION], ["SELECT", "5"], ["SET", "elsewhere", "v"], ["SELECT", "0"]):
            reply = connection.call(*command)
            assert reply[0] != b"-", (command, reply)


def _record_everything(lab, server):
    """Runs commands whose records in a log are not the commands themselves, or are several. Scores are binary
    fractions, since Redis 7.0 digests others in other digits."""
    with server.connect() as waiting, server.connect() as connection:
        waiting.send("BLPOP", "queue", "0")
        server.settle(waiting)
        for command in (
                ["RPUSH", "queue", "for the waiter", "left"], ["SET", "short", "v", "EX", "100000"],
                ["SET", "gone", "v", "PX", "1"],
                ["SET", "counter", "5"], ["INCRBYFLOAT", "counter", "0.25"], ["EXPIRE", "counter", "100000"],
                ["SADD", "bag", *[str(n) for n in range(100)]], ["SPOP", "bag"], ["SPOP", "bag", "30"],
                ["HSET", "hash", "f", "1", "g", "2"], ["HINCRBYFLOAT", "hash", "f", "0.5"],
                ["ZADD", "scores", "1.5", "a", "2.25", "b", "-3", "c"], ["ZPOPMIN", "scores"],
                ["XADD", "stream", "*", "f", "v"], ["XADD", "stream", "MAXLEN", "~", "100", "*", "f", "w"],
                ["XGROUP", "DESTROY", "stream", "group"], ["XGROUP", "CREATE", "stream", "group", "0"],
                ["XREADGROUP", "GROUP", "group", "me", "COUNT", "1", "STREAMS", "stream", ">"],
                ["EVAL", "redis.call('set', KEYS[1], 1) redis.call('incr', KEYS[2])", "2", "script {1}", "script {2}"],
                ["FUNCTION", "LOAD", "REPLACE", FUNCTION],
                ["MULTI"], ["SET", "unit a", "1"], ["SET", "unit b", "2"], ["LPUSH", "unit c", "3"], ["EXEC"],
                ["SELECT", "7"], ["SET", "elsewhere", "v"], ["SELECT", "0"],
                ["MSET", "m1", "1", "m2", "2", "m3", "3"], ["RENAME", "m3", "m4"], ["COPY", "m1", "m5"],
                ["SORT", "bag", "STORE", "sorted"], ["GEOADD", "geo", "13.5", "38.25", "there"],
                ["PFADD", "hll", "a", "b"],
                ["SETBIT", "bits", "77", "1"], ["LMOVE", "unit c", "unit d", "LEFT", "RIGHT"], ["DEL", "m2"]):
            reply = connection.call(*command)
            assert reply[0] != b"-", (command, reply)
        assert waiting.read(10)[1] is not None
        # The key whose time is over is deleted in the log as well.
        lab.eventually(lambda: connection.call("EXISTS", "gone")[1] == b"0")


def _digest(server):
    with server.connect(timeout=30) as connection:
        return connection.call("DEBUG", "DIGEST")[1]


def _end_rewrite(lab, server):
    def is_over():
        info = server.info("persistence")
        return info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0"

    lab.eventually(is_over, 30)
    assert server.info("persistence")["aof_last_bgrewrite_status"] == "ok"


def a_snapshot_of_redis_is_picked_up_whatever_its_encodings(lab):
    for name, limits in sample_values.PROFILES.items():
        folder = lab.folder()
        redis = _redis(lab, folder, *limits)
        _fill(redis)
        with redis.connect(timeout=30) as connection:
            assert connection.call("SAVE") == (b"+", b"OK")
        before = _values(redis)
        redis.stop()
        for here in sample_values.PROFILES.values():
            ours = _ours(lab, folder, *here)
            assert _values(ours) == before, (name, here)
            ours.stop()


def a_snapshot_of_ours_is_read_by_redis_whatever_its_encodings(lab):
    for name, limits in sample_values.PROFILES.items():
        folder = lab.folder()
        ours = _ours(lab, folder, *limits)
        _fill(ours)
        with ours.connect(timeout=30) as connection:
            assert connection.call("SAVE") == (b"+", b"OK")
        before = _values(ours)
        ours.stop()
        status, out, _ = lab.run(lab.tool("redis-check-rdb"), os.path.join(folder, "dump.rdb"), seconds=20)
        assert status == 0 and "RDB looks OK" in out, out
        redis = _redis(lab, folder)
        assert _values(redis) == before, name
        redis.stop()


def a_log_of_redis_is_picked_up_as_it_is(lab):
    for preamble in ("yes", "no"):
        for times in ("yes", "no"):
            folder = lab.folder()
            redis = _redis(lab, folder, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble,
                           "--aof-timestamp-enabled", times)
            _record_everything(lab, redis)
            with redis.connect() as connection:
                connection.call("BGREWRITEAOF")
            _end_rewrite(lab, redis)
            _record_everything(lab, redis)
            before = _digest(redis)
            redis.end(signal.SIGTERM)
            ours = _ours(lab, folder, "--appendonly", "yes")
            assert _digest(ours) == before, (preamble, times)
            with ours.connect() as connection:
                assert connection.call("FCALL", "seven", "0") == (b":", b"7")
                connection.call("SET", "by us", "v")
            before = _digest(ours)
            ours.end(signal.SIGKILL)
            ours.begin()
            assert _digest(ours) == before, (preamble, times)
            ours.stop()


def a_log_of_ours_is_read_by_redis(lab):
    for rewrites in (False, True):
        folder = lab.folder()
        ours = _ours(lab, folder, "--appendonly", "yes", "--aof-timestamp-enabled", "yes")
        _record_everything(lab, ours)
        if rewrites:
            with ours.connect() as connection:
                connection.call("BGREWRITEAOF")
            _end_rewrite(lab, ours)
            _record_everything(lab, ours)
        before = _digest(ours)
        ours.end(signal.SIGKILL)
        manifest = os.path.join(folder, "appendonlydir", "appendonly.aof.manifest")
        status, out, _ = lab.run(lab.tool("redis-check-aof"), manifest, seconds=20)
        assert status == 0 and "All AOF files and manifest are valid" in out, out
        redis = _redis(lab, folder, "--appendonly", "yes")
        assert _digest(redis) == before, rewrites
        with redis.connect() as connection:
            assert connection.call("FCALL", "seven", "0") == (b":", b"7")
            connection.call("SET", "by redis", "v")
        before = _digest(redis)
        redis.end(signal.SIGTERM)
        ours.begin()
        assert _digest(ours) == before, rewrites
        ours.stop()


def a_base_of_commands_is_read_by_redis_and_by_us(lab):
    """aof-use-rdb-preamble no, with every type, size and encoding; and as it is changed while the server runs."""
    for name, limits in sample_values.PROFILES.items():
        folder = lab.folder()
        ours = _ours(lab, folder, "--appendonly", "yes", "--aof-use-rdb-preamble", "no", *limits)
        _fill(ours)
        with ours.connect() as connection:
            connection.call("BGREWRITEAOF")
        _end_rewrite(lab, ours)
        base = os.path.join(folder, "appendonlydir", "appendonly.aof.2.base.aof")
        with open(base, "rb") as file:
            assert file.read(1) == b"*"
        before, digest = _values(ours), _digest(ours)
        ours.end(signal.SIGKILL)
        ours.begin()
        assert _digest(ours) == digest, name
        assert _values(ours) == before, name
        ours.end(signal.SIGTERM)
        status, out, _ = lab.run(lab.tool("redis-check-aof"), os.path.join(folder, "appendonlydir", "appendonly.aof.manifest"),
                                 seconds=20)
        assert status == 0 and "All AOF files and manifest are valid" in out, out
        redis = _redis(lab, folder, "--appendonly", "yes")
        assert _values(redis) == before, name
        redis.stop()


def the_form_of_the_base_is_changed_at_run_time(lab):
    folder = lab.folder()
    ours = _ours(lab, folder, "--appendonly", "yes", "--aof-timestamp-enabled", "yes")
    _record_everything(lab, ours)
    for preamble, name in (("no", "2.base.aof"), ("no", "3.base.aof"), ("yes", "4.base.rdb"), ("no", "5.base.aof")):
        with ours.connect() as connection:
            assert connection.call("CONFIG", "SET", "aof-use-rdb-preamble", preamble)[1] == b"OK"
            connection.call("BGREWRITEAOF")
        _end_rewrite(lab, ours)
        names = os.listdir(os.path.join(folder, "appendonlydir"))
        assert [each for each in names if ".base." in each] == [f"appendonly.aof.{name}"], names
        with open(os.path.join(folder, "appendonlydir", f"appendonly.aof.{name}"), "rb") as file:
            assert file.read(4) == (b"REDI" if preamble == "yes" else b"#TS:")
        before = _digest(ours)
        ours.end(signal.SIGKILL)
        ours.argv += ["--aof-use-rdb-preamble", preamble]
        ours.begin()
        assert _digest(ours) == before, name
        _record_everything(lab, ours)
    before = _digest(ours)
    ours.end(signal.SIGTERM)
    redis = _redis(lab, folder, "--appendonly", "yes")
    assert _digest(redis) == before


def increments_that_are_kept_for_replicas_are_passed_over(lab):
    folder = lab.folder()
    log = os.path.join(folder, "appendonlydir")
    ours = _ours(lab, folder, "--appendonly", "yes", "--repl-disk-backlog-size", "100mb")
    for round_ in range(2):
        _record_everything(lab, ours)
        with ours.connect() as connection:
            connection.call("BGREWRITEAOF")
        _end_rewrite(lab, ours)
        kept = int(ours.info("persistence")["aof_kept_size"])
        names = [f"appendonly.aof.{n}.incr.aof" for n in range(1, round_ + 2)]
        assert kept == sum(os.path.getsize(os.path.join(log, name)) for name in names) > 0
    before = _digest(ours)
    ours.end(signal.SIGKILL)
    ours.begin()
    assert _digest(ours) == before
    assert int(ours.info("persistence")["aof_kept_size"]) == kept
    ours.end(signal.SIGTERM)
    redis = _redis(lab, folder, "--appendonly", "yes")
    assert _digest(redis) == before
    redis.end(signal.SIGTERM)
    ours.begin()
    with ours.connect() as connection:
        connection.call("CONFIG", "SET", "repl-disk-backlog-size", "0")
        connection.call("BGREWRITEAOF")
    _end_rewrite(lab, ours)
    assert ours.info("persistence")["aof_kept_size"] == "0"
    assert [name for name in os.listdir(log) if ".incr." in name] == ["appendonly.aof.6.incr.aof"], os.listdir(log)
    assert _digest(ours) == before


def _as_resp(*words):
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


def a_single_file_log_of_old_redis_is_picked_up(lab):
    """The layout before Redis 7.0, as records alone and with a snapshot before them."""
    records = b"".join(_as_resp(*words.split()) for words in (
        "SELECT 0", "SET a 1", "MULTI", "RPUSH l x y", "EXEC", "SELECT 2", "SET b 2"))
    folder = lab.folder()
    redis = _redis(lab, folder)
    with redis.connect() as connection:
        connection.call("HSET", "in the snapshot", "f", "v")
        connection.call("SAVE")
    redis.stop()
    with open(os.path.join(folder, "dump.rdb"), "rb") as file:
        snapshot = file.read()
    for content in (records, snapshot + records):
        digests = []
        for start in (_redis, _ours):
            folder = lab.folder()
            with open(os.path.join(folder, "appendonly.aof"), "wb") as file:
                file.write(content)
            server = start(lab, folder, "--appendonly", "yes")
            with server.connect() as connection:
                assert connection.call("GET", "a") == (b"$", b"1")
                connection.call("SET", "more", "v")
            digests.append(_digest(server))
            server.end(signal.SIGTERM)
            server.begin()
            assert _digest(server) == digests[-1], start
            assert os.path.exists(os.path.join(folder, "appendonlydir", "appendonly.aof.manifest"))
            assert not os.path.exists(os.path.join(folder, "appendonly.aof"))
            server.stop()
        assert digests[0] == digests[1]


def a_log_that_redis_left_torn_is_cut_and_the_rest_picked_up(lab):
    folder = lab.folder()
    redis = _redis(lab, folder, "--appendonly", "yes")
    with redis.connect() as connection:
        connection.call("SET", "a", "1")
        connection.call("SET", "b", "2")
    path = os.path.join(folder, "appendonlydir", "appendonly.aof.1.incr.aof")
    # Redis answers before it writes while a sync is under way.
    lab.eventually(lambda: open(path, "rb").read().endswith(b"b\r\n$1\r\n2\r\n"))
    redis.end(signal.SIGKILL)
    os.truncate(path, os.path.getsize(path) - 3)
    strict = lab.start_with({"waits": False}, "--dir", folder, "--appendonly", "yes", "--aof-load-truncated", "no")
    assert strict.process.wait(20) == 1
    ours = _ours(lab, folder, "--appendonly", "yes")
    with ours.connect() as connection:
        assert connection.call("GET", "a") == (b"$", b"1")
        assert connection.call("GET", "b") == (b"$", None)


# ---- docs/migrating-from-redis.md

def _sections():
    """The page's sections with commands: title -> the text of its `sh` blocks, as one script."""
    page = (servers.ROOT / "docs" / "migrating-from-redis.md").read_text(encoding="utf-8")
    found = {}
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```", section, flags=re.M | re.S)
        if blocks:
            found[section.split("\n", 1)[0]] = "".join(blocks)
    return found


class _Machine:
    """What the page speaks of: its programs on the PATH, its directories and its ports."""

    def __init__(self, lab):
        self.root = lab.folder()
        programs = os.path.join(self.root, "bin")
        os.makedirs(programs)
        for name in ("redis-cli", "redis-check-rdb", "redis-check-aof"):
            os.symlink(lab.tool(name), os.path.join(programs, name))
        # The test asks for digests.
        with open(os.path.join(programs, "redis-server"), "w", encoding="ascii") as script:
            script.write(f'#!/bin/sh\nexec "{lab.tool("redis-server")}" "$@" --enable-debug-command yes\n')
        os.chmod(script.name, 0o755)
        for name in ("kvstash", "kvstash-check-rdb", "kvstash-check-aof"):
            os.symlink(os.path.abspath(lab.binary), os.path.join(programs, name))
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "KVSTASH_SHARDS": str(lab.shards),
                            "KVSTASH_ENABLE_DEBUG_COMMAND": "yes"}
        self.ports = {"6379": servers.free_port(), "6380": servers.free_port()}
        os.makedirs(os.path.join(self.root, "var", "lib", "redis"))

    def run(self, script, seconds=60):
        for name, port in self.ports.items():
            script = script.replace(name, str(port))
        script = script.replace("/var/lib/", os.path.join(self.root, "var", "lib") + "/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=self.environment, text=True, timeout=seconds, cwd=self.root,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, (script, done.stdout)
        return done.stdout

    def digest(self, port=6379):
        digest = self.run(f"redis-cli -p {port} DEBUG DIGEST").strip()
        assert re.fullmatch("[0-9a-f]{40}", digest), digest
        return digest

    def is_ours(self, port):
        return "kvstash_version" in self.run(f"redis-cli -p {port} INFO server")

    def stop(self):
        self.run("for port in 6379 6380; do redis-cli -p $port SHUTDOWN NOSAVE NOW 2>&1 || true; done")


FILL = """
redis-cli -p 6379 SET text value
redis-cli -p 6379 RPUSH list a b c
redis-cli -p 6379 ZADD scores 1.5 a 2 b
redis-cli -p 6379 HSET hash f v
redis-cli -p 6379 XADD stream 1-1 f v
redis-cli -p 6379 SET deadline v EX 100000
redis-cli -p 6379 -n 3 SADD elsewhere a b
"""
START = "{program} --port 6379 --dir {folder} --daemonize yes {more} > /dev/null\n" \
        "until redis-cli -p 6379 PING | grep -q PONG; do sleep 0.05; done\n"


def the_page_about_migration_is_true(lab):
    sections = _sections()
    settings = {
        "To kvstash by replication": ("redis-server", "/var/lib/redis", "", True, 6380),
        "To kvstash with a snapshot": ("redis-server", "/var/lib/redis", "", True, 6379),
        "To kvstash with an append-only file": ("redis-server", "/var/lib/redis", "--appendonly yes", True, 6379),
        "Back to Redis with a snapshot": ("kvstash", "/var/lib/kvstash", "", False, 6379),
        "Back to Redis with an append-only file": ("kvstash", "/var/lib/kvstash", "--appendonly yes", False, 6379),
    }
    assert set(sections) == set(settings), "a section has no test, or a test no section"
    for title, (program, folder, more, ends_ours, port) in settings.items():
        machine = _Machine(lab)
        try:
            machine.run(f"mkdir -p {folder}\n" + START.format(program=program, folder=folder, more=more) + FILL)
            before = machine.digest()
            machine.run(sections[title])
            assert machine.is_ours(port) == ends_ours, title
            assert machine.digest(port) == before, title
        finally:
            machine.stop()
            shutil.rmtree(machine.root, ignore_errors=True)
