"""The load generator sends what it is told, and the bench that uses it comes to its table."""

import json
import os
import sys
import tempfile

from tests.support import servers


def _generate(lab, server, *args):
    generator = os.path.join(os.path.dirname(os.path.abspath(lab.binary)), "kvstash-bench")
    return lab.run(generator, "--port", server.port, *args)


def a_count_of_sequential_keys_is_that_many_keys(lab):
    server = lab.start()
    status, out, err = _generate(
        lab, server, "--count", 5000, "--keys", 5000, "--pipeline", 16, "--data", 10, "SET key:{next} {data}"
    )
    assert status == 0, err
    report = json.loads(out)
    assert report["ops"] == 5000 and report["errors"] == 0, out
    with server.connect() as connection:
        assert connection.call("DBSIZE")[1] == b"5000"
        assert connection.call("STRLEN", "key:000000004999")[1] == b"10"


def commands_are_sent_in_turn_and_errors_are_counted(lab):
    server = lab.start()
    status, out, err = _generate(lab, server, "--count", 1000, "--clients", 1, "SET n x", "INCR n")
    assert status == 0, err
    report = json.loads(out)
    assert report["ops"] == 1000 and report["errors"] == 500, out
    assert report["first_error"].startswith("ERR value is not an integer"), out


def a_run_of_some_time_ends_after_it(lab):
    status, out, err = _generate(lab, lab.start(), "--seconds", "0.3", "GET key:{random}")
    assert status == 0, err
    report = json.loads(out)
    assert report["ops"] > 0 and report["seconds"] >= 0.3, out
    assert 0 < report["p50_us"] <= report["p99_us"] <= report["p999_us"], out


def nobody_listening_is_told(lab):
    server = lab.start()
    server.stop()
    status, _, err = _generate(lab, server, "PING")
    assert status == 1 and "onnection refused" in err, err


def a_quick_bench_comes_to_its_table(lab):
    with tempfile.TemporaryDirectory() as folder:
        table, data = os.path.join(folder, "table.md"), os.path.join(folder, "data.json")
        status, out, err = lab.run(
            sys.executable, servers.ROOT / "utils" / "bench", "--quick", "--build", lab.build, "--server", lab.binary,
            "--only", "GET 64 B, pipeline 16", "--only", "32 B and a deadline", "--markdown", table, "--json", data,
        )
        assert status == 0, err
        with open(table, encoding="utf-8") as text:
            assert text.read() in out
        with open(data, encoding="utf-8") as text:
            figures = {figure["name"]: figure for figure in json.load(text)["figures"]}
    assert len(figures) == 4, figures
    assert all(figure["kvstash"] > 0 for name, figure in figures.items() if "hop" not in name), figures
    assert figures["memory per key: value of 32 B and a deadline"]["target"] == 92
