"""A script that runs for too long goes on, and the shards it holds go on answering."""

import time

from tests.support import resp, servers

CROSSES_THREADS = True

ENDLESS = "while true do end"
WRITES = "redis.call('SET', KEYS[1], 'half') while true do end"
LIBRARY = (
    "#!lua name=endless\n"
    "redis.register_function('spin', function() while true do end end)\n"
    "redis.register_function('write', function(keys) redis.call('SET', keys[1], 1) while true do end end)\n"
)
THRESHOLD = ("--busy-reply-threshold", "100")
BUSY = b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
BUSY_FUNCTION = b"BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
KILLED = b"ERR Script killed by user with SCRIPT KILL..."
UNKILLABLE = b"UNKILLABLE"
NOT_BUSY = (b"-", b"NOTBUSY No scripts in execution right now.")
OK = (b"+", b"OK")


def _connect_everywhere(server, shards):
    """Two connections to each shard, as the server deals them out in turn."""
    return [server.connect() for _ in range(2 * shards)]


def _busy(connection, *command):
    """Whether the command is answered -BUSY."""
    return connection.call(*command)[1] == BUSY


def _wait_until_busy(lab, connection):
    lab.eventually(lambda: _busy(connection, "PING"))


def _kill(lab, connection, family="SCRIPT"):
    lab.eventually(lambda: connection.call(family, "KILL") == OK)


def _is_normal(connections):
    for number, connection in enumerate(connections):
        assert connection.call("PING") == (b"+", b"PONG")
        assert connection.call("SET", f"after:{number}", number) == OK
    assert connections[0].call("MGET", *[f"after:{n}" for n in range(len(connections))])[1][0] == (b"$", b"0")


def an_endless_script_is_killed_from_every_shard(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    for killer in others:
        runner = server.connect()
        runner.send("EVAL", ENDLESS, "0")
        for other in others:
            _wait_until_busy(lab, other)
            assert _busy(other, "GET", "k") and _busy(other, "MSET", "a", "1", "b", "2", "c", "3")
        assert killer.call("SCRIPT", "KILL") == OK
        kind, text = runner.read()
        assert kind == b"-" and text.startswith(KILLED), text
        _is_normal([*others, runner])


def a_script_with_keys_holds_only_their_shards(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    runner = server.connect()
    body = "#!lua flags=declared-keys\nwhile true do end"
    runner.send("EVAL", body, "1", "k")
    lab.eventually(lambda: _busy(others[0], "GET", "k"))
    served = [n for other in others for n in range(64) if not _busy(other, "GET", f"key:{n}")]
    assert bool(served) == (lab.shards > 1), served
    for other in others:
        lab.eventually(lambda: _busy(other, "GET", "k"))
        assert _busy(other, "MSET", *[word for n in range(64) for word in (f"key:{n}", n)])
        assert _busy(other, "DBSIZE")
        answer = other.call("PING")
        assert answer[1] in (BUSY, b"PONG"), answer
    _kill(lab, others[-1])
    assert runner.read()[1].startswith(KILLED)
    _is_normal(others)


def a_script_that_wrote_is_not_killed_and_shutdown_nosave_ends_the_server(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    runner = server.connect()
    runner.send("EVAL", WRITES, "1", "k")
    lab.eventually(lambda: _busy(others[0], "GET", "k"))
    for other in others:
        lab.eventually(lambda: other.call("SCRIPT", "KILL")[1].startswith(UNKILLABLE))
        assert other.call("FUNCTION", "KILL")[1].startswith(UNKILLABLE)
        assert other.call("SHUTDOWN")[1] == BUSY
        assert other.call("SHUTDOWN", "SAVE")[1] == BUSY
    others[-1].send("SHUTDOWN", "NOSAVE")
    assert server.process.wait(20) == 0, server.log()[-3000:]


def an_endless_function_is_killed_as_a_function(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    assert others[0].call("FUNCTION", "LOAD", LIBRARY) == (b"$", b"endless")
    runner = server.connect()
    runner.send("FCALL", "spin", "1", "k", "word")
    lab.eventually(lambda: others[0].call("GET", "k")[1] == BUSY_FUNCTION)
    for other in others:
        assert other.call("SCRIPT", "KILL")[1] == BUSY_FUNCTION
        running = other.call("FUNCTION", "STATS")[1][1][1]
        assert running[:4] == [
            (b"$", b"name"), (b"$", b"spin"), (b"$", b"command"),
            (b"*", [(b"$", word) for word in (b"FCALL", b"spin", b"1", b"k", b"word")]),
        ]
        assert running[4] == (b"$", b"duration_ms") and int(running[5][1]) >= 100
    _kill(lab, others[-1], "FUNCTION")
    assert runner.read()[1].startswith(KILLED)
    assert others[0].call("FUNCTION", "STATS")[1][1][1] is None
    runner.send("FCALL", "write", "1", "k")
    lab.eventually(lambda: others[0].call("FUNCTION", "KILL")[1].startswith(UNKILLABLE))
    others[0].send("SHUTDOWN", "NOSAVE")
    assert server.process.wait(20) == 0, server.log()[-3000:]


def an_endless_script_in_a_transaction_is_killed_and_the_rest_runs(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    for runner in [server.connect() for _ in range(2 * lab.shards)]:
        for command in (("MULTI",), ("SET", "a", "1"), ("EVAL", ENDLESS, "0"), ("SET", "b", "2"), ("EXEC",)):
            runner.send(*command)
        assert [runner.read() for _ in range(4)] == [OK] + [(b"+", b"QUEUED")] * 3
        for other in others:
            _wait_until_busy(lab, other)
        _kill(lab, others[-1])
        first, second, third = runner.read()[1]
        assert first == OK and third == OK and second[1].startswith(KILLED)
        _is_normal(others)


def two_scripts_at_a_time_can_both_be_killed(lab):
    server = lab.start(*THRESHOLD)
    others = _connect_everywhere(server, lab.shards)
    first, second = server.connect(), server.connect()
    first.send("EVAL", "#!lua flags=declared-keys\nwhile true do end", "1", "a")
    second.send("EVAL", "#!lua flags=declared-keys\nwhile true do end", "1", "b")
    left = [first, second]

    def _has_ended(runner):
        others[0].call("SCRIPT", "KILL")
        try:
            kind, text = runner.read(0.05)
        except resp.NoReply:
            return False
        assert kind == b"-" and (text.startswith(KILLED) or text == BUSY), text
        return True

    for runner in left:
        lab.eventually(lambda: _has_ended(runner))
    _is_normal(others)


def pcall_and_coroutines_do_not_keep_a_script_alive(lab):
    server = lab.start(*THRESHOLD)
    other = server.connect()
    bodies = (
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(redis.call, 'GET', 'k') end",
        "local function f() while true do pcall(f) end end f()",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "local c = coroutine.create(function() while true do coroutine.yield() end end)"
        " while true do coroutine.resume(c) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "while true do pcall(error) end",
        "while true do pcall(string.find, string.rep('a', 5000), string.rep('a?', 30) .. 'b') end",
        "while true do redis.call('KEYS', '*') end",
    )
    for body in bodies:
        runner = server.connect(timeout=30)
        runner.send("EVAL", body, "1", "k")
        lab.eventually(lambda: _busy(other, "GET", "k"))
        _kill(lab, other)
        kind, text = runner.read()
        assert kind == b"-" and KILLED[4:] in text, (body, text)
        assert other.call("PING") == (b"+", b"PONG")


def what_was_under_way_is_answered_in_order(lab):
    server = lab.start(*THRESHOLD)
    runner, other = server.connect(), server.connect()
    commands = [("SET", f"k:{n}", n) for n in range(40)] + [("EVAL", ENDLESS, "0")]
    runner.send_raw(b"".join(resp.encode(command) for command in commands))
    _wait_until_busy(lab, other)
    runner.send_raw(resp.encode(("INCR", "after")) * 3)
    assert [runner.read() for _ in range(40)] == [OK] * 40
    other.send_raw(resp.encode(("GET", "k:1")) * 500 + resp.encode(("AUTH", "nobody")))
    assert [other.read()[1] for _ in range(500)] == [BUSY] * 500
    assert other.read()[1].startswith(b"ERR AUTH")
    _kill(lab, other)
    assert runner.read()[1].startswith(KILLED)
    assert [runner.read() for _ in range(3)] == [(b":", b"%d" % n) for n in (1, 2, 3)]


def what_came_together_with_a_script_does_not_wait_for_it(lab):
    server = lab.start(*THRESHOLD)
    other = server.connect()
    batches = (
        (("SET", "{k}1", "1"), ("EVAL", "#!lua flags=declared-keys\n" + ENDLESS, "1", "{k}"), ("GET", "{k}1")),
        (("MSET", "a", "1", "b", "2", "c", "3"), ("EVAL", ENDLESS, "0"), ("MSET", "a", "4", "b", "5", "c", "6")),
    )
    for commands in batches:
        for runner in _connect_everywhere(server, lab.shards):
            runner.send_raw(b"".join(resp.encode(command) for command in commands))
            assert runner.read(5) == OK
            lab.eventually(lambda: _busy(other, "GET", "{k}1"))
            _kill(lab, other)
            assert runner.read()[1].startswith(KILLED)
            kind, text = runner.read()
            assert kind != b"-" or text == BUSY, text
    _is_normal([other])


def clients_come_and_go_while_a_script_runs(lab):
    server = lab.start(*THRESHOLD)
    other = server.connect()
    runner = server.connect()
    runner.send("EVAL", ENDLESS, "0")
    _wait_until_busy(lab, other)
    for _ in range(20):
        with server.connect() as fresh:
            assert _busy(fresh, "PING")
            assert fresh.call("HELLO", "3")[0] == b"%"
            assert _busy(fresh, "PING")
    leaver = server.connect()
    assert leaver.call("QUIT") == OK
    try:
        leaver.read(5)
        raise AssertionError("it is open still")
    except resp.Closed:
        pass
    broken = server.connect()
    broken.send_raw(b"*1\r\n$x\r\n")
    assert broken.read()[1].startswith(b"ERR Protocol error")
    runner.close()
    _kill(lab, other)
    lab.eventually(lambda: other.call("PING") == (b"+", b"PONG"))
    lab.eventually(lambda: server.info("clients")["connected_clients"] == "2")


def those_who_wait_for_keys_are_served_after_the_script(lab):
    server = lab.start(*THRESHOLD)
    other, waiter, runner = server.connect(), server.connect(), server.connect()
    waiter.send("BLPOP", "list", "other-list", "0")
    lab.eventually(lambda: server.info("clients")["blocked_clients"] == "1")
    runner.send("EVAL", "redis.call('RPUSH', 'list', 'x') while not redis.call('GET', 'end') do end", "0")
    _wait_until_busy(lab, other)
    other.send("LPUSH", "other-list", "y")
    assert other.read()[1] == BUSY
    try:
        waiter.read(0.2)
        raise AssertionError("served in the middle of a script")
    except resp.NoReply:
        pass
    other.send("SHUTDOWN", "NOSAVE")
    assert server.process.wait(20) == 0, server.log()[-3000:]


def threshold_zero_is_never(lab):
    server = lab.start("--busy-reply-threshold", "0")
    other, runner = server.connect(), server.connect()
    runner.send("EVAL", "local n = 0 while n < 30000000 do n = n + 1 end return n", "0")
    other.send("PING")
    assert runner.read(60) == (b":", b"30000000")
    assert other.read() == (b"+", b"PONG")


def other_clients_hear_what_redis_tells_them(lab):
    """Every command the oracle answers while it is busy is answered with the same bytes."""
    redis = servers.oracle_tools(lab.build)["redis-server"]
    commands = [
        ("PING",), ("GET", "a"), ("FUNCTION", "STATS"), ("FUNCTION", "KILL"), ("AUTH", "x", "y"),
        ("MULTI",), ("SET", "a", "1"), ("EXEC",), ("MULTI",), ("EXEC",), ("WATCH", "k"), ("UNWATCH",),
        ("DISCARD",), ("MULTI",), ("DISCARD",), ("RESET",), ("CLIENT", "LIST"), ("SHUTDOWN",),
        ("SHUTDOWN", "SAVE"), ("SCRIPT", "EXISTS", "x"), ("GET",), ("EVAL", "return 1", "0"),
        ("SUBSCRIBE", "c"), ("BLPOP", "l", "0"), ("SCRIPT", "KILL"), ("SCRIPT", "KILL"),
    ]
    heard = []
    started = [servers.Server([redis], [*THRESHOLD, "--save", ""]), lab.start(*THRESHOLD)]
    try:
        for server in started:
            runner, other, before = server.connect(), server.connect(), server.connect()
            before.call("WATCH", "w")
            before.call("MULTI")
            before.call("SET", "w", "1")
            runner.send("EVAL", ENDLESS, "0")
            _wait_until_busy(lab, other)
            replies = [before.call("EXEC")]
            for command in commands[:-1]:
                replies.append(other.call(*command))
            replies.append(runner.read())
            replies.append(other.call(*commands[-1]))
            heard.append(replies)
    finally:
        started[0].stop()
    for command, theirs, ours in zip(["EXEC", *commands], *heard):
        assert theirs == ours, (command, theirs, ours)


def loading_a_library_ends_after_half_a_second(server):
    with server.connect() as connection:
        began = time.monotonic()
        answer = connection.call("FUNCTION", "LOAD", "#!lua name=slow\nwhile true do end")
        assert answer == (b"-", b"ERR Error registering functions: ERR FUNCTION LOAD timeout"), answer
        assert 0.4 < time.monotonic() - began < 5
        assert connection.call("PING") == (b"+", b"PONG")
