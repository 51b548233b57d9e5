"""Publish/subscribe over real connections: counts, order, and nothing lost or doubled under load."""

import random
import threading
import time

from tests.support import resp
from tests.support.together import together

CROSSES_THREADS = True

CHANNELS = [f"channel:{n}" for n in range(8)]


def _subscriber(server, command, *names):
    connection = server.connect(timeout=60.0)
    connection.send(command, *names)
    for _ in names:
        assert connection.read()[0] == b"*"
    return connection


def _heard(connection, until):
    """Messages as (channel, payload), up to the first with that payload on each channel of CHANNELS."""
    heard, ended = [], 0
    while ended < len(CHANNELS):
        _, items = connection.read()
        kind = items[0][1]
        if kind not in (b"message", b"smessage", b"pmessage"):
            continue
        channel, payload = items[-2][1].decode(), items[-1][1].decode()
        if payload == until:
            ended += 1
        else:
            heard.append((channel, payload))
    return heard


def _publish(server, publisher, count, command="PUBLISH"):
    """Sends pipelined publications; how many of them were counted to have been heard."""
    chance = random.Random(publisher)
    said, counted = [], 0
    with server.connect(timeout=60.0) as connection:
        left = count
        while left > 0:
            burst = min(left, chance.choice((1, 7, 50)))
            for _ in range(burst):
                channel = chance.choice(CHANNELS)
                payload = f"{publisher}:{count - left}"
                left -= 1
                said.append((channel, payload))
                connection.send(command, channel, payload)
            for _ in range(burst):
                kind, number = connection.read()
                assert kind == b":", (kind, number)
                counted += int(number)
    return said, counted


def _check_heard(heard, said_by_all):
    """Everything once, and that of one publisher on one channel in its order."""
    assert len(heard) == len(set(heard))
    assert set(heard) == {message for said in said_by_all for message in said}
    for said in said_by_all:
        publisher = said[0][1].split(":")[0]
        for channel in CHANNELS:
            mine = [m for m in heard if m[0] == channel and m[1].split(":")[0] == publisher]
            assert mine == [m for m in said if m[0] == channel]


def _end(server, command="PUBLISH"):
    with server.connect() as connection:
        for channel in CHANNELS:
            connection.call(command, channel, "end")


def _come_and_go(server, seed, stop):
    """Subscribes and leaves in all ways, until told to stop."""
    chance = random.Random(seed)
    while not stop.is_set():
        with server.connect(timeout=60.0) as connection:
            for _ in range(chance.randrange(6)):
                command = chance.choice(("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE"))
                name = "chan*" if command == "PSUBSCRIBE" else chance.choice(CHANNELS)
                in_transaction = chance.random() < 0.3 and command != "SSUBSCRIBE"
                if in_transaction:
                    connection.send("MULTI")
                connection.send(command, name)
                if in_transaction:
                    connection.send("EXEC")
            if chance.random() < 0.5:
                connection.receive(0.01)
        time.sleep(0.002)


def _under_load(server, subscribe, publish, patterns=(), per_publisher=1500):
    listeners = [_subscriber(server, subscribe, *CHANNELS) for _ in range(6)]
    listeners += [_subscriber(server, "PSUBSCRIBE", *patterns) for _ in range(3) if patterns]
    results, stop = {}, threading.Event()

    def work(publisher):
        results[publisher] = _publish(server, publisher, per_publisher, publish)

    def publish_all():
        try:
            together(*[lambda p=p: work(p) for p in range(1, 5)])
        finally:
            stop.set()

    together(publish_all, *[lambda s=seed: _come_and_go(server, s, stop) for seed in range(3)])
    _end(server, publish)
    said_by_all = [said for said, _ in results.values()]
    for listener in listeners:
        _check_heard(_heard(listener, "end"), said_by_all)
        listener.close()
    counted = sum(count for _, count in results.values())
    assert counted >= len(listeners) * sum(len(said) for said in said_by_all)


def nothing_is_lost_or_doubled_for_subscribers_that_stay(server):
    _under_load(server, "SUBSCRIBE", "PUBLISH")


def patterns_hear_what_channels_hear(server):
    _under_load(server, "SUBSCRIBE", "PUBLISH", patterns=("channel:*",))


def shard_channels_do_the_same(server):
    _under_load(server, "SSUBSCRIBE", "SPUBLISH")


def all_hear_a_channel_in_one_order(server):
    listeners = [_subscriber(server, "SUBSCRIBE", *CHANNELS) for _ in range(5)]
    together(*[lambda p=p: _publish(server, p, 1000) for p in range(1, 5)])
    _end(server)
    orders = []
    for listener in listeners:
        heard = _heard(listener, "end")
        orders.append([[m for m in heard if m[0] == channel] for channel in CHANNELS])
        listener.close()
    assert all(order == orders[0] for order in orders)


def many_subscribers_are_counted(server):
    listeners = [_subscriber(server, "SUBSCRIBE", "crowd", f"own:{n}") for n in range(200)]
    with server.connect() as publisher:
        assert publisher.call("PUBLISH", "crowd", "hello") == (b":", b"200")
        for n, listener in enumerate(listeners):
            assert [item[1] for item in listener.read()[1]] == [b"message", b"crowd", b"hello"]
            assert publisher.call("PUBLISH", f"own:{n}", "x") == (b":", b"1")
            assert listener.read()[1][2] == (b"$", b"x")
        numbers = publisher.call("PUBSUB", "NUMSUB", "crowd", "own:7", "nobody")[1]
        assert [number[1] for number in numbers[1::2]] == [b"200", b"1", b"0"]
        assert len(publisher.call("PUBSUB", "CHANNELS")[1]) == 201
        for listener in listeners[:150]:
            listener.close()
        deadline = time.monotonic() + 10
        while publisher.call("PUBLISH", "crowd", "again") != (b":", b"50"):
            assert time.monotonic() < deadline
    for listener in listeners[150:]:
        listener.close()


def a_subscription_in_a_transaction_hears_nothing_counted_before(server):
    """Its confirmation comes with EXEC's reply; what was published before that is not for it."""
    others = [_subscriber(server, "SUBSCRIBE", *CHANNELS) for _ in range(6)]
    for channel in CHANNELS * 6:
        with server.connect() as publisher, server.connect() as subscriber:
            def publish(count=200):
                for n in range(count):
                    publisher.send("PUBLISH", channel, str(n))

            publish()
            subscriber.send("MULTI")
            subscriber.send("SUBSCRIBE", channel)
            subscriber.send("PUBLISH", channel, "own")
            subscriber.send("EXEC")
            publish()
            counts = [int(publisher.read()[1]) - len(others) for _ in range(400)]
            for _ in range(3):
                subscriber.read()  # OK, QUEUED, QUEUED.
            kind, replies = subscriber.read()
            assert kind == b"*" and len(replies) == 2 and replies[1] == (b":", b"7"), replies
            heard = [subscriber.read()[1][2][1] for _ in range(1 + sum(counts))]
            assert heard[0] == b"own", (heard[:3], sum(counts))
            assert counts == sorted(counts), "counted, and then not"
            expected = [str(n % 200).encode() for n, count in enumerate(counts) if count]
            assert heard[1:] == expected, (heard[:5], expected[:5])
            try:
                assert subscriber.read(0.02) is None
            except resp.NoReply:
                pass
    for other in others:
        other.close()


def a_subscriber_that_does_not_read_is_closed_by_the_limit_of_its_class(lab):
    server = lab.start("--client-output-buffer-limit", "pubsub 1mb 0 0", "--notify-keyspace-events", "KEA")
    for subscribe, name in (("SUBSCRIBE", "news"), ("PSUBSCRIBE", "new*"), ("SSUBSCRIBE", "news")):
        slow = _subscriber(server, subscribe, name)
        publish = "SPUBLISH" if subscribe == "SSUBSCRIBE" else "PUBLISH"
        with server.connect(timeout=60.0) as publisher:
            payload = "x" * 100_000
            deadline = time.monotonic() + 60
            while publisher.call(publish, "news", payload) != (b":", b"0"):
                assert time.monotonic() < deadline
        is_closed = False
        try:
            while slow.receive(5.0):
                slow.pending.clear()
        except (resp.Closed, ConnectionError):
            is_closed = True
        assert is_closed and server.is_alive()
    assert server.log().count("output buffer limit passed") >= 3, server.log()


def publishers_wait_for_subscribers_elsewhere_and_lose_nothing(lab):
    """Far more at once than may wait between shards; everyone reads, so nobody is closed."""
    server = lab.start("--client-output-buffer-limit", "pubsub 0 0 0")
    listeners = [_subscriber(server, "SUBSCRIBE", *CHANNELS) for _ in range(4)]
    payload, each = "y" * 50_000, 250
    heard = [0] * len(listeners)

    def listen(n):
        while heard[n] < 4 * each:
            listeners[n].read()
            heard[n] += 1

    def publish(seed):
        chance = random.Random(seed)
        with server.connect(timeout=120.0) as publisher:
            for _ in range(each):
                publisher.send("PUBLISH", chance.choice(CHANNELS), payload)
            for _ in range(each):
                assert publisher.read() == (b":", b"4")

    together(*[lambda n=n: listen(n) for n in range(len(listeners))],
             *[lambda s=s: publish(s) for s in range(4)])
    assert heard == [4 * each] * len(listeners)


def _log_in(server, user, command, name):
    connection = server.connect()
    assert connection.call("AUTH", user, "x") == (b"+", b"OK")
    connection.send(command, name)
    assert connection.read()[0] == b"*"
    return connection


def _is_closed(connection):
    try:
        connection.read(5.0)
    except resp.NoReply:
        return False
    except (resp.Closed, ConnectionError):
        return True
    return False


def users_who_lose_a_channel_lose_their_subscriptions(server):
    with server.connect() as admin:
        admin.call("ACL", "SETUSER", "reader", "on", "nopass", "+@all", "resetchannels", "&a*", "&b")
        stay = [_log_in(server, "reader", "SUBSCRIBE", "a1") for _ in range(4)]
        stay.append(_log_in(server, "reader", "PSUBSCRIBE", "a*"))
        leave = [_log_in(server, "reader", "SUBSCRIBE", "b") for _ in range(4)]
        leave.append(_log_in(server, "reader", "SSUBSCRIBE", "b"))
        assert admin.call("ACL", "SETUSER", "reader", "resetchannels", "&a*") == (b"+", b"OK")
        assert all(_is_closed(connection) for connection in leave)
        assert admin.call("PUBLISH", "a1", "x") == (b":", b"5")
        assert all(connection.read()[1][-1] == (b"$", b"x") for connection in stay)
        # The pattern is another: it was allowed as it stood.
        assert admin.call("ACL", "SETUSER", "reader", "resetchannels", "&a?") == (b"+", b"OK")
        assert _is_closed(stay.pop())
        assert admin.call("PUBLISH", "a1", "y") == (b":", b"4")
        admin.call("ACL", "SETUSER", "reader", "allchannels")
        assert admin.call("PUBLISH", "a1", "z") == (b":", b"4")
        assert admin.call("ACL", "DELUSER", "reader") == (b":", b"1")
        for connection in stay:
            assert [connection.read()[1][-1] for _ in range(2)] == [(b"$", b"y"), (b"$", b"z")]
            assert _is_closed(connection)


def users_who_lose_a_channel_by_a_new_file_lose_their_subscriptions(lab):
    path = lab.folder() + "/users.acl"

    def write(*users):
        with open(path, "w", encoding="ascii") as file:
            file.write("user default on nopass ~* &* +@all\n")
            file.writelines(f"user {user}\n" for user in users)

    write("reader on nopass +@all ~* &a &b", "guest on nopass +@all ~* &a")
    server = lab.start("--aclfile", path)
    stay = [_log_in(server, "reader", "SUBSCRIBE", "a") for _ in range(4)]
    leave = [_log_in(server, "reader", "SUBSCRIBE", "b") for _ in range(4)]
    leave += [_log_in(server, "guest", "SUBSCRIBE", "a") for _ in range(4)]
    write("reader on nopass +@all ~* &a")
    with server.connect() as admin:
        assert admin.call("ACL", "LOAD") == (b"+", b"OK")
        assert all(_is_closed(connection) for connection in leave)
        assert admin.call("PUBLISH", "a", "x") == (b":", b"4")
    for connection in stay:
        assert connection.read()[1][-1] == (b"$", b"x")
        connection.close()
