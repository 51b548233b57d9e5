"""Append-only files as docs/formats/aof.md describes them: written here from the description, read by
redis-check-aof, redis-server and `kvstash --check-aof`."""

import json
import os

from tests.support import servers

REPLID = "0123456789abcdef0123456789abcdef01234567"
SALT = 0x1234567890ABCDEF


def _crc64(crc, data):
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


def _line(text, salt):
    return b"%s head=%016x\r\n" % (text, _crc64(salt, text))


def _header(lsn):
    return _line(b"#KVSTASH:1 lsn=%d synced=%d replid=%s salt=%016x" % (lsn, lsn, REPLID.encode(), SALT), 0)


def _block(content, lsn, synced):
    text = b"#BLOCK:%d lsn=%d synced=%d crc=%016x" % (len(content), lsn, synced, _crc64(SALT, content))
    return _line(text, SALT) + content


def _record(*words):
    words = [word.encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class _Log:
    """The blocks of an increment, with the LSN behind them."""

    def __init__(self, lsn=0):
        self.lsn = lsn
        self.bytes = _header(lsn)
        self.synced = lsn

    def add(self, content, counted):
        self.bytes += _block(content, self.lsn, self.synced)
        self.lsn += counted


def _increment():
    """An increment with every kind of line, also between MULTI and EXEC."""
    log = _Log(lsn=1000)
    first = _record("SELECT", "0") + _record("SET", "a", "1")
    log.add(b"#TS:1700000000\r\n" + first, len(first))
    unit = _record("MULTI") + _record("SET", "b", "2")
    log.add(unit, len(unit))
    rest = _record("EXEC")
    log.add(b"#AOFONLY\r\n" + _record("SET", "c", "3") + rest, len(rest))
    log.synced = log.lsn
    last = _record("SET", "d", "4")
    log.add(b"#STREAMONLY:14\r\n" + last, 14 + len(last))
    log.add(b"#TS:1700000100\r\n" + _record("DEL", "a"), len(_record("DEL", "a")))
    return log


def _write(folder, content, name="appendonly.aof.1.incr.aof"):
    where = os.path.join(folder, "appendonlydir")
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, name), "wb") as out:
        out.write(content)
    manifest = os.path.join(where, "appendonly.aof.manifest")
    with open(manifest, "w", encoding="ascii") as out:
        out.write(f"file {name} seq 1 type i\n")
    return manifest, os.path.join(where, name)


def _link(lab, name):
    path = os.path.join(lab.folder(), name)
    os.symlink(os.path.abspath(lab.binary), path)
    return path


def _check(lab, *words, stdin=""):
    return lab.run(os.path.abspath(lab.binary), "--check-aof", *words, stdin=stdin, seconds=20)


def _values(lab, folder):
    """What redis-server loads from the folder."""
    server = servers.Server(
        [lab.tool("redis-server")], ["--dir", folder, "--appendonly", "yes", "--save", ""])
    lab.started.append(server)
    with server.connect() as connection:
        lab.eventually(lambda: connection.call("PING") == (b"+", b"PONG"))  # Not -LOADING.
        return [connection.call("GET", key)[1] for key in ("a", "b", "c", "d")]


def redis_checks_and_loads_our_increments(lab):
    folder = lab.folder()
    manifest, _ = _write(folder, _increment().bytes)
    status, out, err = lab.run(lab.tool("redis-check-aof"), manifest, seconds=20)
    assert status == 0 and "All AOF files and manifest are valid" in out, out + err
    assert _values(lab, folder) == [None, b"2", b"3", b"4"]


def our_check_reads_what_the_description_says(lab):
    log = _increment()
    manifest, path = _write(lab.folder(), log.bytes)
    status, out, err = _check(lab, "--json", manifest)
    report = json.loads(out)
    assert status == 0 and err == "" and report["valid"], out + err
    (file,) = report["files"]
    assert (file["format"], file["lsn_begin"], file["lsn_end"]) == ("kvstash", 1000, log.lsn), out
    assert file["sound_bytes"] == file["bytes"] == os.path.getsize(path), out
    assert file["units"] == 5 and file["synced"] == log.synced, out


def _snapshot(lab):
    """The bytes of an RDB that redis-server wrote."""
    redis = servers.oracle(lab.build)
    lab.started.append(redis)
    with redis.connect() as connection:
        connection.call("HSET", "h", "f", "v")
        connection.call("SET", "later", "v", "EX", "100000")
        connection.call("SAVE")
    with open(os.path.join(redis.directory, "dump.rdb"), "rb") as file:
        return file.read()


def both_checks_say_the_same_of_files_of_redis(lab):
    snapshot = _snapshot(lab)
    files = {
        "whole": _record("SET", "a", "1") + _record("MULTI") + _record("SET", "b", "2") + _record("EXEC"),
        "cut": _record("SET", "a", "1") + b"*1\r\n$4\r\nPI",
        "open": _record("SET", "a", "1") + _record("MULTI") + _record("SET", "b", "2"),
        "wrong": b"xyz",
        "line_end": b"*1\r\n$4\r\nEXECxx",
        "twice": _record("MULTI") + _record("MULTI"),
        "exec": _record("EXEC"),
        "prefix": b"*1\r\n+OK\r\n",
        "times": b"#TS:1700000000\r\n" + _record("SET", "a", "1") + b"#TS:1700000100\r\n" + _record("DEL", "a"),
        "empty": b"",
        "snapshot": snapshot,
        "records behind a snapshot": snapshot + _record("SET", "a", "1"),
        "cut behind a snapshot": snapshot + _record("SET", "a", "1") + b"*1\r\n$4\r\nPI",
        "another checksum": snapshot[:-1] + bytes([snapshot[-1] ^ 1]) + _record("SET", "a", "1"),
    }
    folder = lab.folder()
    names = (_link(lab, "redis-check-aof"), _link(lab, "kvstash-check-aof"))
    for name, content in files.items():
        path = os.path.join(folder, name)
        for options in ([], ["--truncate-to-timestamp", "1700000050"], ["--fix"]):
            with open(path, "wb") as out:
                out.write(content)
            theirs = lab.run(lab.tool("redis-check-aof"), *options, path, stdin="y\n", seconds=20)
            with open(path, "rb") as left:
                their_file = left.read()
            for program in names:
                with open(path, "wb") as out:
                    out.write(content)
                ours = lab.run(program, *options, path, stdin="y\n", seconds=20)
                with open(path, "rb") as left:
                    our_file = left.read()
                assert ours == theirs, (name, options, ours, theirs)
                assert our_file == their_file, (name, options)


def a_torn_tail_is_cut_and_then_both_accept_the_file(lab):
    folder = lab.folder()
    whole = _increment().bytes
    manifest, path = _write(folder, whole[:-3])
    status, out, _ = _check(lab, manifest)
    assert status == 1 and "has a torn tail" in out, out
    status, out, _ = _check(lab, "--fix", manifest, stdin="n\n")
    assert status == 1 and "Aborting..." in out and os.path.getsize(path) == len(whole) - 3, out
    status, out, _ = _check(lab, "--fix", "--yes", manifest)
    assert status == 0 and "Successfully truncated AOF appendonly.aof.1.incr.aof" in out, out
    status, out, _ = _check(lab, manifest)
    assert status == 0, out
    assert _values(lab, folder) == [b"1", b"2", b"3", b"4"]


def damage_to_what_was_durable_is_found_and_said(lab):
    content = bytearray(_increment().bytes)
    at = content.index(b"$1\r\nb\r\n$1\r\n2") + len(b"$1\r\nb\r\n$1\r\n")
    content[at] ^= 1
    manifest, _ = _write(lab.folder(), bytes(content))
    # Redis sees nothing wrong: it would serve the flipped value.
    status, out, _ = lab.run(lab.tool("redis-check-aof"), manifest, seconds=20)
    assert status == 0, out
    status, out, _ = _check(lab, manifest)
    assert status == 1 and "A block does not match its checksum" in out and "was on the disk up to LSN" in out, out


def a_file_is_cut_to_a_time_and_redis_loads_the_rest(lab):
    folder = lab.folder()
    manifest, _ = _write(folder, _increment().bytes)
    status, out, _ = _check(lab, "--truncate-to-timestamp", "1700000050", manifest)
    assert status == 0 and "Successfully truncated AOF appendonly.aof.1.incr.aof to timestamp 1700000050" in out, out
    assert _check(lab, manifest)[0] == 0
    assert _values(lab, folder) == [b"1", b"2", b"3", b"4"]


def what_redis_appends_to_our_file_is_read(lab):
    folder = lab.folder()
    manifest, path = _write(folder, _increment().bytes)
    size = os.path.getsize(path)
    server = servers.Server(
        [lab.tool("redis-server")],
        ["--dir", folder, "--appendonly", "yes", "--save", "", "--aof-timestamp-enabled", "yes"])
    lab.started.append(server)
    with server.connect() as connection:
        lab.eventually(lambda: connection.call("SET", "e", "5") == (b"+", b"OK"))
    server.process.terminate()
    server.process.wait(timeout=20)
    assert os.path.getsize(path) > size
    status, out, _ = _check(lab, "--json", manifest)
    assert status == 0 and json.loads(out)["files"][-1]["sound_bytes"] == os.path.getsize(path), out
