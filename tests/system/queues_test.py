"""Job queues that people run on Redis work: BullMQ, rq, Celery, Sidekiq, each with workers of its own."""

import os

from tests.support import node, servers

CLIENTS = servers.ROOT / "tests" / "system" / "clients"


def _run(lab, port, *command):
    environment = dict(os.environ, KVSTASH_TEST_PORT=str(port), PYTHONDONTWRITEBYTECODE="1")
    status, out, err = lab.run(*command, env=environment, cwd=CLIENTS, seconds=180)
    assert status == 0, out + err


def bullmq_runs_plain_delayed_repeated_and_failing_jobs(lab):
    node.run(lab, "bullmq_client.js", lab.start().port)


def rq_runs_plain_dependent_failing_and_scheduled_jobs(lab):
    port = lab.start().port
    _run(lab, port, "/usr/bin/python3", "rq_client.py", port)


def celery_runs_tasks_groups_chords_and_retries(lab):
    _run(lab, lab.start().port, "/usr/bin/python3", "celery_client.py")


def sidekiq_runs_plain_delayed_and_failing_jobs(lab):
    _run(lab, lab.start().port, "ruby", "sidekiq_client.rb")
