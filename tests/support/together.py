"""Runs several jobs at the same time, for tests of what clients do to each other."""

import threading


def together(*jobs):
    """Returns when all jobs are done; raises the exception of the first job that failed."""
    failures = []

    def guarded(job):
        try:
            job()
        except BaseException as failure:  # It is raised below, on the caller's own thread.
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
