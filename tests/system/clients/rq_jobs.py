"""Jobs for the test of rq: its workers import this module."""

import time

import redis
import rq


def add(a, b):
    return a + b


def fail_until(port, key, times):
    """Fails so many times, then answers how often it was tried."""
    tried = redis.Redis(host="127.0.0.1", port=port).incr(key)
    if tried <= times:
        raise ValueError("not yet")
    return tried


def sleep(seconds):
    time.sleep(seconds)
    return rq.get_current_job().id
