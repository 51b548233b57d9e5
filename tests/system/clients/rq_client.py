"""rq: queues, dependent, failing and scheduled jobs. rq_client.py PORT"""

import datetime
import sys

import redis
import rq
import rq.job
import rq.registry
import rq_jobs

port = int(sys.argv[1])
connection = redis.Redis(host="127.0.0.1", port=port)
queue = rq.Queue("work", connection=connection)


def work():
    rq.SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")


jobs = [queue.enqueue(rq_jobs.add, n, 1) for n in range(5)]
after = queue.enqueue(rq_jobs.add, 10, 10, depends_on=jobs[-1])
assert queue.count == 5
work()
assert [job.result for job in jobs] == [1, 2, 3, 4, 5]
assert rq.job.Job.fetch(after.id, connection=connection).result == 20

retried = queue.enqueue(rq_jobs.fail_until, port, "tries", 2, retry=rq.Retry(max=5))
work()
assert rq.job.Job.fetch(retried.id, connection=connection).result == 3

lost = queue.enqueue(rq_jobs.fail_until, port, "others", 100)
work()
assert lost.id in rq.registry.FailedJobRegistry(queue=queue)
assert "not yet" in rq.job.Job.fetch(lost.id, connection=connection).exc_info

later = queue.enqueue_in(datetime.timedelta(hours=1), rq_jobs.add, 1, 1)
assert later.id in rq.registry.ScheduledJobRegistry(queue=queue)
assert len(rq.registry.FinishedJobRegistry(queue=queue)) == 7
