"""One connection's replies come in the order of its commands, and its effects too, whatever shards they need."""

import random
import time

from tests.support import resp
from tests.support.together import together

CROSSES_THREADS = True

KEYS = [f"key:{n}" for n in range(24)]
DATABASES = 3  # Of each connection.
PIPELINES = 40
LENGTH = 120


class _Model:
    """What a Redis of one thread would answer."""

    def __init__(self, first_db=0):
        self.databases = [{} for _ in range(16)]
        self.first_db = self.db = first_db

    @property
    def data(self):
        return self.databases[self.db]

    def answer(self, name, *args):
        return getattr(self, name.lower())(*args)

    def set(self, key, value):
        self.data[key] = str(value)
        return b"+", b"OK"

    def get(self, key):
        value = self.data.get(key)
        return b"$", None if value is None else value.encode()

    def append(self, key, value):
        self.data[key] = self.data.get(key, "") + str(value)
        return b":", str(len(self.data[key])).encode()

    def mset(self, *pairs):
        self.data.update({key: str(value) for key, value in zip(pairs[::2], pairs[1::2])})
        return b"+", b"OK"

    def mget(self, *keys):
        return b"*", [self.get(key) for key in keys]

    def exists(self, *keys):
        return b":", str(sum(key in self.data for key in keys)).encode()

    def delete(self, *keys):
        return b":", str(sum(self.data.pop(key, None) is not None for key in keys)).encode()

    def rename(self, old, new):
        if old not in self.data:
            return b"-", b"ERR no such key"
        self.data[new] = self.data.pop(old)
        return b"+", b"OK"

    def dbsize(self):
        return b":", str(len(self.data)).encode()

    def flushdb(self):
        self.data.clear()
        return b"+", b"OK"

    def select(self, db):
        self.db = int(db)
        return b"+", b"OK"

    def echo(self, word):
        return b"$", word.encode()


def _command(source, first_db):
    """A random command: for one shard, for several, for all, or for none."""
    key = source.choice(KEYS)
    some = source.sample(KEYS, source.randrange(2, 8))
    value = source.randrange(1000)
    return source.choices(
        [
            ("SET", key, value),
            ("GET", key),
            ("APPEND", key, value),
            ("MSET", *[word for each in some for word in (each, value)]),
            ("MGET", *some),
            ("EXISTS", *some),
            ("DEL", *some[:2]),
            ("RENAME", some[0], some[1]),
            ("DBSIZE",),
            ("FLUSHDB",),
            ("SELECT", first_db + source.randrange(DATABASES)),
            ("ECHO", f"word{value}"),
        ],
        weights=[20, 20, 20, 8, 12, 5, 5, 4, 2, 1, 4, 5],
    )[0]


def _ask(model, command):
    name = "delete" if command[0] == "DEL" else command[0]
    return model.answer(name, *command[1:])


class _Script:
    """A pipeline: the bytes to send, and the replies that must come."""

    def __init__(self, model):
        self.model = model
        self.sent = bytearray()
        self.expected = []
        self.is_silent = False

    def send(self, *words):
        self.sent += resp.encode(list(words))

    def expect(self, reply):
        if not self.is_silent:
            self.expected.append(reply)

    def plain(self, command):
        self.send(*command)
        self.expect(_ask(self.model, command))

    def transaction(self, commands):
        self.send("MULTI")
        self.expect((b"+", b"OK"))
        for command in commands:
            self.send(*command)
            self.expect((b"+", b"QUEUED"))
        self.send("EXEC")
        self.expect((b"*", [_ask(self.model, command) for command in commands]))

    def watched(self, keys, spoils, command):
        """A transaction on watched keys, which the connection itself changes before, or does not."""
        self.send("WATCH", *keys)
        self.expect((b"+", b"OK"))
        if spoils:
            self.plain(("SET", keys[-1], "spoilt"))
        self.send("MULTI")
        self.expect((b"+", b"OK"))
        self.send(*command)
        self.expect((b"+", b"QUEUED"))
        self.send("EXEC")
        self.expect((b"*", None if spoils else [_ask(self.model, command)]))

    def skipped(self, command):
        """Two commands of which the first stays unanswered."""
        self.send("CLIENT", "REPLY", "SKIP")
        self.send(*command)
        _ask(self.model, command)

    def silent(self, commands):
        self.send("CLIENT", "REPLY", "OFF")
        self.is_silent = True
        for command in commands:
            self.plain(command)
        self.is_silent = False
        self.send("CLIENT", "REPLY", "ON")
        self.expect((b"+", b"OK"))


def _extend(script, source):
    def commands(count):
        return [_command(source, script.model.first_db) for _ in range(count)]

    kind = source.random()
    if kind < 0.80:
        script.plain(commands(1)[0])
    elif kind < 0.88:
        script.transaction(commands(source.randrange(5)))
    elif kind < 0.93:
        keys = source.sample(KEYS, source.randrange(1, 4))
        script.watched(keys, source.random() < 0.5, commands(1)[0])
    elif kind < 0.97:
        script.skipped(commands(1)[0])
    else:
        script.silent(commands(source.randrange(4)))


def _send_in_pieces(connection, data, source):
    """Cut anywhere, so that a batch may end inside a command."""
    at = 0
    while at < len(data):
        size = source.choice([1, 7, 100, 5000, len(data)])
        connection.send_raw(bytes(data[at : at + size]))
        at += size


def _pipelines(server, seed, first_db):
    source = random.Random(seed)
    model = _Model(first_db)
    with server.connect(timeout=60) as connection:
        connection.call("SELECT", first_db)
        for turn in range(PIPELINES):
            script = _Script(model)
            for _ in range(LENGTH):
                _extend(script, source)
            _send_in_pieces(connection, script.sent, source)
            for at, expected in enumerate(script.expected):
                actual = connection.read()
                assert actual == expected, f"seed {seed}, pipeline {turn}, reply {at}: {actual} for {expected}"


def pipelines_of_all_kinds_are_answered_as_by_one_thread(server):
    _pipelines(server, 1, 0)


def pipelines_of_several_clients_at_once_are_answered_as_by_one_thread(server):
    """Each client has databases of its own, but the shards between them turn unevenly."""
    together(*[lambda c=client: _pipelines(server, 10 + c, c * DATABASES) for client in range(5)])


def commands_that_arrive_while_a_transaction_is_away_keep_their_order(server):
    """Sent one by one, so that many turns pass between the transaction and the last of them."""
    with server.connect(timeout=60) as connection:
        for turn in range(150):
            connection.send("MSET", *[word for key in KEYS for word in (key, "")])
            for length in range(4):
                for key in KEYS[:6]:
                    connection.send("APPEND", key, "x")
            connection.send("DEL", *KEYS)
            assert connection.read() == (b"+", b"OK")
            for length in range(4):
                for key in KEYS[:6]:
                    assert connection.read() == (b":", str(length + 1).encode()), (turn, key)
            assert connection.read() == (b":", str(len(KEYS)).encode())


def inline_commands_of_several_shards_keep_their_arguments(server):
    with server.connect() as connection:
        lines = "".join(f'SET "quoted {key}" "value of {key}"\r\nGET "quoted {key}"\r\n' for key in KEYS)
        connection.send_raw(lines.encode())
        for key in KEYS:
            assert connection.read() == (b"+", b"OK")
            assert connection.read() == (b"$", f"value of {key}".encode())


def commands_about_one_key_find_it_on_its_shard(server):
    with server.connect() as connection:
        connection.call("MSET", *[word for key in KEYS for word in (key, 1)])
        for key in KEYS:
            connection.send("OBJECT", "ENCODING", key)
        assert [connection.read() for _ in KEYS] == [(b"$", b"int")] * len(KEYS)


def a_selected_database_holds_for_the_commands_after_it_only(server):
    with server.connect() as connection:
        for turn in range(50):
            connection.send("SELECT", 1)
            connection.send("MSET", *[word for key in KEYS for word in (key, turn)])
            connection.send("SELECT", 0)
            connection.send("DBSIZE")
            connection.send("FLUSHDB")
            connection.send("SELECT", 1)
            connection.send("DBSIZE")
            connection.send("FLUSHDB")
            connection.send("SELECT", 2)
            connection.send("MGET", *KEYS)
            connection.send("SELECT", 1)
            connection.send("DBSIZE")
            replies = [connection.read() for _ in range(12)]
            assert replies[3] == (b":", b"0"), (turn, replies)
            assert replies[6] == (b":", str(len(KEYS)).encode()), (turn, replies)
            assert replies[9] == (b"*", [(b"$", None)] * len(KEYS)), (turn, replies)
            assert replies[11] == (b":", b"0"), (turn, replies)


def a_client_that_closes_after_writing_has_written(server):
    """What was sent in full before the end of the connection takes effect, in order."""
    for turn in range(20):
        connection = server.connect()
        for key in KEYS:
            connection.send("APPEND", f"{turn}:{key}", "a")
            connection.send("APPEND", f"{turn}:{key}", "b")
        connection.send("MSET", *[word for key in KEYS for word in (f"{turn}:m:{key}", turn)])
        connection.send("QUIT")
        for _ in range(2 * len(KEYS) + 2):
            connection.read()
        connection.close()
        with server.connect() as other:
            assert other.call("MGET", *[f"{turn}:{key}" for key in KEYS])[1] == [(b"$", b"ab")] * len(KEYS)
            assert other.call("EXISTS", *[f"{turn}:m:{key}" for key in KEYS])[1] == str(len(KEYS)).encode()


def sockets_closed_in_the_middle_of_pipelines_do_no_harm(server):
    source = random.Random(11)
    for _ in range(100):
        script = _Script(_Model())
        for _ in range(30):
            _extend(script, source)
        connection = server.connect()
        connection.send_raw(bytes(script.sent[: source.randrange(len(script.sent))]))
        time.sleep(source.choice([0, 0, 0.001]))
        connection.close()
    with server.connect() as connection:
        _until(lambda: _clients(connection) == 1)
        assert connection.call("FLUSHALL") == (b"+", b"OK")
        assert connection.call("DBSIZE") == (b":", b"0")


def killed_clients_are_gone_and_their_watches_forgotten(server):
    victims = [server.connect() for _ in range(8)]
    for victim in victims:
        for n in range(20):
            victim.send("WATCH", *KEYS)
            victim.send("SET", KEYS[n], n)
    with server.connect() as connection:
        _until(lambda: _clients(connection) == 9)
        killed = connection.call("CLIENT", "KILL", "TYPE", "normal")
        assert killed == (b":", b"8")
        assert _clients(connection) == 1
    for victim in victims:
        _read_to_end(victim)
        victim.close()


def _clients(connection):
    return len(connection.call("CLIENT", "LIST")[1].splitlines())


def _read_to_end(connection):
    try:
        while True:
            connection.read()
    except (resp.Closed, OSError):
        pass


def _until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
