"""Node clients for the system tests: installed from npm under build/, once."""

import shutil

from . import servers

CLIENTS = servers.ROOT / "tests" / "system" / "clients"


def install(lab):
    """The folder of the modules that tests/system/clients/package.json names."""
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


def run(lab, script, *arguments, seconds=120):
    """Runs a script of tests/system/clients; fails with its output unless its exit status is 0."""
    environment = {"NODE_PATH": str(install(lab)), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    status, out, err = lab.run("node", CLIENTS / script, *arguments, env=environment, seconds=seconds)
    assert status == 0, out + err
