"""Data on disk: what a server finds again after it was ended, killed, or replaced by Redis, and the other way."""

import os
import random
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request

from tests.support import resp, servers

CROSSES_THREADS = True

POLICIES = ("always", "everysec", "no")
# One key of each type and form.
VALUES = [
    ["SET", "string", "text"], ["SET", "integer", "12345"], ["SET", "long", "x" * 100_000],
    ["SET", "deadline", "v", "PXAT", "33177117420000"],
    ["RPUSH", "list", "a", "b", "c"], ["RPUSH", "long list", *[f"element {i}" * 20 for i in range(500)]],
    ["SADD", "integers", "1", "2", "3"], ["SADD", "set", "a", "b"], ["SADD", "large set", *[f"m{i}" for i in range(2000)]],
    ["ZADD", "sorted", "1.5", "a", "2", "b"], ["ZADD", "large sorted", *[w for i in range(2000) for w in (str(i / 8), f"m{i}")]],
    ["HSET", "hash", "f", "v"], ["HSET", "large hash", *[w for i in range(2000) for w in (f"f{i}", f"v{i}")]],
    ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "2-1", "f", "v"], ["XGROUP", "CREATE", "stream", "g", "0"],
    ["PFADD", "hyperloglog", *[f"e{i}" for i in range(100)]],
]


def _fill(connection):
    for command in VALUES:
        reply = connection.call(*command)
        assert reply[0] != b"-", (command[:2], reply)
    connection.call("SELECT", "3")
    connection.call("SET", "elsewhere", "v")
    connection.call("SELECT", "0")
    connection.call("FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('f', function() return 7 end)")


def _digest(server):
    with server.connect() as connection:
        return connection.call("DEBUG", "DIGEST")[1]


def _persistence(server):
    return server.info("persistence")


def _wait_for_rewrite(lab, server):
    def is_over():
        info = _persistence(server)
        return info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0"

    lab.eventually(is_over, 20)
    assert _persistence(server)["aof_last_bgrewrite_status"] == "ok"


def _start(lab, *args):
    return lab.start("--enable-debug-command", "yes", "--save", "", *args)


def a_save_is_found_again(lab):
    server = _start(lab)
    with server.connect() as connection:
        _fill(connection)
        assert int(_persistence(server)["rdb_changes_since_last_save"]) > 0
        assert connection.call("SAVE") == (b"+", b"OK")
        assert _persistence(server)["rdb_changes_since_last_save"] == "0"
        connection.call("SET", "after", "v")
    before = _digest(server)
    server.end(signal.SIGKILL)
    server.begin()
    with server.connect() as connection:
        assert connection.call("GET", "after") == (b"$", None)
        connection.call("SET", "after", "v")
        assert connection.call("FCALL", "f", "0")[1] == b"7"
    assert _digest(server) == before
    assert int(_persistence(server)["rdb_last_load_keys_loaded"]) == 16


def a_background_save_is_the_state_of_its_beginning(lab):
    server = _start(lab)
    with server.connect() as connection:
        _fill(connection)
        before = _digest(server)
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "20000")
        assert connection.call("BGSAVE")[1] == b"Background saving started"
        assert connection.call("BGSAVE") == (b"-", b"ERR Background save already in progress")
        assert connection.call("SAVE") == (b"-", b"ERR Background save already in progress")
        lab.eventually(lambda: _persistence(server)["current_save_keys_total"] != "0")
        for command in (["SET", "string", "other"], ["DEL", "large set"], ["RPUSH", "long list", "new"], ["FLUSHALL"]):
            connection.call(*command)
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        lab.eventually(lambda: _persistence(server)["rdb_bgsave_in_progress"] == "0")
        assert _persistence(server)["rdb_last_bgsave_status"] == "ok"
    server.end(signal.SIGKILL)
    server.begin()
    assert _digest(server) == before


def _overwrite_beside_a_slow_save(server, keys, filler):
    """Begins to save at a snail's pace and overwrites all keys; returns the most that had spilled, and the most memory."""
    spilled = memory = 0
    value = filler * 1000
    with server.connect(timeout=60) as connection:
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "10000000")
        assert connection.call("BGSAVE")[1] == b"Background saving started"
        while _persistence(server)["current_save_keys_total"] == "0":
            time.sleep(0.01)
        for begin in range(0, keys, 500):
            words = [word for i in range(begin, begin + 500) for word in (f"key:{i}", value)]
            assert connection.call("MSET", *words)[0] == b"+"
            info = _persistence(server)
            spilled = max(spilled, int(info["current_spill_size"]))
            memory = max(memory, int(info["current_cow_size"]))
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "0")
    return spilled, memory


def what_a_slow_save_does_not_take_goes_to_a_scratch_file(lab):
    keys = 60_000
    server = _start(lab)
    with server.connect(timeout=60) as connection:
        connection.call("DEBUG", "POPULATE", str(keys), "key", "1000")
        before = _digest(server)
        spilled, memory = _overwrite_beside_a_slow_save(server, keys, "b")
        assert spilled > 10 << 20, spilled
        assert memory <= 64 << 20, memory
        assert "goes to a scratch file" in server.log()
        assert not [name for name in os.listdir(server.directory) if "scratch" in name]
        lab.eventually(lambda: _persistence(server)["rdb_bgsave_in_progress"] == "0", 60)
        info = _persistence(server)
        assert (info["rdb_last_bgsave_status"], info["current_spill_size"]) == ("ok", "0")
    server.end(signal.SIGKILL)
    server.begin()
    assert _digest(server) == before


def a_save_whose_scratch_file_is_full_is_given_up(lab):
    keys = 60_000
    server = _start(lab, "--snapshot-spill-size", "1mb", "--stop-writes-on-bgsave-error", "no")
    with server.connect(timeout=60) as connection:
        connection.call("DEBUG", "POPULATE", str(keys), "key", "1000")
        spilled, memory = _overwrite_beside_a_slow_save(server, keys, "b")
        assert spilled <= 1 << 20, spilled
        assert memory <= 64 << 20, memory
        lab.eventually(lambda: _persistence(server)["rdb_last_bgsave_status"] == "err")
        assert "its scratch file is full (snapshot-spill-size 1048576)" in server.log()
        # The next one is not disturbed by it.
        lab.eventually(lambda: connection.call("BGSAVE")[0] == b"+")
        lab.eventually(lambda: _persistence(server)["rdb_last_bgsave_status"] == "ok", 60)


def a_termination_saves_if_there_are_save_points(lab):
    for save, is_kept in (("3600 1", True), ("", False)):
        server = lab.start("--save", save)
        with server.connect() as connection:
            connection.call("SET", "k", "v")
        assert server.end() == 0
        server.begin()
        with server.connect() as connection:
            assert int(connection.call("EXISTS", "k")[1]) == int(is_kept)


def save_points_save(lab):
    server = lab.start("--save", "1 5")
    with server.connect() as connection:
        for i in range(5):
            connection.call("SET", f"k{i}", "v")
        lab.eventually(lambda: _persistence(server)["rdb_saves"] == "1")
        assert _persistence(server)["rdb_changes_since_last_save"] == "0"


def the_log_is_found_again(lab):
    for policy in POLICIES:
        server = _start(lab, "--appendonly", "yes", "--appendfsync", policy)
        with server.connect() as connection:
            _fill(connection)
            connection.call("MULTI")
            connection.call("INCR", "a")
            connection.call("INCR", "b")
            connection.call("EXEC")
            connection.call("EVAL", "redis.call('set', 'c', 1) redis.call('set', 'd', 2)", "0")
        before = _digest(server)
        server.end(signal.SIGKILL)
        server.begin()
        assert _digest(server) == before, policy
        assert _persistence(server)["aof_enabled"] == "1"
        server.end()
        server.begin()
        assert _digest(server) == before, policy


def a_rewrite_leaves_the_same_data(lab):
    server = _start(lab, "--appendonly", "yes")
    stop = threading.Event()

    def write():
        with server.connect() as connection:
            number = 0
            while not stop.is_set():
                number += 1
                connection.call("SET", f"k{number % 500}", str(number))
                connection.call("RPUSH", "list", str(number))

    writer = threading.Thread(target=write)
    with server.connect() as connection:
        _fill(connection)
        writer.start()
        try:
            for _ in range(5):
                assert b"rewriting" in connection.call("BGREWRITEAOF")[1]
                _wait_for_rewrite(lab, server)
        finally:
            stop.set()
            writer.join()
    before = _digest(server)
    names = sorted(os.listdir(os.path.join(server.directory, "appendonlydir")))
    assert names == ["appendonly.aof.6.base.rdb", "appendonly.aof.6.incr.aof", "appendonly.aof.manifest"], names
    server.end(signal.SIGKILL)
    server.begin()
    assert _digest(server) == before


def the_log_can_be_switched_on_and_off(lab):
    server = _start(lab)
    with server.connect() as connection:
        _fill(connection)
        for number in range(3):
            assert connection.call("CONFIG", "SET", "appendonly", "yes") == (b"+", b"OK")
            lab.eventually(lambda: _persistence(server)["aof_enabled"] == "1")
            _wait_for_rewrite(lab, server)
            connection.call("SET", "logged", str(number))
            before = _digest(server)
            folder = os.path.join(server.directory, "appendonlydir")
            copy = os.path.join(lab.folder(), "appendonlydir")
            shutil.copytree(folder, copy)
            assert connection.call("CONFIG", "SET", "appendonly", "no") == (b"+", b"OK")
            lab.eventually(lambda: _persistence(server)["aof_enabled"] == "0")
            connection.call("SET", "not logged", str(number))
            other = lab.start("--enable-debug-command", "yes", "--appendonly", "yes", "--dir", os.path.dirname(copy))
            assert _digest(other) == before
            connection.call("DEL", "not logged")


def debug_reload_and_loadaof_change_nothing(lab):
    server = _start(lab, "--appendonly", "yes")
    with server.connect(timeout=30) as connection:
        _fill(connection)
        before = _digest(server)
        assert connection.call("DEBUG", "RELOAD") == (b"+", b"OK")
        assert _digest(server) == before
        assert connection.call("DEBUG", "LOADAOF") == (b"+", b"OK")
        assert _digest(server) == before
        connection.call("SET", "more", "v")
        assert connection.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE") == (b"+", b"OK")
        more = connection.call("GET", "more")
        assert more == (b"$", b"v"), more
        # The answer comes on the connection's own shard, wherever that is.
        for round_number in range(100):
            assert connection.call("SET", "more", str(round_number)) == (b"+", b"OK")
            assert connection.call("DEBUG", "LOADAOF") == (b"+", b"OK")
            more = connection.call("GET", "more")
            assert more == (b"$", str(round_number).encode()), more
        for command in ("RELOAD", "LOADAOF"):
            connection.call("MULTI")
            connection.call("DEBUG", command)
            (refused,) = connection.call("EXEC")[1]
            assert refused[1].startswith(b"ERR DEBUG RELOAD and DEBUG LOADAOF are not"), refused


def redis_reads_the_files_and_the_other_way(lab):
    for mode in ("no", "yes"):
        server = _start(lab, "--appendonly", mode, "--rdb-version", "10")
        with server.connect() as connection:
            _fill(connection)
            if mode == "no":
                connection.call("SAVE")
            else:
                connection.call("BGREWRITEAOF")
                _wait_for_rewrite(lab, server)
            connection.call("SET", "behind", "v") if mode == "yes" else None
        before = _digest(server)
        server.end(signal.SIGKILL)
        redis = servers.oracle(lab.build, ["--dir", server.directory, "--appendonly", mode, "--enable-debug-command", "yes"])
        lab.started.append(redis)
        assert _digest(redis) == before, mode
        with redis.connect() as connection:
            connection.call("SET", "by redis", "v")
            connection.call("SAVE")
        before = _digest(redis)
        redis.end(signal.SIGTERM)
        server.begin()
        assert _digest(server) == before, mode


def nothing_acknowledged_is_lost_by_a_kill(lab):
    for policy in ("always", "everysec"):
        server = _start(lab, "--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-min-size", "64kb")
        acknowledged, sent = {}, {}

        def write(seed, server=server, acknowledged=acknowledged, sent=sent):
            draw = random.Random(seed)
            try:
                with server.connect() as connection:
                    while True:
                        key, value = f"{seed}:{draw.randrange(50)}", str(draw.random())
                        commands = [["SET", key, value], ["SET", key + "'", value]]
                        if draw.randrange(3) == 0:
                            commands = [["MULTI"], *commands, ["EXEC"]]
                        sent[key] = sent[key + "'"] = value
                        for command in commands:
                            connection.send(*command)
                        for _ in commands:
                            connection.read(10)
                        acknowledged[key] = acknowledged[key + "'"] = value
            except (OSError, resp.Closed, resp.NoReply):
                pass

        for round_number in range(5):
            writers = [threading.Thread(target=write, args=(f"w{round_number}{i}",)) for i in range(4)]
            for writer in writers:
                writer.start()
            time.sleep(0.2 + random.random() * 0.3)
            server.end(signal.SIGKILL)
            for writer in writers:
                writer.join()
            server.begin()
            with server.connect() as connection:
                for key, value in acknowledged.items():
                    found = connection.call("GET", key)[1].decode()
                    assert found in (value, sent[key]), (policy, key, value, found)


def a_damaged_file_is_refused(lab):
    server = _start(lab)
    with server.connect() as connection:
        _fill(connection)
        connection.call("SAVE")
    server.end(signal.SIGKILL)
    path = os.path.join(server.directory, "dump.rdb")
    content = bytearray(open(path, "rb").read())
    content[len(content) // 2] ^= 0x40
    open(path, "wb").write(content)
    server.begin(waits=False)
    assert server.process.wait(10) == 1
    assert "dump.rdb" in server.log() and "Fatal error loading the DB" in server.log()


def a_server_that_loads_tells_how_far_it_is(lab):
    metrics = servers.free_port()
    server = _start(lab, "--metrics-port", metrics)
    with server.connect() as connection:
        for number in range(5000):
            connection.send("SET", f"k{number}", "v" * 20)
        for _ in range(5000):
            connection.read(10)
        connection.call("SAVE")
    server.end()
    server.argv += ["--key-load-delay", "10000"]
    server.begin(waits=False)

    def is_loading():
        try:
            return 0 < float(_persistence(server).get("loading_loaded_perc", "0")) < 100
        except (OSError, resp.Closed, resp.NoReply):
            return False

    lab.eventually(is_loading, 20)
    assert _ready(metrics) == (503, "loading\n")
    info = _persistence(server)
    assert info["loading"] == "1" and int(info["loading_eta_seconds"]) > 0, info
    assert int(info["loading_total_bytes"]) == os.path.getsize(os.path.join(server.directory, "dump.rdb")), info
    assert 0 < int(info["loading_loaded_bytes"]) < int(info["loading_total_bytes"]), info
    assert int(info["loading_start_time"]) > time.time() - 600, info
    with server.connect() as connection:
        assert connection.call("GET", "k1")[1].startswith(b"LOADING")
        assert connection.call("PING")[1].startswith(b"LOADING")
        assert connection.call("CONFIG", "SET", "key-load-delay", "0") == (b"+", b"OK")
        lab.eventually(lambda: connection.call("PING") == (b"+", b"PONG"))
        assert connection.call("DBSIZE") == (b":", b"5000")
    assert _ready(metrics) == (200, "OK\n")
    info = _persistence(server)
    assert info["rdb_last_load_keys_loaded"] == "5000" and "loading_eta_seconds" not in info, info


def _ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def what_saves_and_the_log_take_is_told(lab):
    server = _start(lab, "--appendonly", "yes", "--appendfsync", "no")
    taken = ["long", "large set", "large hash"]
    with server.connect() as connection:
        _fill(connection)
        assert int(server.info("memory")["mem_aof_buffer"]) > 0
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "20000")
        for command, last in (("BGSAVE", "rdb_last_cow_size"), ("BGREWRITEAOF", "aof_last_cow_size")):
            assert int(_persistence(server)[last]) == 0
            connection.call(command)
            lab.eventually(lambda: _persistence(server)["current_save_keys_total"] != "0")
            connection.call("DEL", *taken)
            lab.eventually(lambda: int(_persistence(server)["current_cow_peak"]) > 0)
            memory = server.info("memory")
            assert int(memory["mem_not_counted_for_evict"]) >= int(memory["mem_aof_buffer"])
            connection.call("CONFIG", "SET", "rdb-key-save-delay", "0")
            lab.eventually(lambda last=last: int(_persistence(server)[last]) > 0)
            for values in VALUES:
                if values[1] in taken:
                    connection.call(*values)
            connection.call("CONFIG", "SET", "rdb-key-save-delay", "20000")
        connection.call("CONFIG", "SET", "rdb-key-save-delay", "0")
    assert _persistence(server)["current_cow_peak"] == "0"
