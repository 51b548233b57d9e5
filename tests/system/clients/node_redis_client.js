// What users of node-redis do: node node_redis_client.js PORT
'use strict';

const assert = require('node:assert');
const { createClient } = require('redis');

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function types(client) {
  await client.flushAll();
  await client.set('text', 'value', { EX: 100 });
  assert.strictEqual(await client.get('text'), 'value');
  assert.ok((await client.ttl('text')) > 90);
  await client.hSet('hash', { a: '1', b: '2' });
  assert.deepStrictEqual({ ...(await client.hGetAll('hash')) }, { a: '1', b: '2' });
  await client.rPush('list', ['a', 'b', 'c']);
  assert.deepStrictEqual(await client.lRange('list', 0, -1), ['a', 'b', 'c']);
  await client.sAdd('set', ['x', 'y']);
  assert.deepStrictEqual((await client.sMembers('set')).sort(), ['x', 'y']);
  await client.zAdd('ranks', [{ score: 2, value: 'b' }, { score: 1, value: 'a' }]);
  assert.deepStrictEqual(await client.zRangeWithScores('ranks', 0, -1), [
    { value: 'a', score: 1 },
    { value: 'b', score: 2 },
  ]);
  const id = await client.xAdd('stream', '*', { field: 'value' });
  assert.strictEqual((await client.xRange('stream', '-', '+'))[0].id, id);
  await client.geoAdd('places', { longitude: 13.36, latitude: 38.11, member: 'Palermo' });
  assert.deepStrictEqual(await client.geoSearch('places', { longitude: 13, latitude: 38 }, { radius: 100, unit: 'km' }), ['Palermo']);
  await client.pfAdd('seen', ['a', 'b', 'a']);
  assert.strictEqual(await client.pfCount('seen'), 2);
}

async function together(client) {
  const replies = await client.multi().incr('n').set('other', 'x').get('other').exec();
  assert.deepStrictEqual(replies, [1, 'OK', 'x']);
  const sum = await client.eval("return redis.call('INCRBY', KEYS[1], ARGV[1])", {
    keys: ['n'],
    arguments: ['5'],
  });
  assert.strictEqual(sum, 6);
  const found = [];
  for await (const key of client.scanIterator({ COUNT: 3 })) found.push(key);
  assert.ok(found.includes('list') && found.includes('n'));
}

async function waiting(client) {
  const other = client.duplicate();
  await other.connect();
  const popped = other.blPop('jobs', 5);
  await client.rPush('jobs', 'first');
  assert.deepStrictEqual(await popped, { key: 'jobs', element: 'first' });
  const heard = [];
  await other.subscribe('news', (message) => heard.push(message));
  await other.pSubscribe('n*s', (message, channel) => heard.push(`${channel}:${message}`));
  assert.strictEqual(await client.publish('news', 'hello'), 2);
  while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepStrictEqual(heard.sort(), ['hello', 'news:hello']);
  await other.disconnect();
}

async function main() {
  const client = createClient({ url });
  await client.connect();
  await types(client);
  await together(client);
  await waiting(client);
  await client.disconnect();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
