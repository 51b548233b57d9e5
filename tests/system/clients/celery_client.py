"""Celery: tasks, retries, groups, chords and delayed tasks, with a worker of its own."""

import os
import signal
import subprocess
import sys
import time

import celery
from celery_app import add, fail_twice, total

worker = subprocess.Popen(
    [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--pool", "solo", "--loglevel", "ERROR"],
    cwd=os.path.dirname(os.path.abspath(__file__)),
)
try:
    assert add.delay(1, 2).get(timeout=60) == 3
    assert fail_twice.delay().get(timeout=30) == 2
    assert celery.group(add.s(n, n) for n in range(5))().get(timeout=30) == [0, 2, 4, 6, 8]
    assert celery.chord((add.s(n, 1) for n in range(4)), total.s())().get(timeout=30) == 10
    assert celery.chain(add.s(1, 1), add.s(5))().get(timeout=30) == 7
    began = time.monotonic()
    assert add.apply_async((2, 2), countdown=1).get(timeout=30) == 4
    assert time.monotonic() - began >= 0.9
finally:
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)
