"""kvstash --sentinel: watches redis-servers and fails over, alone and beside sentinels of Redis."""

import os
import re
import signal
import socket
import stat
import threading
import time
import urllib.request

import redis
import redis.sentinel

from tests.support import certificates, sentinels, servers
from tests.support.sentinels import NAME, Group, Sentinel

HAS_NO_SHARDS = True


def _lines(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _role(server):
    return server.info("replication")["role"]


def _follows(replica, primary):
    return replica.info("replication").get("master_port") == str(primary.port)


# --- Starting


def it_starts_with_a_file_and_answers_as_a_sentinel(lab):
    sentinel = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\n")
    assert sentinel.call("PING") == (b"+", b"PONG")
    master = sentinel.fields("MASTER", NAME)
    assert master["quorum"] == "2" and master["num-slaves"] == "0", master
    assert sentinel.call("ROLE") == (b"*", [(b"$", b"sentinel"), (b"*", [(b"$", NAME.encode())])])
    info = sentinel.info()
    assert info["redis_mode"] == "sentinel" and info["sentinel_masters"] == "1"
    assert "used_memory" not in info and "db0" not in info
    assert sentinel.call("GET", "k")[1].startswith(b"ERR unknown command 'GET'")
    assert f"Running mode=sentinel, port={sentinel.port}." in sentinel.log()
    assert re.search(r"^\d+:X .* # Sentinel ID is [0-9a-f]{40}$", sentinel.log(), re.M), sentinel.log()
    assert sentinel.stop() == 0


def the_role_follows_the_name_of_the_program(lab):
    for name in ("redis-sentinel", "kvstash-sentinel"):
        link = os.path.join(lab.folder(), name)
        os.symlink(os.path.abspath(lab.binary), link)
        path = os.path.join(lab.folder(), "sentinel.conf")
        with open(path, "w", encoding="ascii") as conf:
            conf.write("sentinel monitor m 127.0.0.1 1 1\n")
        server = servers.Server([link, path])
        lab.started.append(server)
        assert server.info("server")["redis_mode"] == "sentinel"


def a_wrong_configuration_is_refused_with_the_words_of_redis(lab):
    """The same line, place and reason on stderr as from redis-sentinel."""
    oracle = servers.oracle_tools(lab.build)["redis-server"]
    good = "sentinel monitor mymaster 127.0.0.1 6379 2\n"
    texts = [
        "sentinel monitor mymaster 127.0.0.1 6379 0\n",
        "sentinel monitor mymaster 127.0.0.1 70000 2\n",
        "sentinel monitor mymaster no.such.host.invalid 6379 2\n",
        "port 26379\nsentinel monitor\n",
        good + "sentinel down-after-milliseconds mymaster 0\n",
        good + "sentinel down-after-milliseconds other 100\n",
        good + good,
        good + "sentinel notification-script mymaster /no/such/script\n",
        good + "sentinel frobnicate mymaster\n",
        "sentinel myid short\n",
    ]
    for text in texts:
        path = os.path.join(lab.folder(), "sentinel.conf")
        with open(path, "w", encoding="ascii") as conf:
            conf.write(text)
        # Only the reason is compared where Redis reads lines in another order.
        ours, theirs = (
            lab.run(program, path, "--sentinel", seconds=20)
            for program in (os.path.abspath(lab.binary), oracle)
        )
        assert ours[0] == theirs[0] == 1, (text, ours, theirs)
        assert ours[2].strip().splitlines()[-2:] == theirs[2].strip().splitlines()[-2:], (text, ours, theirs)
        with open(path, encoding="ascii") as conf:
            assert conf.read() == text


def it_needs_a_file_that_it_can_write(lab):
    binary = os.path.abspath(lab.binary)
    status, _, err = lab.run(binary, "--sentinel", seconds=20)
    assert status == 1 and "Sentinel needs config file on disk to save state. Exiting..." in err, err
    path = os.path.join(lab.folder(), "gone", "sentinel.conf")
    status, _, err = lab.run(binary, path, "--sentinel", seconds=20)
    assert status == 1 and f"Fatal error, can't open config file '{path}': No such file or directory" in err, err
    status, _, err = lab.run(binary, os.path.join(lab.folder()), "--sentinel", seconds=20)
    assert status == 1, err
    path = os.path.join(lab.folder(), "sentinel.yaml")
    with open(path, "w", encoding="ascii") as conf:
        conf.write("port: 26379\n")
    status, _, err = lab.run(binary, path, "--sentinel", seconds=20)
    assert status == 1 and "YAML" in err, err


def sentinel_lines_elsewhere_are_refused(lab):
    binary = os.path.abspath(lab.binary)
    path = os.path.join(lab.folder(), "kvstash.conf")
    with open(path, "w", encoding="ascii") as conf:
        conf.write("sentinel monitor m 127.0.0.1 1 1\n")
    status, _, err = lab.run(binary, path, seconds=20)
    assert status == 1 and "sentinel directive while not in sentinel mode" in err, err
    outer = os.path.join(lab.folder(), "sentinel.conf")
    with open(outer, "w", encoding="ascii") as conf:
        conf.write(f"include {path}\n")
    status, _, err = lab.run(binary, outer, "--sentinel", seconds=20)
    assert status == 1 and "the file that the sentinel rewrites" in err, err


# --- Watching


def it_finds_replicas_and_other_sentinels(lab):
    group = Group(lab)
    ours, theirs = sentinels.quorum(lab, group, [False, True])
    ports = {each["port"] for each in ours.fields("REPLICAS", NAME)}
    assert ports == {str(each.port) for each in group.replicas}
    other = ours.fields("SENTINELS", NAME)[0]
    assert other["port"] == str(theirs.port) and other["runid"] == theirs.call("SENTINEL", "MYID")[1].decode()
    mine = theirs.fields("SENTINELS", NAME)[0]
    assert mine["port"] == str(ours.port) and mine["runid"] == ours.call("SENTINEL", "MYID")[1].decode()
    for each in (ours, theirs):
        assert each.call("SENTINEL", "CKQUORUM", NAME) == (
            b"+", b"OK 2 usable Sentinels. Quorum and failover authorization can be reached")


def replies_have_the_fields_of_redis(lab):
    group = Group(lab, replicas=1)
    ours, theirs = sentinels.quorum(lab, group, [False, True])
    for command in (["MASTER", NAME], ["REPLICAS", NAME], ["SENTINELS", NAME], ["MASTERS"]):
        mine, his = ours.fields(*command), theirs.fields(*command)
        if isinstance(mine, list):
            mine, his = mine[0], his[0]
        assert list(mine) == list(his), (command, mine, his)
        moving = {"port", "runid", "name", "last-ok-ping-reply", "last-ping-reply", "info-refresh", "role-reported-time",
                  "last-ping-sent", "link-pending-commands", "slave-repl-offset", "last-hello-message", "link-refcount"}
        for name in set(mine) - moving:
            assert mine[name] == his[name], (command, name, mine, his)


def commands_are_answered_as_by_redis(lab):
    """The same bytes for each of these, in the same state."""
    text = f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\n"
    ours, theirs = (Sentinel(lab, text, is_redis) for is_redis in (False, True))
    commands = [
        ["SENTINEL"], ["SENTINEL", "HELP"], ["SENTINEL", "NOSUCH"], ["SENTINEL", "MASTER"], ["SENTINEL", "MASTER", "x"],
        ["SENTINEL", "REPLICAS", NAME], ["SENTINEL", "SLAVES", "x"], ["SENTINEL", "SENTINELS", NAME],
        ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME], ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "x"],
        ["SENTINEL", "CKQUORUM", NAME], ["SENTINEL", "CKQUORUM", "x"], ["SENTINEL", "FAILOVER", NAME],
        ["SENTINEL", "FAILOVER", "x"], ["SENTINEL", "PENDING-SCRIPTS"], ["SENTINEL", "RESET", "nothing*"],
        ["SENTINEL", "MONITOR", "a", "127.0.0.1", "6379", "0"], ["SENTINEL", "MONITOR", "a", "127.0.0.1", "x", "1"],
        ["SENTINEL", "MONITOR", "a", "127.0.0.1", "99999", "1"], ["SENTINEL", "MONITOR", NAME, "127.0.0.1", "6379", "1"],
        ["SENTINEL", "MONITOR", "a", "127.0.0.1", "1", "1"], ["SENTINEL", "MONITOR", "a", "127.0.0.1"],
        ["SENTINEL", "SET", "a", "quorum", "3"], ["SENTINEL", "SET", "a", "down-after-milliseconds", "0"],
        ["SENTINEL", "SET", "a", "nosuch", "1"], ["SENTINEL", "SET", "x", "quorum", "1"], ["SENTINEL", "SET", "a"],
        ["SENTINEL", "SET", "a", "notification-script", "/bin/true"], ["SENTINEL", "SET", "a", "auth-pass", "p"],
        ["SENTINEL", "REMOVE", "a"], ["SENTINEL", "REMOVE", "a"], ["SENTINEL", "FLUSHCONFIG"],
        ["SENTINEL", "SIMULATE-FAILURE", "help"], ["SENTINEL", "SIMULATE-FAILURE", "x"],
        ["SENTINEL", "CONFIG", "GET", "resolve-hostnames"], ["SENTINEL", "CONFIG", "SET", "announce-port", "1234"],
        ["SENTINEL", "CONFIG", "GET", "announce-port"], ["SENTINEL", "CONFIG", "SET", "announce-port", "x"],
        ["SENTINEL", "CONFIG", "SET", "nosuch", "x"], ["SENTINEL", "CONFIG", "NOSUCH", "x"], ["SENTINEL", "DEBUG"],
        ["SENTINEL", "DEBUG", "info-period", "x"], ["SENTINEL", "DEBUG", "nosuch", "1"],
        ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0", "*"],
        ["SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "x", "0", "*"], ["SENTINEL", "INFO-CACHE", "x"],
        ["PUBLISH", "news", "x"], ["PUBLISH", "__sentinel__:hello", "x"], ["PUBLISH", "x"], ["ROLE"], ["PING"], ["PING", "x"],
        ["CONFIG", "GET", "port"], ["SET", "a", "b"], ["MULTI"], ["EVAL", "return 1", "0"], ["MONITOR"], ["DEBUG", "SLEEP", "0"],
        ["SSUBSCRIBE", "x"], ["PUBSUB", "CHANNELS"], ["SELECT", "0"], ["RESET"], ["WAIT", "0", "0"], ["FAILOVER"],
        ["CLIENT", "GETNAME"], ["ACL", "WHOAMI"], ["ACL", "USERS"], ["AUTH", "x"], ["AUTH", "default", "x"],
        ["COMMAND", "INFO", "get", "ping", "publish", "role"], ["COMMAND", "GETKEYS", "get", "x"],
        ["ACL", "DRYRUN", "default", "sentinel", "masters"], ["SHUTDOWN", "ABORT"], ["SUBSCRIBE", "a"], ["UNSUBSCRIBE", "a"],
    ]
    with ours.connect() as mine, theirs.connect() as his:
        for command in commands:
            got, wanted = mine.call(*command), his.call(*command)
            assert got == wanted, (command, got, wanted)


def it_has_the_commands_of_a_sentinel_of_redis(lab):
    text = f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\n"
    ours, theirs = (Sentinel(lab, text, is_redis) for is_redis in (False, True))
    mine, his = ({name[1] for name in each.call("COMMAND", "LIST")[1]} for each in (ours, theirs))
    assert his - mine == set(), his - mine
    newer = {b"quit", b"sentinel|kvstash-leader", b"client|no-touch", b"client|setinfo"}
    assert mine - his <= newer, mine - his
    for each in (ours, theirs):
        hello = each.call("HELLO", "3")[1]
        names = [item[1] for item in hello[::2]]
        assert names == [b"server", b"version", b"proto", b"id", b"mode", b"modules"], names
        assert hello[9] == (b"$", b"sentinel")
    docs = [each.call("COMMAND", "DOCS", "sentinel|monitor", "sentinel|config")[1] for each in (ours, theirs)]
    assert docs[0] == docs[1]
    rows = [each.call("COMMAND", "INFO", "sentinel|masters", "sentinel|help", "publish")[1] for each in (ours, theirs)]
    assert rows[0] == rows[1], rows


# --- Failing over


# What sentinels of ours alone take, on a machine that others use as well: one election that is lost is made good within
# half a second, where Redis waits for twice failover-timeout.
QUICK = 6.0


def _fails_over(lab, kinds, seconds=sentinels.PATIENCE):
    """Kills a primary under its sentinels, and returns them with their group and the new primary."""
    group = Group(lab)
    found = sentinels.quorum(lab, group, kinds)
    with group.primary.connect() as connection:
        connection.call("SET", "k", "v")
        connection.call("WAIT", "2", "5000")
    old = group.primary
    old.end(signal.SIGKILL)
    took = sentinels.seconds_until_moved(found, old.port)
    assert took < seconds or sentinels.have_stalled(found), f"{took} s\n{sentinels.logs(found)}"
    ports = {each.primary_port() for each in found}
    assert len(ports) == 1, ports
    new = next(each for each in group.replicas if each.port in ports)
    other = next(each for each in group.replicas if each is not new)
    sentinels.wait_until(found, lambda: _role(new) == "master")
    sentinels.wait_until(found, lambda: _follows(other, new))
    with new.connect() as connection:
        assert connection.call("GET", "k") == (b"$", b"v")
    return group, found, new


def three_sentinels_fail_over_within_seconds(lab):
    group, found, new = _fails_over(lab, [False, False, False], QUICK)
    # The old primary comes back as a replica.
    group.primary.begin()
    sentinels.wait_until(found, lambda: _follows(group.primary, new))
    assert f"+switch-master {NAME} 127.0.0.1 {group.primary.port} 127.0.0.1 {new.port}" in "".join(
        each.log() for each in found)


def two_of_ours_and_one_of_redis_fail_over(lab):
    _fails_over(lab, [False, False, True])


def one_of_ours_and_two_of_redis_fail_over(lab):
    _fails_over(lab, [False, True, True])


def clients_ride_through_a_failover(lab):
    """redis-py's Sentinel finds the primary before and after, and a subscriber is told of the switch."""
    group = Group(lab)
    found = sentinels.quorum(lab, group, [False, False, False])
    places = [("127.0.0.1", each.port) for each in found]
    client = redis.sentinel.Sentinel(places, socket_timeout=1.0)
    assert client.discover_master(NAME) == ("127.0.0.1", group.primary.port)
    assert set(client.discover_slaves(NAME)) == {("127.0.0.1", each.port) for each in group.replicas}
    primary = client.master_for(NAME, socket_timeout=1.0)
    assert primary.set("before", "1")
    events = []
    listener = redis.Redis(port=found[0].port).pubsub()
    listener.psubscribe("*")
    stops = threading.Event()

    def listen():
        while not stops.is_set():
            message = listener.get_message(ignore_subscribe_messages=True, timeout=0.1)
            if message:
                events.append((message["channel"].decode(), message["data"].decode()))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        group.primary.end(signal.SIGKILL)

        def writes():
            try:
                return primary.set("after", "2")
            except (redis.RedisError, OSError):
                return False

        sentinels.wait_until(found, writes)
        assert client.discover_master(NAME)[1] in {each.port for each in group.replicas}
        sentinels.wait_until(found, lambda: any(channel == "+switch-master" for channel, _ in events))
    finally:
        stops.set()
        thread.join()
    new = found[0].primary_port()
    assert ("+switch-master", f"{NAME} 127.0.0.1 {group.primary.port} 127.0.0.1 {new}") in events, events
    assert ("+sdown", f"master {NAME} 127.0.0.1 {group.primary.port}") in events, events


def a_failover_can_be_asked_for(lab):
    group = Group(lab)
    found = sentinels.quorum(lab, group, [False, False])
    assert found[0].call("SENTINEL", "FAILOVER", NAME) == (b"+", b"OK")
    sentinels.seconds_until_moved(found, group.primary.port)
    sentinels.wait_until(found, lambda: _role(group.primary) == "slave")


def nobody_fails_over_without_a_majority(lab):
    group = Group(lab)
    found = sentinels.quorum(lab, group, [False, False, False])
    for each in found[1:]:
        each.end(signal.SIGKILL)
    group.primary.end(signal.SIGKILL)
    sentinels.wait_until(found[:1], lambda: "+sdown master" in found[0].log())
    time.sleep(3)
    assert found[0].primary_port() == group.primary.port
    assert found[0].call("SENTINEL", "CKQUORUM", NAME)[1].startswith(b"NOQUORUM 1 usable Sentinels.")
    found[1].begin()
    sentinels.seconds_until_moved(found[:2], group.primary.port)


# --- Remembering


def what_it_knows_survives_a_restart(lab):
    group, found, new = _fails_over(lab, [False, False, False], QUICK)
    one = found[0]
    identity = one.call("SENTINEL", "MYID")
    before = one.text()
    epoch = one.fields("MASTER", NAME)["config-epoch"]
    assert f"sentinel monitor {NAME} 127.0.0.1 {new.port} 2" in before, before
    assert f"sentinel known-replica {NAME} 127.0.0.1 {group.primary.port}" in before, before
    one.end(signal.SIGKILL)
    one.begin()
    assert one.call("SENTINEL", "MYID") == identity
    assert one.primary_port() == new.port
    assert one.fields("MASTER", NAME)["config-epoch"] == epoch
    assert len(one.fields("SENTINELS", NAME)) == 2
    assert sorted(_lines(one.text())) == sorted(_lines(before))


def its_file_is_one_that_redis_can_read(lab):
    """Each program starts from what the other has written, and keeps what is not its own."""
    text = ("# A comment.\nloglevel notice\nsentinel deny-scripts-reconfig yes\n"
            f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\nsentinel auth-pass {NAME} secret\n")
    ours = Sentinel(lab, text)
    identity = ours.call("SENTINEL", "MYID")
    assert ours.call("SENTINEL", "SET", NAME, "down-after-milliseconds", "1234") == (b"+", b"OK")
    ours.end()
    written = ours.text()
    assert written.startswith("# A comment.\nloglevel notice\n"), written
    theirs = Sentinel(lab, written, is_redis=True)
    assert theirs.call("SENTINEL", "MYID") == identity
    assert theirs.fields("MASTER", NAME)["down-after-milliseconds"] == "1234"
    assert theirs.call("SENTINEL", "FLUSHCONFIG") == (b"+", b"OK")
    theirs.end()
    again = Sentinel(lab, theirs.text())
    assert again.call("SENTINEL", "MYID") == identity
    assert again.fields("MASTER", NAME)["down-after-milliseconds"] == "1234"


def the_file_keeps_its_mode_and_gets_the_users(lab):
    sentinel = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\n")
    os.chmod(sentinel.path, 0o600)
    assert sentinel.call("ACL", "SETUSER", "watcher", "on", ">pass", "+sentinel|masters") == (b"+", b"OK")
    assert sentinel.call("SENTINEL", "FLUSHCONFIG") == (b"+", b"OK")
    assert stat.S_IMODE(os.stat(sentinel.path).st_mode) == 0o600
    assert "user watcher on " in sentinel.text()
    sentinel.end()
    sentinel.begin()
    with sentinel.connect() as connection:
        assert connection.call("AUTH", "watcher", "pass") == (b"+", b"OK")
        assert connection.call("SENTINEL", "MASTERS")[0] == b"*"
        assert connection.call("SENTINEL", "MYID")[1].startswith(b"NOPERM")


def a_save_that_fails_is_said(lab):
    sentinel = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {servers.free_port()} 2\n")
    os.rename(os.path.dirname(sentinel.path), os.path.dirname(sentinel.path) + "-moved")
    try:
        assert sentinel.call("SENTINEL", "FLUSHCONFIG") == (
            b"-", b"ERR Failed to save config file. Check server logs.")
        assert "was not able to save the new configuration on disk!!!: No such file or directory" in sentinel.log()
    finally:
        os.rename(os.path.dirname(sentinel.path) + "-moved", os.path.dirname(sentinel.path))
    assert sentinel.call("SENTINEL", "FLUSHCONFIG") == (b"+", b"OK")


# --- Operating


def scripts_are_run(lab):
    group = Group(lab)
    folder = lab.folder()
    notes = os.path.join(folder, "notes")
    script = os.path.join(folder, "note.sh")
    with open(script, "w", encoding="ascii") as text:
        text.write(f"#!/bin/sh\necho \"$(basename $0) $*\" >> '{notes}'\n")
    os.chmod(script, 0o755)
    found = [Sentinel(lab, group.monitor(1, 1000, f"sentinel notification-script {NAME} {script}",
                                         f"sentinel client-reconfig-script {NAME} {script}"))]
    sentinels.wait_until([found[0]], lambda: sentinels.are_acquainted(found[0], 1, 2))
    group.primary.end(signal.SIGKILL)
    sentinels.seconds_until_moved(found, group.primary.port)
    new = found[0].primary_port()

    def noted(line):
        with open(notes, encoding="ascii") as lines:
            return line in lines.read().splitlines()

    sentinels.wait_until(found, lambda: noted(f"note.sh +sdown master {NAME} 127.0.0.1 {group.primary.port}"))
    sentinels.wait_until(found, lambda: noted(f"note.sh {NAME} leader start 127.0.0.1 {group.primary.port} 127.0.0.1 {new}"))
    sentinels.wait_until(found, lambda: found[0].call("SENTINEL", "PENDING-SCRIPTS") == (b"*", []))


def it_logs_in_to_what_it_watches(lab):
    primary = servers.oracle(lab.build, ["--requirepass", "secret"])
    lab.started.append(primary)
    wrong = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {primary.port} 1\n"
                          f"sentinel down-after-milliseconds {NAME} 500\n")
    right = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {primary.port} 1\n"
                          f"sentinel down-after-milliseconds {NAME} 500\nsentinel auth-pass {NAME} secret\n")
    sentinels.wait_until([wrong, right], lambda: right.fields("MASTER", NAME)["flags"] == "master"
                   and right.fields("MASTER", NAME)["role-reported"] == "master")
    sentinels.wait_until([right], lambda: right.fields("MASTER", NAME)["runid"] == _run_id(primary, "secret"))
    sentinels.wait_until([wrong], lambda: "s_down" in wrong.fields("MASTER", NAME)["flags"])
    assert wrong.call("SENTINEL", "SET", NAME, "auth-pass", "secret") == (b"+", b"OK")
    sentinels.wait_until([wrong], lambda: wrong.fields("MASTER", NAME)["flags"] == "master")


def _run_id(server, password):
    with server.connect() as connection:
        connection.call("AUTH", password)
        text = connection.call("INFO", "server")[1].decode()
    return re.search(r"run_id:(\w+)", text).group(1)


def peers_log_in_to_it(lab):
    group = Group(lab, 1)
    lines = ["requirepass sesame"]
    found = [Sentinel(lab, group.monitor(2, 1000, *lines), is_redis) for is_redis in (False, True)]

    def fields(sentinel, *args):
        with sentinel.connect() as connection:
            connection.call("AUTH", "sesame")
            reply = connection.call("SENTINEL", *args)
        return [item[1] for item in reply[1][0][1]] if reply[1] else []

    for each in found:
        sentinels.wait_until(found, lambda each=each: b"sentinel" in fields(each, "SENTINELS", NAME))
        assert each.call("SENTINEL", "MASTERS")[1].startswith(b"NOAUTH")


def hosts_may_have_names(lab):
    primary = servers.oracle(lab.build)
    lab.started.append(primary)
    sentinel = Sentinel(lab, "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n"
                             f"sentinel monitor {NAME} localhost {primary.port} 1\n")
    sentinels.wait_until([sentinel], lambda: sentinel.fields("MASTER", NAME)["runid"] != "")
    assert sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1][0] == (b"$", b"localhost")


def garbage_from_an_instance_is_survived(lab):
    """A server that answers with anything but RESP is down, and does no other harm."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        stops = threading.Event()

        def serve():
            listener.settimeout(0.1)
            texts = [b"HTTP/1.1 400\r\n\r\n", b"*1000000000\r\n", b"$-7\r\n", b"+PONG\r\n" * 1000, b"\0" * 4096,
                     b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$5\r\n,,,,,\r\n", b"%1\r\n+a\r\n+b\r\n", b""]
            count = 0
            while not stops.is_set():
                try:
                    peer, _ = listener.accept()
                except OSError:
                    continue
                with peer:
                    peer.sendall(texts[count % len(texts)])
                    count += 1

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            sentinel = Sentinel(lab, f"sentinel monitor {NAME} 127.0.0.1 {listener.getsockname()[1]} 1\n"
                                     f"sentinel down-after-milliseconds {NAME} 500\n")
            sentinels.wait_until([sentinel], lambda: "s_down" in sentinel.fields("MASTER", NAME)["flags"])
            assert sentinel.is_alive() and sentinel.call("PING") == (b"+", b"PONG")
        finally:
            stops.set()
            thread.join()


def links_may_use_tls(lab):
    authority = certificates.Authority(lab.folder())
    cert, key = authority.issue("node")
    tls = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority.file]
    port = servers.free_port()
    primary = servers.oracle(lab.build, ["--tls-port", port, *tls])
    lab.started.append(primary)
    conf = (f"tls-replication yes\ntls-cert-file {cert}\ntls-key-file {key}\ntls-ca-cert-file {authority.file}\n"
            f"sentinel monitor {NAME} 127.0.0.1 {port} 1\n")
    ours, other = (Sentinel(lab, f"tls-port {servers.free_port()}\n{conf}") for _ in range(2))
    for each in (ours, other):
        sentinels.wait_until([each], lambda each=each: each.fields("MASTER", NAME)["runid"] != "")
        sentinels.wait_until([each], lambda each=each: [o["flags"] for o in each.fields("SENTINELS", NAME)] == ["sentinel"])


def metrics_tell_of_what_is_watched(lab):
    group = Group(lab, 1)
    port = servers.free_port()
    sentinel = Sentinel(lab, group.monitor(1) + f"metrics-port {port}\nbind 127.0.0.1\n")
    sentinels.wait_until([sentinel], lambda: sentinels.are_acquainted(sentinel, 1, 1))
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    address = f'master_name="{NAME}",master_address="127.0.0.1:{group.primary.port}"'
    for line in ("redis_sentinel_masters 1", "redis_sentinel_tilt 0", f"redis_sentinel_master_slaves{{{address}}} 1",
                 f"redis_sentinel_master_ok_slaves{{{address}}} 1",
                 f'redis_sentinel_master_status{{{address},master_status="ok"}} 1',
                 f'redis_sentinel_master_ckquorum_status{{master_name="{NAME}"}} 1'):
        assert line in page, (line, page)
    assert "redis_db_keys" not in page and 'redis_mode="sentinel"' in page


def it_can_be_stopped_while_it_fails_over(lab):
    group = Group(lab)
    found = sentinels.quorum(lab, group, [False])
    group.primary.end(signal.SIGKILL)
    sentinels.wait_until(found, lambda: "+sdown" in found[0].log())
    with found[0].connect() as connection:
        connection.send("SHUTDOWN")
    assert found[0].process.wait(10) == 0
    assert not os.path.exists(os.path.join(found[0].directory, "dump.rdb"))
