"""A disk that fails on command, below a real server: faulty_disk.cc, preloaded."""

import os
import pathlib
import subprocess

ENOSPC, EIO = 28, 5
SOURCE = pathlib.Path(__file__).with_name("faulty_disk.cc")


def _library(build):
    path = pathlib.Path(build).resolve() / "tests" / "faulty_disk.so"
    if not path.exists() or path.stat().st_mtime < SOURCE.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        subprocess.run(
            [os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-shared", "-fPIC", str(SOURCE), "-o", str(fresh), "-ldl"],
            check=True,
        )
        os.replace(fresh, path)
    return str(path)


class FaultyDisk:
    """Starts servers on such a disk. Rules are (call, part of the path, action, value[, times]): see faulty_disk.cc."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = lab.folder()
        self.rules_path = os.path.join(self.folder, "rules")
        self.synced_path = os.path.join(self.folder, "synced")
        self.set()

    def start(self, *args):
        env = {**os.environ, "LD_PRELOAD": _library(self.lab.build), "FAULTY_DISK_RULES": self.rules_path,
               "FAULTY_DISK_SYNCED": self.synced_path}
        return self.lab.start_with({"env": env}, *args)

    def set(self, *rules):
        """The rules from now on; none: the disk works."""
        fresh = self.rules_path + ".new"
        with open(fresh, "w", encoding="ascii") as file:
            for rule in rules:
                file.write(" ".join(str(part) for part in (*rule, -1)[:5]) + "\n")
        os.replace(fresh, self.rules_path)

    def fill(self):
        """No room for another byte in any file of the data directory."""
        self.set(("write", ".", "fail", ENOSPC), ("open", "temp-", "fail", ENOSPC))

    def cut_power(self, directory, draw):
        """Takes from the files of a dead server what was not synced, or tears it, as `draw`, a random.Random, says."""
        synced = {}
        if os.path.exists(self.synced_path):
            with open(self.synced_path, encoding="ascii") as lines:
                for line in lines:
                    inode, size = line.split()
                    synced[int(inode)] = max(int(size), synced.get(int(inode), 0))
        for folder, _, names in os.walk(directory):
            for name in names:
                path = os.path.join(folder, name)
                size = os.path.getsize(path)
                begin = min(synced.get(os.stat(path).st_ino, 0), size)
                if name == "log" or begin == size:
                    continue
                with open(path, "r+b") as file:
                    file.truncate(draw.randrange(begin, size + 1))
                    end = file.seek(0, os.SEEK_END)
                    for page in range(begin - begin % 512, end, 512):  # The machine writes pages in any order.
                        if draw.randrange(3) == 0:
                            at = max(page, begin)
                            file.seek(at)
                            file.write(b"\0" * (min(page + 512, end) - at))
