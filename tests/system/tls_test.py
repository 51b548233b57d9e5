"""TLS: certificates of both sides, versions, renewal without a restart, and peers that misbehave."""

import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

from tests.support import certificates, resp, servers


class _TlsConnection(resp.Connection):
    """A RESP connection through TLS."""

    def __init__(self, port, context, timeout=10.0):
        super().__init__(port, timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def receive(self, seconds):
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(1 << 16)
        except (socket.timeout, BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            raise resp.Closed from error
        if not data:
            raise resp.Closed
        self.pending += data
        return True


class _Tls:
    """A server with a TLS port, and what clients need to talk to it."""

    def __init__(self, lab, *args, auth="no", **issue):
        self.port = servers.free_port()
        self.authority = certificates.Authority(lab.folder())
        self.cert, self.key = self.authority.issue("server", **issue)
        self.args = [
            "--tls-port", self.port, "--tls-cert-file", self.cert, "--tls-key-file", self.key,
            "--tls-ca-cert-file", self.authority.file, "--tls-auth-clients", auth, *args,
        ]
        self.server = lab.start(*self.args)

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.authority.file)
        context.check_hostname = False
        if client:
            context.load_cert_chain(*client)
        return context

    def connect(self, context=None, timeout=10.0):
        return _TlsConnection(self.port, context or self.context(), timeout)

    def name_shown(self):
        with self.connect() as connection:
            subject = connection.socket.getpeercert()["subject"]
        return dict(pair for part in subject for pair in part)["commonName"]


def _is_refused(connect):
    """In TLS 1.3 a client hears of a refused certificate only when it reads."""
    try:
        with connect() as connection:
            connection.call("PING")
    except (OSError, resp.Closed, resp.NoReply):
        return True
    return False


def commands_big_replies_and_pipelines_go_through(lab):
    tls = _Tls(lab)
    value = os.urandom(3_000_000)
    with tls.connect(timeout=30) as connection:
        assert connection.call("SET", "big", value) == (b"+", b"OK")
        assert connection.call("GET", "big") == (b"$", value)
        for start in range(0, 20_000, 5_000):
            connection.send_raw(b"".join(resp.encode(["INCR", f"n{n % 5}"]) for n in range(5_000)))
            for n in range(5_000):
                assert connection.read() == (b":", str((start + n) // 5 + 1).encode())
        connection.send_raw(resp.encode(["GET", "big"]) * 20)
        for _ in range(20):
            assert connection.read(30) == (b"$", value)
    assert tls.server.info("clients")["connected_clients"] == "1"


def redis_cli_speaks_tls(lab):
    tls = _Tls(lab, auth="yes")
    cert, key = tls.authority.issue("someone")
    cli = [lab.tool("redis-cli"), "-p", tls.port, "--tls", "--cacert", tls.authority.file]
    status, out, err = lab.run(*cli, "--cert", cert, "--key", key, "SET", "k", "v")
    assert (status, out) == (0, "OK\n"), out + err
    status, out, err = lab.run(*cli, "PING")
    assert "PONG" not in out, out + err


def clients_show_certificates_as_asked(lab):
    for auth, without, wrong in (("yes", False, False), ("optional", True, False), ("no", True, True)):
        tls = _Tls(lab, auth=auth)
        good = tls.context(tls.authority.issue("good"))
        other = certificates.Authority(lab.folder(), "another authority")
        with tls.connect(good) as connection:
            assert connection.call("PING") == (b"+", b"PONG")
        assert _is_refused(tls.connect) != without, auth
        assert _is_refused(lambda t=tls, o=other: t.connect(t.context(o.issue("bad")))) != wrong, auth
        with tls.server.connect() as plain:
            assert plain.call("PING") == (b"+", b"PONG")


def versions_are_those_that_were_chosen(lab):
    for chosen, served in (("", {"TLSv1.2", "TLSv1.3"}), ("TLSv1.2", {"TLSv1.2"}), ("TLSv1.3", {"TLSv1.3"})):
        tls = _Tls(lab, "--tls-protocols", chosen)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = tls.context()
            context.minimum_version = context.maximum_version = version
            name = version.name.replace("_", ".")
            assert _is_refused(lambda c=context, t=tls: t.connect(c)) != (name in served), (chosen, name)


def ciphers_are_those_that_were_chosen(lab):
    tls = _Tls(lab, "--tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256", "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")
    for version, name in ((ssl.TLSVersion.TLSv1_3, "TLS_CHACHA20_POLY1305_SHA256"),
                          (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256")):
        context = tls.context()
        context.minimum_version = context.maximum_version = version
        with tls.connect(context) as connection:
            assert connection.socket.cipher()[0] == name


def an_encrypted_key_is_opened_and_its_passphrase_never_logged(lab):
    tls = _Tls(lab, "--tls-key-file-pass", "open-sesame", "--loglevel", "debug", passphrase="open-sesame")
    assert tls.name_shown() == "server"
    with tls.server.connect() as connection:
        assert connection.call("CONFIG", "SET", "tls-key-file-pass", "wrong-sesame")[0] == b"-"
        assert connection.call("CONFIG", "SET", "tls-key-file-pass", "open-sesame") == (b"+", b"OK")
    assert "sesame" not in tls.server.log(), tls.server.log()


def config_set_takes_new_certificates(lab):
    tls = _Tls(lab)
    with tls.connect() as old, tls.server.connect() as plain:
        cert, key = tls.authority.issue("renewed")
        assert plain.call("CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key) == (b"+", b"OK")
        assert tls.name_shown() == "renewed"
        assert old.call("PING") == (b"+", b"PONG")
        tls.authority.issue("again", into="renewed")  # Other files under the same names.
        assert plain.call("CONFIG", "SET", "tls-cert-file", cert) == (b"+", b"OK")
        assert tls.name_shown() == "again"
        kind, text = plain.call("CONFIG", "SET", "tls-cert-file", "/no/such/file")
        assert kind == b"-" and b"Unable to update TLS configuration" in text, text
        assert plain.call("CONFIG", "GET", "tls-cert-file")[1][1] == (b"$", str(cert).encode())
        assert tls.name_shown() == "again"


def sighup_takes_new_files_under_the_same_names(lab):
    tls = _Tls(lab)
    with tls.connect() as old:
        tls.authority.issue("after sighup", into="server")
        tls.server.process.send_signal(signal.SIGHUP)
        lab.eventually(lambda: tls.name_shown() == "after sighup")
        assert old.call("PING") == (b"+", b"PONG")
        tls.cert.write_text("not a certificate")
        tls.server.process.send_signal(signal.SIGHUP)
        lab.eventually(lambda: "The configuration was not reloaded" in tls.server.log())
        assert tls.name_shown() == "after sighup"


def info_tells_when_the_certificate_expires(lab):
    tls = _Tls(lab, days=7)
    left = int(tls.server.info("server")["tls_cert_not_after"]) - time.time()
    assert 6.9 * 86_400 < left < 7.1 * 86_400, left
    tls.authority.issue("server", days=20)
    with tls.server.connect() as connection:
        assert connection.call("CONFIG", "SET", "tls-cert-file", tls.cert) == (b"+", b"OK")
    left = int(tls.server.info("server")["tls_cert_not_after"]) - time.time()
    assert 19.9 * 86_400 < left < 20.1 * 86_400, left


def the_tls_port_opens_moves_and_closes_at_run_time(lab):
    tls = _Tls(lab)
    other = servers.free_port()
    with tls.server.connect() as connection:
        assert connection.call("CONFIG", "SET", "tls-port", other) == (b"+", b"OK")
        tls.port, before = other, tls.port
        assert tls.name_shown() == "server"
        assert _is_refused(lambda: _TlsConnection(before, tls.context()))
        assert connection.call("CONFIG", "SET", "tls-port", 0) == (b"+", b"OK")
        assert _is_refused(tls.connect)
        assert connection.call("CONFIG", "SET", "tls-port", other) == (b"+", b"OK")
        assert tls.name_shown() == "server"


def a_server_may_have_nothing_but_tls(lab):
    tls = _Tls(lab)
    with tls.connect() as connection:
        assert connection.call("CONFIG", "SET", "port", 0) == (b"+", b"OK")
        try:
            tls.server.connect().close()
            raise AssertionError("the plain port is open")
        except ConnectionRefusedError:
            pass
        assert connection.call("PING") == (b"+", b"PONG")
        assert connection.call("CONFIG", "SET", "port", tls.server.port) == (b"+", b"OK")


def authorities_may_stand_in_a_directory(lab):
    folder = lab.folder()
    authority = certificates.Authority(os.path.join(folder, "authority"))
    directory = os.path.join(folder, "trusted")
    os.mkdir(directory)
    shutil.copy(authority.file, os.path.join(directory, "one.pem"))
    subprocess.run(["openssl", "rehash", directory], check=True)
    tls = _Tls(lab, auth="yes")
    with tls.server.connect() as plain:
        assert plain.call("CONFIG", "SET", "tls-ca-cert-file", "", "tls-ca-cert-dir", directory) == (b"+", b"OK")
    with tls.connect(tls.context(authority.issue("someone"))) as connection:
        assert connection.call("PING") == (b"+", b"PONG")
    assert _is_refused(lambda: tls.connect(tls.context(tls.authority.issue("no longer"))))


def bad_tls_settings_are_told_at_the_start(lab):
    for args in (["--tls-port", servers.free_port()],
                 ["--tls-port", servers.free_port(), "--tls-cert-file", "/no/file", "--tls-key-file", "/no/file",
                  "--tls-auth-clients", "no"]):
        status, out, err = lab.run(
            os.path.abspath(lab.binary), "--port", servers.free_port(), "--shards", lab.shards, *args, seconds=20)
        assert status == 1 and ("tls-cert-file" in out + err or "/no/file" in out + err), out + err


def garbage_instead_of_a_handshake_harms_nobody(lab):
    tls = _Tls(lab)
    source = random.Random(7)
    with tls.connect() as witness:
        for piece in [b"PING\r\n", b"", b"\x16\x03\x01\xff\xff" + bytes(300), b"GET / HTTP/1.1\r\n\r\n",
                      *(source.randbytes(source.randrange(1, 3000)) for _ in range(60))]:
            with resp.Connection(tls.port, timeout=2) as connection:
                try:
                    connection.send_raw(piece)
                    connection.read_until_quiet(0.005)
                except resp.Closed:
                    pass
        assert witness.call("PING") == (b"+", b"PONG")
    lab.eventually(lambda: tls.server.info("clients")["connected_clients"] == "1")


def garbage_after_a_handshake_harms_nobody(lab):
    tls = _Tls(lab)
    for _ in range(20):
        connection = tls.connect()
        raw = socket.socket(fileno=os.dup(connection.socket.fileno()))
        assert connection.call("PING") == (b"+", b"PONG")
        raw.sendall(os.urandom(500))  # Beside the TLS layer.
        raw.close()
        connection.close()
    assert tls.name_shown() == "server"
    lab.eventually(lambda: tls.server.info("clients")["connected_clients"] == "1")


def handshakes_that_stop_half_way_cost_nobody_else(lab):
    tls = _Tls(lab)
    held = []
    for _ in range(100):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = tls.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            half.do_handshake()
        except ssl.SSLWantReadError:
            pass
        connection = resp.Connection(tls.port)
        connection.send_raw(outgoing.read()[:80])
        held.append(connection)
    assert tls.name_shown() == "server"
    for connection in held:
        connection.close()
    lab.eventually(lambda: tls.server.info("clients")["connected_clients"] == "1")


def many_handshakes_leave_nothing_behind(lab):
    if not lab.counts_memory():
        return
    tls = _Tls(lab)
    context = tls.context()

    def round_trip():
        for _ in range(150):
            with tls.connect(context) as connection:
                assert connection.call("PING") == (b"+", b"PONG")

    round_trip()
    before = tls.server.resident_kib()
    round_trip()
    round_trip()
    assert tls.server.resident_kib() - before < 6_000
    lab.eventually(lambda: tls.server.info("clients")["connected_clients"] == "1")


def a_client_that_stops_writing_still_gets_its_answers(lab):
    tls = _Tls(lab)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = tls.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    raw = socket.create_connection(("127.0.0.1", tls.port), timeout=10)

    def pump():
        raw.sendall(outgoing.read())
        incoming.write(raw.recv(1 << 16))

    while True:
        try:
            stream.do_handshake()
            break
        except ssl.SSLWantReadError:
            pump()
    stream.write(resp.encode(["PING"]) * 1000)
    raw.sendall(outgoing.read())
    raw.shutdown(socket.SHUT_WR)
    answers = b""
    while len(answers) < 7000:
        try:
            answers += stream.read(1 << 16)
        except ssl.SSLWantReadError:
            data = raw.recv(1 << 16)
            assert data, f"closed after {len(answers)} bytes"
            incoming.write(data)
    assert answers == b"+PONG\r\n" * 1000
    raw.close()


def a_tls_client_that_never_reads_does_not_stop_others(lab):
    tls = _Tls(lab)
    with tls.connect() as deaf, tls.connect() as other:
        deaf.call("SET", "big", b"x" * 1_000_000)
        deaf.send_raw(resp.encode(["GET", "big"]) * 30)
        for _ in range(50):
            assert other.call("PING") == (b"+", b"PONG")
        for _ in range(30):
            assert len(deaf.read(30)[1]) == 1_000_000
