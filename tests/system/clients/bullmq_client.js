// A BullMQ queue with plain, delayed, repeated and failing jobs: node bullmq_client.js PORT
'use strict';

const assert = require('node:assert');
const { Queue, QueueEvents, Worker } = require('bullmq');

const port = Number(process.argv[2]);
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };

async function main() {
  const done = [];
  const queue = new Queue('work', { connection });
  const events = new QueueEvents('work', { connection });
  await events.waitUntilReady();
  const heard = new Set();
  events.on('completed', ({ jobId }) => heard.add(jobId));
  let attempts = 0;
  const worker = new Worker(
    'work',
    async (job) => {
      if (job.name === 'failing' && (attempts += 1) < 3) throw new Error('not yet');
      if (job.name === 'hopeless') throw new Error('never');
      done.push(job.name);
      return job.data.n;
    },
    { connection, concurrency: 2 },
  );
  await worker.waitUntilReady();

  const plain = await Promise.all([1, 2, 3].map((n) => queue.add('plain', { n })));
  const values = await Promise.all(plain.map((job) => job.waitUntilFinished(events, 20000)));
  assert.deepStrictEqual(values, [1, 2, 3]);

  const began = Date.now();
  const delayed = await queue.add('delayed', { n: 4 }, { delay: 300 });
  assert.strictEqual(await delayed.waitUntilFinished(events, 20000), 4);
  assert.ok(Date.now() - began >= 290, 'a delayed job came too early');

  const failing = await queue.add('failing', { n: 5 }, { attempts: 5, backoff: 50 });
  assert.strictEqual(await failing.waitUntilFinished(events, 20000), 5);
  assert.strictEqual(attempts, 3);

  const hopeless = await queue.add('hopeless', {}, { attempts: 2 });
  await assert.rejects(hopeless.waitUntilFinished(events, 20000), /never/);

  await queue.add('repeated', { n: 6 }, { repeat: { every: 100, limit: 3 } });
  const deadline = Date.now() + 20000;
  while (done.filter((name) => name === 'repeated').length < 3) {
    assert.ok(Date.now() < deadline, 'a repeated job did not come three times');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const first = await queue.add('second', { n: 1 }, { priority: 5 });
  const urgent = await queue.add('first', { n: 2 }, { priority: 1 });
  await Promise.all([first, urgent].map((job) => job.waitUntilFinished(events, 20000)));

  const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'active');
  assert.strictEqual(counts.failed, 1);
  assert.strictEqual(counts.active, 0);
  assert.ok(counts.completed >= 10, JSON.stringify(counts));
  await queue.pause();
  assert.strictEqual(await queue.isPaused(), true);
  await queue.resume();

  await worker.close();
  await events.close();
  await queue.obliterate({ force: true });
  await queue.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
