"""RESP as the tests need it: a socket that gives one reply at a time, and replies as readable lines.

A reply is a tuple (kind, value). The kind is the byte that opened it on the wire: b'+' b'-' b':' b'$'
b'*' and in RESP3 b'%' b'~' b'>' b',' b'#' b'(' b'=' b'!' b'_' b'|'. The value is bytes, None for a null, or
a list of replies; a map is the flat list of its keys and values.
"""

import socket
import time

AGGREGATES = b"*%~>|"
LINES = b"+-:,#(_"
BLOBS = b"$=!"


class Closed(Exception):
    """The server closed the connection."""


class NoReply(Exception):
    """No complete reply came in time."""


class Incomplete(Exception):
    """The reply is cut off by the end of the bytes."""


def parse(data, start=0):
    """The reply at `start` of `data`, and the index where the next begins. Raises Incomplete."""
    end = data.find(b"\r\n", start)
    if end < 0:
        raise Incomplete
    kind, line = data[start : start + 1], bytes(data[start + 1 : end])
    after = end + 2
    if kind and kind in LINES:
        return (kind, None if kind == b"_" else line), after
    if kind and kind in BLOBS:
        size = int(line)
        if size < 0:
            return (kind, None), after
        if len(data) < after + size + 2:
            raise Incomplete
        if data[after + size : after + size + 2] != b"\r\n":
            raise ValueError("a blob does not end where it says")
        return (kind, bytes(data[after : after + size])), after + size + 2
    if kind and kind in AGGREGATES:
        count = int(line)
        if count < 0:
            return (kind, None), after
        items = []
        for _ in range(count * 2 if kind in b"%|" else count):
            item, after = parse(data, after)
            items.append(item)
        return (kind, items), after
    raise ValueError(f"not a reply: {bytes(data[start:start + 60])!r}")


def encode(args):
    """A command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        arg = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(arg), arg))
    return b"".join(parts)


class Connection:
    """A blocking client connection; every wait ends after `timeout` seconds."""

    def __init__(self, port, timeout=10.0, host="127.0.0.1"):
        self.timeout = timeout
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = bytearray()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed from error

    def send(self, *args):
        self.send_raw(encode(args))

    def receive(self, seconds):
        """Adds what arrives within `seconds` to `pending`; False when nothing did."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(1 << 16)
        except (socket.timeout, BlockingIOError):
            return False
        except OSError as error:
            raise Closed from error
        if not data:
            raise Closed
        self.pending += data
        return True

    def read(self, timeout=None):
        """The next reply or push, as it stands on the wire."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            try:
                reply, used = parse(self.pending)
            except Incomplete:
                left = deadline - time.monotonic()
                if left <= 0 or not self.receive(left):
                    raise NoReply from None
                continue
            self.raw = bytes(self.pending[:used])
            del self.pending[:used]
            return reply

    def call(self, *args):
        """Sends one command and returns its reply. Pushes in between are dropped."""
        self.send(*args)
        while True:
            reply = self.read()
            if reply[0] != b">":
                return reply

    def read_raw(self, size):
        """Returns `size` bytes, or fewer if the rest does not come in time or the server closes."""
        deadline = time.monotonic() + self.timeout
        try:
            while len(self.pending) < size:
                left = deadline - time.monotonic()
                if left <= 0 or not self.receive(left):
                    break
        except Closed:
            pass
        data = bytes(self.pending[:size])
        del self.pending[:size]
        return data

    def read_until_quiet(self, quiet=0.1):
        """All bytes that come until none come for `quiet` seconds or the server closes."""
        try:
            while self.receive(quiet):
                pass
        except Closed:
            pass
        data = bytes(self.pending)
        self.pending.clear()
        return data


# ---- replies as text ----------------------------------------------------------------------------------------

ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b", 0x22: '\\"', 0x5C: "\\\\"}
UNESCAPES = {"n": 0x0A, "r": 0x0D, "t": 0x09, "a": 0x07, "b": 0x08}


def quote(data):
    """Bytes in double quotes, escaped as redis-cli does."""
    text = "".join(
        ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data
    )
    return f'"{text}"'


def plain_or_quoted(data):
    text = "".join(chr(byte) for byte in data if 32 <= byte < 127)
    ambiguous = not text or len(text) != len(data) or text[0] in '" ' or text[-1] == " "
    return quote(data) if ambiguous or "\\" in text or text == "-1" else text


def lines_of(reply, indent=""):
    """The reply in the notation of docs/TESTING.md, one line for each scalar or aggregate head."""
    kind, value = reply
    mark = "push " if kind == b">" else kind.decode()
    if kind in AGGREGATES:
        if value is None:
            return [f"{indent}{mark}-1"]
        count = len(value) // 2 if kind in b"%|" else len(value)
        lines = [f"{indent}{mark}{count}"]
        for item in value:
            lines += lines_of(item, indent + "  ")
        return lines
    if kind in BLOBS:
        return [f"{indent}{mark}{'-1' if value is None else plain_or_quoted(value)}"]
    if value is None:
        return [f"{indent}{mark}"]
    text = value.decode("latin-1")
    return [f"{indent}{mark}{text if text.isprintable() else quote(value)}"]


def split_words(line):
    """Words as redis-cli splits them: "..." with escapes, '...' without, and also "..."*N, repeated."""
    words, at, size = [], 0, len(line)
    while True:
        while at < size and line[at] in " \t":
            at += 1
        if at == size:
            return words
        word = bytearray()
        if line[at] in "\"'":
            word, at = read_quoted(line, at)
            repeat = line[at + 1 :].split(maxsplit=1)[0] if line[at : at + 1] == "*" else ""
            if repeat.isdigit():
                word, at = word * int(repeat), at + 1 + len(repeat)
            if at < size and line[at] not in " \t":
                raise ValueError(f"text after a closing quote: {line}")
        else:
            begin = at
            while at < size and line[at] not in " \t":
                at += 1
            word = bytearray(line[begin:at].encode("utf-8"))
        words.append(bytes(word))


def read_quoted(line, at):
    """The bytes of the quoted word at `at`, and the index where it ends."""
    mark, word = line[at], bytearray()
    at += 1
    while at < len(line):
        char = line[at]
        if char == mark:
            return word, at + 1
        if char == "\\" and mark == "'" and line[at + 1 : at + 2] == "'":
            word += b"'"
            at += 2
        elif char == "\\" and mark == '"':
            code = line[at + 1 : at + 2]
            if code == "x":
                word.append(int(line[at + 2 : at + 4], 16))
                at += 4
            else:
                word += bytes([UNESCAPES[code]]) if code in UNESCAPES else code.encode()
                at += 2
        else:
            word += char.encode("utf-8")
            at += 1
    raise ValueError(f"a quote is not closed: {line}")


def is_closed(connection, seconds=10.0):
    """Reads until the server closes the connection; returns whether it does."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            connection.receive(0.1)
            connection.pending.clear()
    except Closed:
        return True
    return False


def stays_open(connection):
    return connection.call("PING") == (b"+", b"PONG")
