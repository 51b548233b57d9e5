"""`kvstash --check-rdb` beside redis-check-rdb: of whole files both print the same, of damaged ones both say no."""

import json
import os

from tests.support import sample_values, servers

FUNCTION = "#!lua name=lib\nredis.register_function('f', function() return 7 end)"


def _snapshot(lab, *args):
    """A snapshot by redis-server with every type and encoding under the given limits."""
    folder = lab.folder()
    redis = servers.oracle(lab.build, ["--dir", folder, *map(str, args)])
    lab.started.append(redis)
    with redis.connect(timeout=30) as connection:
        sample_values.fill(connection)
        for command in (
                ["FUNCTION", "LOAD", FUNCTION], ["SET", "later", "v", "EX", "100000"], ["SELECT", "3"],
                ["SET", "elsewhere", "v"], ["SAVE"]):
            connection.call(*command)
    redis.stop()
    return os.path.join(folder, "dump.rdb")


def _both(lab, path):
    """(exit code, output) of redis-check-rdb and of ours under its name."""
    link = os.path.join(lab.folder(), "redis-check-rdb")
    os.symlink(os.path.abspath(lab.binary), link)
    return lab.run(lab.tool("redis-check-rdb"), path, seconds=20)[:2], lab.run(link, path, seconds=20)[:2]


def whole_snapshots_of_redis_are_reported_alike(lab):
    for name, limits in sample_values.PROFILES.items():
        for more in ([], ["--rdbchecksum", "no"], ["--rdbcompression", "no"]):
            theirs, ours = _both(lab, _snapshot(lab, *limits, *more))
            assert theirs[0] == 0 and ours == theirs, (name, more, ours, theirs)


def _facts(report):
    return [line for line in report.splitlines() if line.startswith(("[info]", "[additional info] Reading key"))]


def damaged_snapshots_are_refused_alike(lab):
    path = _snapshot(lab)
    with open(path, "rb") as file:
        whole = file.read()
    size = len(whole)
    cases = {f"cut at {at}": whole[:at] for at in (0, 5, 9, 30, size // 3, size // 2, size - 9, size - 8, size - 1)}
    cases["another checksum"] = whole[:-1] + bytes([whole[-1] ^ 1])
    cases["another version"] = b"REDIS9999" + whole[9:]
    cases["another magic"] = b"REDOS" + whole[5:]
    cases["something else"] = b"*1\r\n$4\r\nPING\r\n"
    for name, content in cases.items():
        with open(path, "wb") as file:
            file.write(content)
        theirs, ours = _both(lab, path)
        assert theirs[0] == 1 and ours[0] == 1, (name, ours, theirs)
        assert "--- RDB ERROR DETECTED ---" in ours[1], (name, ours)
        # What was read before the damage, and which key is damaged.
        assert _facts(ours[1]) == _facts(theirs[1]), (name, ours, theirs)


def a_flipped_bit_is_found_wherever_it_is(lab):
    path = _snapshot(lab)
    with open(path, "rb") as file:
        whole = file.read()
    for at in range(9, len(whole), len(whole) // 40):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        with open(path, "wb") as file:
            file.write(damaged)
        status, out, _ = lab.run(os.path.abspath(lab.binary), "--check-rdb", "--json", path, seconds=20)
        report = json.loads(out)
        assert status == 1 and not report["valid"] and report["error"], (at, out)


def the_report_for_scripts_counts_what_is_there(lab):
    path = _snapshot(lab)
    status, out, err = lab.run(os.path.abspath(lab.binary), "--check-rdb", "--json", path, seconds=20)
    report = json.loads(out)
    assert status == 0 and err == "" and report["valid"], out + err
    assert report["bytes"] == os.path.getsize(path) and report["functions"] == 1 and report["expires"] == 1, out
    assert (report["format"], report["version"], report["checksum"]) == ("redis", 10, "right"), out
    status, out, _ = lab.run(os.path.abspath(lab.binary), "--check-rdb", seconds=20)
    assert status == 1 and out.endswith("--check-rdb [--json] <rdb-file-name>\n"), out
