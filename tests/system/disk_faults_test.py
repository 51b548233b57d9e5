"""What a server does when its disk is full, fails, or stalls: it refuses or holds writes, answers reads, loses nothing
that it acknowledged, and goes on as soon as the disk does."""

import os
import random
import shutil
import signal
import threading
import time

from tests.support import resp, servers
from tests.support.faulty_disk import EIO, ENOSPC, FaultyDisk

POLICIES = ("always", "everysec", "no")
DISK_EVENTS = ("aof-write", "aof-write-alone", "aof-write-pending-fsync", "aof-write-active-child", "aof-fsync-always")
AOF_FULL = b"MISCONF Errors writing to the AOF file: No space left on device"


def _logged(disk, policy, *args):
    return disk.start("--enable-debug-command", "yes", "--save", "", "--appendonly", "yes", "--appendfsync", policy, *args)


class _Writer:
    """Counts up keys of its own on one connection after the other, until it is ended; notes what was acknowledged."""

    def __init__(self, server, number):
        self.server, self.number = server, number
        self.acknowledged, self.sent, self.refused, self.closed = {}, {}, 0, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        count = 0
        while not self.stop.is_set():
            try:
                with self.server.connect() as connection:
                    while not self.stop.is_set():
                        count += 1
                        key = f"w{self.number}:{count % 20}"
                        self.sent[key] = count
                        if count % 3 == 0:
                            twin = key + "'"
                            self.sent[twin] = count
                            for command in (["MULTI"], ["SET", key, count], ["SET", twin, count], ["EXEC"]):
                                connection.send(*command)
                            reply = [connection.read(10) for _ in range(4)][-1]
                        else:
                            twin = None
                            reply = connection.call("SET", key, count)
                        if reply[0] == b"-":
                            assert b"MISCONF" in reply[1] or b"EXECABORT" in reply[1], reply
                            self.refused += 1
                            time.sleep(0.002)
                            continue
                        self.acknowledged[key] = count
                        if twin:
                            self.acknowledged[twin] = count
            except (OSError, resp.Closed, resp.NoReply):
                self.closed += 1
                time.sleep(0.005)

    def end(self):
        self.stop.set()
        self.thread.join()

    def check(self, connection, what):
        """What the server has is what was acknowledged, or was sent behind that."""
        for key, value in self.acknowledged.items():
            found = connection.call("GET", key)[1]
            assert found is not None and value <= int(found) <= self.sent[key], (what, key, value, found)


class _Reader:
    """Reads all the time; notes the longest wait, on one connection that must not break."""

    def __init__(self, server):
        self.server, self.longest, self.reads, self.error = server, 0.0, 0, None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            with self.server.connect() as connection:
                while not self.stop.is_set():
                    began = time.monotonic()
                    reply = connection.call("GET", f"read:{self.reads % 10}")
                    assert reply[0] == b"$", reply
                    self.longest = max(self.longest, time.monotonic() - began)
                    self.reads += 1
                    time.sleep(0.001)
        except Exception as error:  # Told at the end.
            self.error = error

    def end(self):
        self.stop.set()
        self.thread.join()
        assert self.error is None, self.error
        assert self.reads > 0
        return self.longest


def _wait_for_writes(lab, server):
    """Returns the seconds until a write is taken."""
    began = time.monotonic()
    with server.connect() as connection:
        lab.eventually(lambda: connection.call("SET", "probe", "v") == (b"+", b"OK"))
    return time.monotonic() - began


def a_full_disk_refuses_writes_and_nothing_else(lab):
    for policy in POLICIES:
        disk = FaultyDisk(lab)
        server = _logged(disk, policy)
        writers = [_Writer(server, number) for number in range(4)]
        reader = _Reader(server)
        try:
            time.sleep(0.3)
            for _ in range(2):
                disk.fill()
                with server.connect() as connection:
                    lab.eventually(lambda: connection.call("PING") == (b"-", AOF_FULL), 5)
                    assert connection.call("SET", "k", "v") == (b"-", AOF_FULL)
                    assert connection.call("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k")[0] == b"-"
                    assert connection.call("MULTI")[1] == b"OK"
                    assert connection.call("SET", "k", "v") == (b"-", AOF_FULL)
                    assert connection.call("EXEC")[1].startswith(b"EXECABORT")
                    assert connection.call("GET", "k")[0] == b"$"
                    assert server.info("persistence")["aof_last_write_status"] == "err"
                time.sleep(0.3)
                disk.set()
                took = _wait_for_writes(lab, server)
                assert took < 1.0, (policy, took)
                assert server.info("persistence")["aof_last_write_status"] == "ok"
                time.sleep(0.2)
        finally:
            for writer in writers:
                writer.end()
        reader.end()
        assert server.is_alive()
        server.end(signal.SIGKILL)
        server.begin()
        with server.connect() as connection:
            for writer in writers:
                assert writer.refused > 0 and writer.acknowledged
                writer.check(connection, policy)


def a_server_that_dies_on_a_full_disk_lost_nothing(lab):
    for policy in POLICIES:
        for rules in ([("write", ".", "fail", ENOSPC)], [("rename", "manifest", "fail", EIO)],
                      [("sync", "appendonly", "fail", EIO)], [("truncate", "incr", "fail", EIO)]):
            disk = FaultyDisk(lab)
            server = _logged(disk, policy)
            writers = [_Writer(server, number) for number in range(3)]
            time.sleep(0.2)
            disk.set(("write", "incr.aof", "fail", EIO, 1), *rules)
            time.sleep(0.4)
            server.end(signal.SIGKILL)
            disk.set()
            for writer in writers:
                writer.end()
            server.begin()
            with server.connect() as connection:
                for writer in writers:
                    writer.check(connection, (policy, rules))


def a_failed_sync_loses_nothing(lab):
    for policy in ("always", "everysec"):
        disk = FaultyDisk(lab)
        server = _logged(disk, policy)
        reader = _Reader(server)
        writers = [_Writer(server, number) for number in range(3)]
        for _ in range(5):
            time.sleep(0.2)
            disk.set(("sync", "incr.aof", "fail", EIO, 1))
            lab.eventually(lambda: open(server.log_path, "rb").read().count(b"append-only file failed") > 0)
        time.sleep(1.2)
        disk.set()
        info = server.info("persistence")
        assert info["aof_last_write_status"] == "ok", info
        for writer in writers:
            writer.end()
        reader.end()
        with server.connect() as connection:
            before = connection.call("DEBUG", "DIGEST")
        server.end(signal.SIGKILL)
        # Redis applies nothing twice.
        redis = servers.oracle(lab.build, ["--dir", server.directory, "--appendonly", "yes", "--enable-debug-command", "yes"]) \
            if _is_readable_by_redis(server) else None
        if redis is not None:
            lab.started.append(redis)
            with redis.connect() as connection:
                assert connection.call("DEBUG", "DIGEST") == before
            redis.end(signal.SIGKILL)
        server.begin()
        with server.connect() as connection:
            assert connection.call("DEBUG", "DIGEST") == before
            for writer in writers:
                writer.check(connection, policy)


def _is_readable_by_redis(server):
    """Redis 7.0 refuses a base of a later version than its own."""
    folder = os.path.join(server.directory, "appendonlydir")
    base = next(name for name in os.listdir(folder) if ".base." in name)
    with open(os.path.join(folder, base), "rb") as file:
        return file.read(9) <= b"REDIS0010"


def a_stall_of_the_disk_stops_no_shard(lab):
    for policy, call in (("always", "write"), ("always", "sync"), ("everysec", "write"), ("everysec", "sync"), ("no", "write")):
        disk = FaultyDisk(lab)
        server = _logged(disk, policy, "--latency-monitor-threshold", "1000")
        reader = _Reader(server)
        writers = [_Writer(server, number) for number in range(3)]
        time.sleep(1.2)
        disk.set((call, "incr.aof", "stall", 2500, 1))
        time.sleep(0.5)
        began = time.monotonic()
        assert server.info("server")["redis_mode"] == "standalone"  # The shards are there.
        if policy != "always":
            assert time.monotonic() - began < 0.5
        time.sleep(3.5)
        delayed = int(server.info("persistence")["aof_delayed_fsync"])
        for writer in writers:
            writer.end()
        longest = reader.end()
        # A read waits for what it shows only where it must be on the disk.
        assert longest < (4 if policy == "always" else 0.5), (policy, call, longest)
        assert (delayed > 0) == ((policy, call) == ("everysec", "sync")), (policy, call, delayed)
        assert sum(writer.refused for writer in writers) == 0
        assert sum(writer.closed for writer in writers) == 0
        # As Redis names it; a sync of `everysec` is no event there either.
        with server.connect() as connection:
            slow = {event: len(connection.call("LATENCY", "HISTORY", event)[1]) for event in DISK_EVENTS}
        if call == "write":
            assert slow["aof-write"] == 1 and slow["aof-fsync-always"] == 0, (policy, slow)
            assert slow["aof-write-alone"] + slow["aof-write-pending-fsync"] == 1, (policy, slow)
        else:
            assert slow["aof-fsync-always"] == (policy == "always"), (policy, slow)
            assert slow["aof-write"] == 0, (policy, slow)


def writes_wait_when_too_much_is_not_written(lab):
    disk = FaultyDisk(lab)
    server = _logged(disk, "everysec")
    value = "x" * 100_000
    disk.set(("write", "incr.aof", "stall", 6000, 1))
    count = 0
    with server.connect() as connection:
        connection.socket.settimeout(0.5)
        sent = threading.Event()

        def send():
            nonlocal count
            with server.connect(timeout=30) as other:
                for count in range(2000):
                    other.send("SET", f"k{count % 50}", value)
                sent.set()
                for _ in range(2000):
                    assert other.read(30) == (b"+", b"OK")

        thread = threading.Thread(target=send, daemon=True)
        began = time.monotonic()
        thread.start()
        lab.eventually(lambda: "Writes wait" in server.log(), 5)
        # Reads and INFO go on, and memory stays within the bound.
        assert connection.call("GET", "none") == (b"$", None)
        info = server.info("persistence")
        assert 64 << 20 < int(info["aof_buffer_length"]) < 80 << 20, info["aof_buffer_length"]
        thread.join()
        assert time.monotonic() - began > 4
        assert "Writes go on" in server.log()
        assert connection.call("SET", "k", "v") == (b"+", b"OK")


def a_failed_save_stops_writes_as_in_redis(lab):
    own = lab.start("--save", "3600 1", "--dbfilename", "taken.rdb")
    redis = servers.oracle(lab.build, ["--save", "3600 1", "--dbfilename", "taken.rdb"])
    lab.started.append(redis)
    answers = []
    for server in (own, redis):
        said = []

        def call(*words, server=server, said=said):
            with server.connect() as connection:
                said.append(connection.call(*words))
            return said[-1]

        def saves(server=server, call=call):
            call("BGSAVE")
            lab.eventually(lambda: server.info("persistence")["rdb_bgsave_in_progress"] == "0")
            said.append(server.info("persistence")["rdb_last_bgsave_status"])

        call("SET", "k", "v")
        taken = os.path.join(server.directory, "taken.rdb")
        os.mkdir(taken)  # A directory: the rename fails.
        call("SAVE")
        call("SET", "k", "v")  # Only background saves count.
        saves()
        call("SET", "k", "v")
        call("PING")
        call("GET", "k")
        call("EVAL", "return redis.call('get', KEYS[1])", "1", "k")
        call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        call("SET", "k", "v")
        call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        call("SET", "k", "v")
        call("CONFIG", "SET", "save", "")
        call("SET", "k", "v")
        call("CONFIG", "SET", "save", "3600 1")
        call("SET", "k", "v")
        os.rmdir(taken)
        saves()
        call("SET", "k", "v")
        answers.append(said)
    for mine, theirs in zip(*answers):
        assert mine == theirs, (mine, theirs)
    assert any(b"MISCONF" in reply[1] for reply in answers[0] if isinstance(reply, tuple) and reply[0] == b"-")


def a_save_on_a_full_disk_leaves_the_old_file(lab):
    for rules in ([("write", "temp-", "fail", ENOSPC)], [("sync", "temp-", "fail", EIO)], [("open", "temp-", "fail", ENOSPC)],
                  [("rename", "dump.rdb", "fail", EIO)]):
        disk = FaultyDisk(lab)
        server = disk.start("--save", "3600 1", "--enable-debug-command", "yes")
        with server.connect() as connection:
            connection.call("SET", "k", "old")
            assert connection.call("SAVE") == (b"+", b"OK")
            connection.call("SET", "k", "new")
            connection.call("DEBUG", "POPULATE", "20000")
            disk.set(*rules)
            connection.call("BGSAVE")
            lab.eventually(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err")
            assert connection.call("SET", "k", "newer")[1].startswith(b"MISCONF Redis is configured to save RDB")
            assert connection.call("GET", "k") == (b"$", b"new")
            assert sorted(name for name in os.listdir(server.directory) if name != "log") == ["dump.rdb"]
            disk.set()
            assert connection.call("BGSAVE")[0] == b"+"
            lab.eventually(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "ok")
            assert connection.call("SET", "k", "newer") == (b"+", b"OK")
            disk.set(*rules)
            assert connection.call("SAVE")[0] == b"-"
        server.end(signal.SIGKILL)
        server.begin()
        with server.connect() as connection:
            assert connection.call("GET", "k") == (b"$", b"new")


def a_failed_rewrite_leaves_the_old_state(lab):
    for rules in ([("write", "temp-rewriteaof", "fail", ENOSPC)], [("sync", "temp-rewriteaof", "fail", EIO)],
                  [("rename", "base", "fail", EIO)], [("rename", "manifest", "fail", EIO)],
                  [("open", "incr", "fail", ENOSPC)], [("unlink", "incr", "fail", EIO)]):
        disk = FaultyDisk(lab)
        server = _logged(disk, "everysec")
        writers = [_Writer(server, number) for number in range(2)]
        with server.connect() as connection:
            for fails in (True, True, False):
                disk.set(*(rules if fails else ()))
                if not fails:
                    _wait_for_writes(lab, server)
                rewrites = server.info("persistence")
                connection.call("BGREWRITEAOF")
                lab.eventually(lambda: server.info("persistence")["aof_rewrite_in_progress"] == "0", 20)
                info = server.info("persistence")
                assert info["aof_last_bgrewrite_status"] == ("err" if fails else "ok"), (rules, fails, rewrites, info)
                time.sleep(0.1)
        for writer in writers:
            writer.end()
        server.end(signal.SIGKILL)
        server.begin()
        with server.connect() as connection:
            for writer in writers:
                writer.check(connection, rules)


def a_log_that_may_not_be_on_the_disk_is_rewritten_once(lab):
    """Under `no` a file that fails may lack what was acknowledged: only a new base holds that."""
    disk = FaultyDisk(lab)
    server = _logged(disk, "no")
    begins = "Rewriting of the AOF starts: a file failed"
    with server.connect() as connection:
        for number in range(2):
            rewrites = int(server.info("persistence")["aof_rewrites"])
            connection.call("SET", "k", number)
            disk.set(("write", "incr.aof", "fail", EIO, 1))
            connection.send("SET", "k", "v")
            lab.eventually(lambda: server.log().count(begins) == number + 1)
            disk.set()
            lab.eventually(lambda: int(server.info("persistence")["aof_rewrites"]) == rewrites + 1)
            connection.read(10)
        time.sleep(0.5)
        assert server.log().count(begins) == 2
        assert connection.call("GET", "k") == (b"$", b"v")


def automatic_rewrites_that_fail_are_limited(lab):
    disk = FaultyDisk(lab)
    server = _logged(disk, "no", "--auto-aof-rewrite-min-size", "1kb")
    disk.set(("write", "temp-rewriteaof", "fail", ENOSPC))
    with server.connect() as connection:
        for number in range(200):
            connection.call("SET", f"k{number}", "x" * 1000)
        lab.eventually(lambda: server.log().count("rewrite terminated with error") >= 3)
        time.sleep(1.5)
        assert server.log().count("rewrite terminated with error") == 3
        disk.set()
        assert connection.call("BGREWRITEAOF")[0] == b"+"
        lab.eventually(lambda: server.info("persistence")["aof_last_bgrewrite_status"] == "ok")


def a_power_cut_takes_only_what_the_policy_allows(lab):
    draw = random.Random(lab.shards)
    for policy in ("always", "everysec"):
        disk = FaultyDisk(lab)
        server = _logged(disk, policy)
        for _ in range(4):
            writers = [_Writer(server, f"{number}") for number in range(3)]
            time.sleep(0.2 + draw.random())
            with server.connect() as connection:
                if draw.randrange(2):
                    connection.call("BGREWRITEAOF")
                    time.sleep(draw.random() * 0.05)
            server.end(signal.SIGKILL)
            for writer in writers:
                writer.end()
            disk.cut_power(server.directory, draw)
            server.begin()
            if policy == "always":
                with server.connect() as connection:
                    for writer in writers:
                        writer.check(connection, policy)


def _rounds():
    return int(os.environ.get("KVSTASH_KILL_ROUNDS", "3"))


def nothing_acknowledged_is_lost_while_files_change(lab):
    for policy in POLICIES:
        server = lab.start_sharded(
            1 if lab.shards == 1 else 4, "--appendonly", "yes", "--appendfsync", policy, "--save", "",
            "--auto-aof-rewrite-min-size", "64kb", "--enable-debug-command", "yes",
        )
        draw = random.Random(lab.shards)
        for round_number in range(_rounds()):
            writers = [_Writer(server, f"{round_number}.{number}") for number in range(4)]
            stop = threading.Event()

            def disturb(server=server, stop=stop):
                try:
                    with server.connect() as connection:
                        while not stop.is_set():
                            for command in (["BGSAVE"], ["BGREWRITEAOF"], ["CONFIG", "SET", "appendfsync", policy]):
                                connection.call(*command)
                                stop.wait(0.02)
                except (OSError, resp.Closed, resp.NoReply):
                    pass

            disturber = threading.Thread(target=disturb, daemon=True)
            disturber.start()
            time.sleep(0.1 + draw.random() * 0.5)
            server.end(signal.SIGKILL)
            stop.set()
            disturber.join()
            for writer in writers:
                writer.end()
            server.begin()
            with server.connect() as connection:
                for writer in writers:
                    writer.check(connection, policy)


def the_log_survives_kills_while_it_is_switched(lab):
    """What was acknowledged while the log was on, and stayed on, is there."""
    server = lab.start_sharded(1 if lab.shards == 1 else 4, "--appendonly", "yes", "--save", "", "--enable-debug-command", "yes")
    draw = random.Random(lab.shards)
    for round_number in range(_rounds()):
        writers = [_Writer(server, f"{round_number}.{number}") for number in range(3)]
        with server.connect() as connection:
            for _ in range(draw.randrange(1, 5)):
                connection.call("CONFIG", "SET", "appendonly", "no")
                time.sleep(draw.random() * 0.1)
                connection.call("CONFIG", "SET", "appendonly", "yes")
                time.sleep(draw.random() * 0.1)

            def is_on():
                info = server.info("persistence")
                return info["aof_enabled"] == "1" and info["aof_rewrite_in_progress"] == "0"

            lab.eventually(is_on, 20)
            time.sleep(0.1)
        server.end(signal.SIGKILL)
        for writer in writers:
            writer.end()
        server.begin()
        with server.connect() as connection:
            for writer in writers:
                writer.check(connection, round_number)


def what_redis_appended_behind_a_torn_block_is_kept(lab):
    server = lab.start("--save", "", "--appendonly", "yes", "--rdb-version", "10", "--enable-debug-command", "yes")
    with server.connect() as connection:
        # The last block holds several records.
        connection.send_raw(b"".join(b"*3\r\n$3\r\nSET\r\n$2\r\nk%d\r\n$1\r\nv\r\n" % number for number in range(8)))
        for _ in range(8):
            assert connection.read(10) == (b"+", b"OK")
    server.end(signal.SIGKILL)
    folder = os.path.join(server.directory, "appendonlydir")
    path = os.path.join(folder, sorted(name for name in os.listdir(folder) if ".incr." in name)[-1])
    whole = open(path, "rb").read()
    begin = whole.rfind(b"#BLOCK")
    original = os.path.join(lab.folder(), "original")
    shutil.copytree(folder, original)
    draw = random.Random(lab.shards)
    for cut in sorted(draw.sample(range(begin, len(whole)), min(12, len(whole) - begin))):
        for words in (["SET", "by", "redis"], ["RPUSH", "by", *["redis" * 50] * 20]):
            shutil.rmtree(folder)
            shutil.copytree(original, folder)
            with open(path, "r+b") as file:
                file.truncate(cut)
            redis = servers.oracle(lab.build, ["--dir", server.directory, "--appendonly", "yes", "--enable-debug-command", "yes"])
            lab.started.append(redis)
            with redis.connect() as connection:
                connection.call(*words)
                before = connection.call("DEBUG", "DIGEST")
            redis.end(signal.SIGTERM)
            server.begin()
            with server.connect() as connection:
                assert connection.call("DEBUG", "DIGEST") == before, (cut, words)
            server.end(signal.SIGKILL)
