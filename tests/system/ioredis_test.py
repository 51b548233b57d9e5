"""The Node client ioredis works; it is installed from npm under build/."""

import shutil

from tests.support import servers

CLIENTS = servers.ROOT / "tests" / "system" / "clients"


def _install(lab):
    where = lab.build / "node"
    package = CLIENTS / "package.json"
    installed = where / "package.json"
    if not installed.exists() or installed.read_text() != package.read_text():
        where.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--no-save", "--loglevel=error"]
        shutil.copy(package, where / "package.json.new")
        (where / "package.json.new").rename(where / "package.json")
        status, out, err = lab.run("npm", "install", *quiet, cwd=where, seconds=300)
        if status != 0:
            installed.unlink()
        assert status == 0, err or out
    return where / "node_modules"


def what_a_user_does_works(lab):
    modules = _install(lab)
    script = CLIENTS / "ioredis_client.js"
    environment = {"NODE_PATH": str(modules), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    status, out, err = lab.run("node", script, lab.start().port, env=environment)
    assert status == 0, out + err
