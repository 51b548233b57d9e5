"""The C client hiredis works; the program is compiled when it has changed."""

import os

from tests.support import servers


def _compiled(lab):
    source = servers.ROOT / "tests" / "system" / "clients" / "hiredis_client.cc"
    program = lab.build / "hiredis_client"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        compiler = os.environ.get("CXX", "g++")
        flags = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror"]
        status, out, err = lab.run(compiler, *flags, source, "-o", program, "-lhiredis")
        assert status == 0, err or out
    return program


def what_a_user_does_works(lab):
    status, out, err = lab.run(_compiled(lab), lab.start().port)
    assert status == 0, out + err
