"""A Celery application with kvstash as its broker and its store of results: PORT in the environment."""

import os

import celery

url = f"redis://127.0.0.1:{os.environ['KVSTASH_TEST_PORT']}"
app = celery.Celery("work", broker=url + "/1", backend=url + "/2")
app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=5, default_retry_delay=0.1)
def fail_twice(self):
    if self.request.retries < 2:
        raise self.retry()
    return self.request.retries


@app.task
def total(numbers):
    return sum(numbers)
