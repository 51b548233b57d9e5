"""Transcripts: what a client sends and what it must receive, as text. docs/TESTING.md has the notation.

A file is parsed into steps; a step sends, reads, or both, and gives the lines that it saw. Nothing here
knows which server is on the other end.
"""

import re
import shlex
import time

from . import resp

STEP = re.compile(r"^(?:@(\w+))?(&)?(>>|>|<<|<)(?: (.*))?$")
HEADER = re.compile(r"^# (shards|only|since|needs|allocator|config|server|resp): *(.*)$")
OPTION = re.compile(r"^# (eventually|unordered|unordered pairs|capture \w+)$")

CLOSED, NOTHING, REST = "(closed)", "(nothing)", "..."
NOTHING_SECONDS = 0.15  # How long a step that expects no reply listens.
EVENTUALLY_SECONDS = 10.0


class Step:
    """One line that does something, and the lines that are expected in reply."""

    def __init__(self, line_number, match, options):
        self.line_number = line_number
        self.connection = match.group(1) or ""
        self.in_background = bool(match.group(2))
        self.action = match.group(3)
        self.text = match.group(4) or ""
        self.options = options
        self.expected = [self.text] if self.action == "<<" else []

    def capture_name(self):
        return next((o.split()[1] for o in self.options if o.startswith("capture")), None)


class Transcript:
    """A parsed file. `headers` are its directives; `rows` its lines, with a Step where a step begins."""

    def __init__(self, path, text):
        self.path = path
        self.headers = {}
        self.rows = []
        options, step = [], None
        for number, line in enumerate(text.splitlines(), 1):
            match = STEP.match(line)
            if match:
                step = Step(number, match, options)
                options = []
                self.rows.append(step)
                self.step_lines(step, line)
            elif not line.strip() or line == "#" or line.startswith("# "):
                step = None
                self.note(line, options)
                self.rows.append(line)
            elif step is None or step.action in (">>", "<<"):
                raise ValueError(f"{path}:{number}: a reply that no step asked for: {line}")
            else:
                step.expected.append(line)

    @staticmethod
    def step_lines(step, line):
        step.line = line

    def note(self, line, options):
        header, option = HEADER.match(line), OPTION.match(line)
        if header:
            self.headers[header.group(1)] = header.group(2)
        elif option:
            options.append(option.group(1))

    def steps(self):
        return [row for row in self.rows if isinstance(row, Step)]

    def server_args(self):
        return shlex.split(self.headers.get("config", ""))

    def password(self):
        args = self.server_args()
        return args[args.index("--requirepass") + 1] if "--requirepass" in args else None

    def for_oracle(self):
        return "only" not in self.headers and "since" not in self.headers

    def needs(self):
        return self.headers.get("needs", "").split()

    def for_shards(self, count):
        return str(count) in self.headers.get("shards", str(count)).split()

    def text(self):
        """The text of the file with the present expectations of its steps."""
        lines = []
        for row in self.rows:
            if not isinstance(row, Step):
                lines.append(row)
            elif row.action == "<<":
                lines.append(f"{row.line.split('<<')[0]}<< {row.expected[0]}")
            else:
                lines += [row.line, *row.expected]
        return "\n".join(lines) + "\n"


class Run:
    """One pass over a transcript against one server."""

    def __init__(self, server, transcript):
        self.server = server
        self.transcript = transcript
        self.connections = {}
        self.variables = {}

    def __enter__(self):
        with self.server.connect() as cleaner:
            if self.transcript.password():
                cleaner.call("AUTH", self.transcript.password())
            cleaner.call("CLIENT", "UNPAUSE")
            cleaner.call("FLUSHALL")
        return self

    def __exit__(self, *_):
        for connection in self.connections.values():
            connection.close()

    def connection(self, name):
        if name not in self.connections:
            fresh = self.server.connect()
            if self.transcript.headers.get("resp") == "3":
                fresh.call("HELLO", "3")
            self.connections[name] = fresh
        return self.connections[name]

    def fill(self, text):
        return re.sub(r"\$\{(\w+)\}", lambda m: self.variables.get(m.group(1), m.group(0)), text)

    def perform(self, step):
        """Does the step; returns (whether it matched, the lines that came)."""
        expected = [self.fill(line) for line in step.expected]
        deadline = time.monotonic() + EVENTUALLY_SECONDS
        while True:
            actual = self.perform_once(step)
            if step.action != "<<":
                unordered = [o for o in step.options if o.startswith("unordered")]
                for option in unordered:
                    actual, expected = in_order(actual, option), in_order(expected, option)
            matched = matches(expected, actual)
            if matched or "eventually" not in step.options or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        if step.capture_name() and actual:
            self.variables[step.capture_name()] = actual[0][1:]
        return matched, actual

    def perform_once(self, step):
        connection = self.connection(step.connection)
        text = self.fill(step.text)
        try:
            if step.action == ">>":
                connection.send_raw(b"".join(resp.split_words(text)))
                return []
            if step.action == "<<":
                return [self.read_raw(connection, text)]
            if step.action == ">":
                connection.send(*resp.split_words(text))
            if step.in_background:
                self.server.settle(connection)
                return []
            return self.read_lines(connection, step)
        except resp.Closed:
            return [CLOSED]

    @staticmethod
    def read_raw(connection, text):
        if not text:  # Expectations are being rewritten: any output is taken.
            return resp.quote(connection.read_until_quiet())
        wanted = b"".join(resp.split_words(text))
        seen = connection.read_raw(len(wanted))
        return text if seen == wanted else resp.quote(seen + connection.read_until_quiet())

    @staticmethod
    def read_lines(connection, step):
        timeout = NOTHING_SECONDS if step.expected == [NOTHING] else None
        lines = []
        try:
            while True:
                reply = connection.read(timeout)
                lines += resp.lines_of(reply)
                if reply[0] != b">" or step.action == "<":
                    return lines
        except resp.NoReply:
            return [*lines, NOTHING]

    def left_over(self):
        """Output that no step has read, as (connection, bytes)."""
        for name, connection in self.connections.items():
            try:
                connection.receive(0)
            except resp.Closed:
                pass
            if connection.pending:
                yield name, bytes(connection.pending)


def matches(expected, actual):
    """Compares line by line; /regex/ matches one line, ... all lines that follow."""
    for at, line in enumerate(expected):
        if line.strip() == REST:
            return True
        if at >= len(actual) or not line_matches(line, actual[at]):
            return False
    return len(expected) == len(actual)


def line_matches(expected, actual):
    wanted = expected.strip()
    if len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        return re.fullmatch(wanted[1:-1], actual.strip()) is not None
    return expected == actual


def in_order(lines, option):
    """The elements of the outermost aggregate (or its pairs), sorted."""
    if not lines:
        return lines
    elements = []
    for line in lines[1:]:
        if line.startswith("   ") and elements:
            elements[-1].append(line)
        else:
            elements.append([line])
    if option == "unordered pairs":
        elements = [a + b for a, b in zip(elements[::2], elements[1::2])]
    return [lines[0], *(line for element in sorted(elements) for line in element)]
