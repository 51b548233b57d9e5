"""Clients that write all the time: several databases, units over shards, scripts, deadlines, every type."""

import random
import threading


class Writers:
    """Writes from its beginning to its end, and fails at the end if a write could not be made."""

    def __init__(self, server, clients=2):
        self.server, self.ends, self.failure, self.writes = server, False, None, 0
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        for thread in self.threads:
            thread.join()
        assert self.failure is None, self.failure

    def wait_for(self, lab, writes):
        """Waits until so many more were made."""
        end = self.writes + writes
        lab.eventually(lambda: self.writes >= end or self.failure, 30)

    def _run(self, seed):
        draw = random.Random(seed)
        try:
            with self.server.connect(timeout=30) as connection:
                while not self.ends:
                    _write(connection, draw)
                    self.writes += 1
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.failure = repr(error)


def _write(connection, draw):
    key, other = (f"k{draw.randrange(200)}" for _ in range(2))
    kind = draw.randrange(12)
    if kind == 0:
        connection.call("SELECT", str(draw.randrange(3)))
    elif kind == 1:
        connection.call("SET", f"s{key}", "v" * draw.randrange(100))
    elif kind == 2:
        connection.call("SET", f"e{key}", "v", "PX", str(draw.randrange(1, 300)))
    elif kind == 3:
        connection.call("RPUSH", f"l{key}", "a", "b")
        connection.call("LMOVE", f"l{key}", f"l{other}", "LEFT", "RIGHT")
    elif kind == 4:
        connection.call("SADD", f"t{key}", *[str(draw.randrange(50)) for _ in range(5)])
        connection.call("SPOP", f"t{key}", "2")
    elif kind == 5:
        connection.call("HSET", f"h{key}", f"f{draw.randrange(20)}", "v" * draw.randrange(80))
    elif kind == 6:
        connection.call("ZADD", f"z{key}", str(draw.random()), f"m{draw.randrange(30)}")
    elif kind == 7:
        connection.call("XADD", f"x{key}", "MAXLEN", "20", "*", "f", "v")
    elif kind == 8:
        connection.call("MSET", f"s{key}", "1", f"s{other}", "2")
    elif kind == 9:
        connection.call("MULTI")
        connection.call("INCR", f"c{key}")
        connection.call("INCR", f"c{other}")
        connection.call("EXEC")
    elif kind == 10:
        connection.call(
            "EVAL", "redis.call('incr', KEYS[1]) redis.call('append', KEYS[2], 'x')", "2", f"c{key}", f"a{other}")
    else:
        connection.call("DEL", f"{draw.choice('slthzxca')}{key}")
