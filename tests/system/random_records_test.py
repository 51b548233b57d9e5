"""The log of random commands, of all that the command table has, is read by redis-server 7.0, which then holds the same
data. Replay into this server itself is compared unit by unit in tests/unit/engine/execution/records_model_test.cc."""

import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import signal

from tests.support import extras, sample_values, servers

COMMANDS = 24000
PIPELINE = 24
# Deadlines of fields are the one thing that Redis 7.0 has no command for.
FIELD_DEADLINES = ("hexpire", "hpexpire", "hexpireat", "hpexpireat", "hsetex", "hgetex")
DEBUG = ["--enable-debug-command", "yes"]


def _differential():
    """The program that draws commands; its file is not named as a module."""
    path = str(pathlib.Path(__file__).resolve().parents[2] / "utils" / "differential")
    loader = importlib.machinery.SourceFileLoader("differential", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("differential", loader))
    loader.exec_module(module)
    return module


def _run(server, differential, seed):
    """Runs the commands, some of which are refused. Returns how many were not, by name."""
    with server.connect(timeout=60) as connection:
        docs = connection.call("COMMAND", "DOCS")
        pairs = [pair for pair in zip(docs[1][::2], docs[1][1::2])
                 if differential.as_text(pair[0]) not in FIELD_DEADLINES]
        generator = differential.Generator(seed, (docs[0], [item for pair in pairs for item in pair]))
        connection.call("FUNCTION", "LOAD", extras.LIBRARY)
        taken = {}
        for _ in range(COMMANDS // PIPELINE):
            commands = generator.commands(PIPELINE)
            connection.send_raw(b"".join(map(differential.resp.encode, commands)))
            for command in commands:
                if connection.read()[0] != b"-":
                    taken[command[0]] = taken.get(command[0], 0) + 1
        # A transaction that was left open leaves no trace.
        connection.call("DISCARD")
        return taken


def _data(server):
    with server.connect(timeout=60) as connection:
        data = {}
        for db in range(16):
            connection.call("SELECT", str(db))
            for key in sample_values.keys(connection):
                deadline = connection.call("PEXPIRETIME", key)[1]
                data[db, key] = sample_values.shown(connection, key)[0], deadline
        return data


def the_log_of_random_commands_is_read_by_redis(lab):
    differential = _differential()
    seed = int(os.environ.get("KVSTASH_SEED", "20261130"))
    print(f"seed {seed}")
    folder, copy = lab.folder(), lab.folder()
    ours = lab.start(*DEBUG, "--save", "", "--appendonly", "yes", "--rdb-version", "10", "--dir", folder)
    taken = _run(ours, differential, seed)
    assert len(taken) > 100, sorted(taken)
    data = _data(ours)
    assert data, "nothing is left to be compared"
    ours.end(signal.SIGTERM)
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    redis = servers.oracle(lab.build, [*DEBUG, "--appendonly", "yes", "--dir", copy])
    lab.started.append(redis)
    found = _data(redis)
    differ = {key: (data.get(key), found.get(key)) for key in data.keys() | found.keys()
              if data.get(key) != found.get(key)}
    assert not differ, differ
    redis.stop()
    ours.begin()
    assert _data(ours) == data
    ours.stop()
