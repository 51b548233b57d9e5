"""Replies too large to wait for the end of a turn: whole, in order, beside clients that quit and small requests."""

from tests.support.together import together

CROSSES_THREADS = True

VALUE = b"v" * 4096
READS = 200  # Of one pipeline: three times what a shard collects before it sends.


def _pipeline(connection, number):
    connection.send_raw(b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n*2\r\n$4\r\nINCR\r\n$5\r\nn:%03d\r\n" % number * READS)


def large_replies_leave_whole_and_in_order(server):
    with server.connect() as connection:
        assert connection.call("SET", "big", VALUE) == (b"+", b"OK")

    def client(number):
        with server.connect(timeout=60) as connection:
            for turn in range(5):
                _pipeline(connection, number)
                for read in range(READS):
                    assert connection.read() == (b"$", VALUE), (number, turn, read)
                    assert connection.read() == (b":", b"%d" % (turn * READS + read + 1)), (number, turn, read)

    together(*[lambda n=number: client(n) for number in range(12)])


def clients_that_quit_get_what_they_asked_for_before(server):
    with server.connect() as connection:
        connection.call("SET", "big", VALUE)
    for _ in range(5):
        connections = [server.connect(timeout=60) for _ in range(20)]
        for number, connection in enumerate(connections):
            if number % 2:
                _pipeline(connection, number)
            connection.send("QUIT")
        for number, connection in enumerate(connections):
            for _ in range(READS if number % 2 else 0):
                assert connection.read() == (b"$", VALUE)
                assert connection.read()[0] == b":"
            assert connection.read() == (b"+", b"OK")
            assert connection.read_until_quiet(5) == b""
            connection.close()


def clients_that_leave_without_reading_disturb_nobody(server):
    with server.connect() as connection:
        connection.call("SET", "big", VALUE)
    for number in range(40):
        leaving, staying = server.connect(), server.connect()
        _pipeline(leaving, number)
        staying.send("PING")
        leaving.close()
        assert staying.read() == (b"+", b"PONG")
        staying.close()
