"""The libraries that scripts have answer as Redis's do, errors too: random calls at every boundary, on both servers."""

import random

from tests.support import lua_calls, servers

CALLS = 1500
SEEDS = (1, 2)


def _reply(connection, script):
    kind, value = connection.call("EVAL", script, "0")
    return kind, value


def calls_of_libraries_answer_as_on_redis(lab):
    oracle = servers.oracle(lab.build)
    server = lab.start()
    try:
        with server.connect(timeout=60) as ours, oracle.connect(timeout=60) as theirs:
            for seed in SEEDS:
                calls = lua_calls.Calls(random.Random(seed))
                for _ in range(CALLS // len(SEEDS)):
                    script = calls.script()
                    call = script.removeprefix(lua_calls.PRELUDE)
                    assert _reply(ours, script) == _reply(theirs, script), (seed, call)
                # Each script is a new one, and Redis keeps them all.
                ours.call("SCRIPT", "FLUSH")
                theirs.call("SCRIPT", "FLUSH")
    finally:
        oracle.stop()
