"""The stock redis-benchmark runs to its end without an error."""

CROSSES_THREADS = True


def _benchmark(lab, server, *args):
    status, out, err = lab.run(
        lab.tool("redis-benchmark"), "-p", server.port, "--csv", "-n", "20000", *args, seconds=120
    )
    assert status == 0, err or out
    assert "Error" not in err and "rror from server" not in out, err + out
    return {line.split(",")[0].strip('"') for line in out.splitlines()[1:]}


def plain_requests_are_served(lab):
    seen = _benchmark(lab, lab.start(), "-t", "ping,set,get,incr,mset", "-r", "1000")
    assert {"SET", "GET", "INCR", "MSET (10 keys)"} <= seen, seen


def deep_pipelines_are_served(lab):
    assert _benchmark(lab, lab.start(), "-t", "set,get,mset", "-P", "64", "-r", "100000") >= {"SET", "GET"}


def several_threads_of_clients_are_served(lab):
    server = lab.start()
    assert _benchmark(lab, server, "-t", "set,get", "--threads", "2", "-c", "100", "-P", "8", "-r", "1000")
    with server.connect() as connection:
        assert int(connection.call("DBSIZE")[1]) == 1000


def values_of_many_kilobytes_are_served(lab):
    assert _benchmark(lab, lab.start(), "-t", "set,get", "-d", "65536", "-n", "1000")


def connections_that_come_and_go_are_served(lab):
    assert _benchmark(lab, lab.start(), "-t", "set", "-k", "0", "-n", "2000", "-c", "20")
