"""What is atomic stays so while single-key traffic, transactions and watches of many clients meet."""

import random

from tests.support import resp
from tests.support.together import together

CROSSES_THREADS = True

ACCOUNTS = [f"account:{n}" for n in range(16)]
TOTAL = 1000 * len(ACCOUNTS)


def _open_accounts(server):
    with server.connect() as connection:
        connection.call("MSET", *[word for account in ACCOUNTS for word in (account, 1000)])


def _transfers(server, seed, count=150):
    """Money moves between two accounts in one transaction, eight of them in flight at a time."""
    source = random.Random(seed)
    with server.connect(timeout=60) as connection:
        for _ in range(0, count, 8):
            for _ in range(8):
                giver, taker = source.sample(ACCOUNTS, 2)
                amount = source.randrange(1, 100)
                for command in (["MULTI"], ["DECRBY", giver, amount], ["INCRBY", taker, amount], ["EXEC"]):
                    connection.send(*command)
            for _ in range(8):
                replies = [connection.read() for _ in range(4)]
                assert replies[3][0] == b"*" and len(replies[3][1]) == 2, replies


def _audits(server, count=150):
    """All balances read in one command always add up."""
    with server.connect(timeout=60) as connection:
        for _ in range(count):
            values = connection.call("MGET", *ACCOUNTS)[1]
            assert sum(int(value) for _, value in values) == TOTAL, values


def _single_key_traffic(server, seed, count=1500):
    source = random.Random(seed)
    with server.connect(timeout=60) as connection:
        for _ in range(0, count, 50):
            keys = [f"noise:{source.randrange(100)}" for _ in range(50)]
            for key in keys:
                connection.send("INCR", key)
                connection.send("GET", source.choice(ACCOUNTS))
            for _ in range(100):
                assert connection.read()[0] in (b":", b"$")


def transfers_keep_the_total_while_others_read_and_write(server):
    _open_accounts(server)
    together(
        lambda: _transfers(server, 1),
        lambda: _transfers(server, 2),
        lambda: _audits(server),
        lambda: _single_key_traffic(server, 3),
        lambda: _single_key_traffic(server, 4),
    )


def many_keys_are_set_together_or_not_at_all(server):
    keys = [f"m{n}" for n in range(20)]
    with server.connect() as connection:
        connection.call("MSET", *[word for key in keys for word in (key, 0)])

    def write(seed):
        with server.connect(timeout=60) as connection:
            for turn in range(100):
                value = f"{seed}-{turn}"
                connection.send("MSET", *[word for key in keys for word in (key, value)])
            for _ in range(100):
                assert connection.read() == (b"+", b"OK")

    def read():
        with server.connect(timeout=60) as connection:
            for _ in range(200):
                values = {value for _, value in connection.call("MGET", *keys)[1]}
                assert len(values) == 1, values

    together(lambda: write(1), lambda: write(2), read, read)


def watched_counters_lose_no_increment(server):
    with server.connect() as connection:
        connection.call("MSET", "x", 0, "y", 0)

    def add(count=40):
        with server.connect(timeout=60) as connection:
            while count:
                connection.call("WATCH", "x", "y")
                x, y = (int(value) for _, value in connection.call("MGET", "x", "y")[1])
                assert x == y
                connection.call("MULTI")
                connection.call("SET", "x", x + 1)
                connection.call("SET", "y", y + 1)
                count -= connection.call("EXEC")[1] is not None

    together(add, add, add, lambda: _single_key_traffic(server, 5, 500))
    with server.connect() as connection:
        assert connection.call("MGET", "x", "y")[1] == [(b"$", b"120"), (b"$", b"120")]


def a_connection_reads_its_own_writes_in_order(server):
    def work(name):
        with server.connect(timeout=60) as connection:
            for turn in range(40):
                for n in range(10):
                    connection.send("SET", f"{name}:{n}", turn)
                connection.send("MGET", *[f"{name}:{n}" for n in range(10)])
                connection.send("DEL", *[f"{name}:{n}" for n in range(10)])
                connection.send("GET", f"{name}:3")
            for turn in range(40):
                assert [connection.read() for _ in range(10)] == [(b"+", b"OK")] * 10
                assert connection.read()[1] == [(b"$", str(turn).encode())] * 10
                assert connection.read() == (b":", b"10")
                assert connection.read() == (b"$", None)

    together(*[lambda name=name: work(name) for name in "abcd"])


def flushing_and_swapping_beside_traffic_does_no_harm(server):
    def disturb():
        with server.connect(timeout=60) as connection:
            for turn in range(30):
                command = [["FLUSHALL"], ["SWAPDB", "0", "1"], ["DBSIZE"], ["KEYS", "noise:1*"], ["INFO"]][turn % 5]
                assert connection.call(*command)[0] != b"-", command

    together(disturb, *[lambda seed=seed: _noise_only(server, seed) for seed in range(3)])


def _noise_only(server, seed):
    source = random.Random(seed)
    with server.connect(timeout=60) as connection:
        for _ in range(20):
            for _ in range(50):
                connection.send(source.choice(["INCR", "DECR"]), f"noise:{source.randrange(1000)}")
            for _ in range(50):
                assert connection.read()[0] == b":"


def clients_that_vanish_in_the_middle_leave_no_trace(server):
    _open_accounts(server)
    for turn in range(60):
        connection = server.connect()
        connection.send_raw(resp.encode(["MULTI"]) + resp.encode(["DECRBY", ACCOUNTS[turn % 16], 5]))
        if turn % 2:
            connection.send_raw(resp.encode(["INCRBY", ACCOUNTS[(turn + 1) % 16], 5]) + resp.encode(["EXEC"]))
        connection.close()
    _audits(server, 10)
